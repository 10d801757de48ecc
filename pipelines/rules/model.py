"""What a query says, as a tree of frozen nodes, and a rule as the desk wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from connectors.records import AlertState
from pipelines.model import FIRST


@dataclass(frozen=True, slots=True)
class Word:
    """One folded word, or the beginning of one."""

    text: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A folded word in which ``?`` stands for one letter and a ``*`` at its end for any number."""

    text: str

    @property
    def beginning(self) -> str:
        """The letters before the first ``?``."""
        return self.text.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Cased:
    """One word written exactly so: ``!US`` is not "us"."""

    text: str


@dataclass(frozen=True, slots=True)
class Forms:
    """A folded word in all its inflected forms, by the grammar of a language."""

    text: str
    language: str


# What stands for one word of a text.
Term = Word | Pattern | Cased | Forms


@dataclass(frozen=True, slots=True)
class Phrase:
    """Two terms or more, one right after the other."""

    words: tuple[Term, ...]


# What stands at places of a text: operand of everything that measures distance or counts.
Literal = Term | Phrase


@dataclass(frozen=True, slots=True)
class Near:
    """One of ``left`` and one of ``right``, not overlapping, at most ``distance`` words apart (neighbours: 1)."""

    left: tuple[Literal, ...]
    right: tuple[Literal, ...]
    distance: int
    # True where left must come first.
    is_ordered: bool = False


class Unit(StrEnum):
    """A stretch of text that ends by itself."""

    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Together:
    """One of ``left`` and one of ``right``, not overlapping, begin in the same sentence or paragraph."""

    left: tuple[Literal, ...]
    right: tuple[Literal, ...]
    unit: Unit


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The literals begin at ``count`` places or more, all of them together."""

    count: int
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A fact about the item beside its words: ``country:RU``, ``feed:tass*``."""

    field: str
    value: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class In:
    """Only words of one part of the item count: "title", "lead" or "text"."""

    part: str
    child: Node


@dataclass(frozen=True, slots=True)
class First:
    """Only the first ``count`` words count: of the part it stands in, else of the item."""

    count: int
    child: Node


class _Row(tuple["Node", ...]):
    """Nodes in a row, one kind of row never equal to another.

    A tuple itself: rules have two to three rows each, and one that held a tuple would take half as much memory again.
    """

    __slots__ = ()

    @property
    def children(self) -> tuple[Node, ...]:
        return tuple(self)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self).__name__, super().__hash__()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(children={super().__repr__()})"


class And(_Row):
    """All of them; never holds an And itself."""

    __slots__ = ()


class Or(_Row):
    """At least one of them; never holds an Or itself, nor anything negative."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold."""

    child: Node


@dataclass(frozen=True, slots=True)
class Score:
    """The weights of the children that hold reach the threshold. A rule's whole query or nothing of it."""

    threshold: int
    children: tuple[Node, ...]
    # One a child; a negative weight speaks against.
    weights: tuple[int, ...]

    @property
    def highest(self) -> int:
        """The most that the weights can add up to."""
        return sum(weight for weight in self.weights if weight > 0)


Leaf = Literal | Near | Together | AtLeast | Value
Node = Leaf | In | First | And | Or | Not | Score


def is_negative(node: Node) -> bool:
    """Say whether a node is true of items that hold none of its words."""
    if isinstance(node, Not):
        return True
    if isinstance(node, And):
        return all(map(is_negative, node.children))
    if isinstance(node, Or):
        return any(map(is_negative, node.children))
    return isinstance(node, In | First) and is_negative(node.child)


def children_of(node: Node) -> tuple[Node, ...]:
    """Give the nodes that a node is made of, each of which may hold by itself."""
    if isinstance(node, And | Or | Score):
        return node.children
    if isinstance(node, In | First | Not):
        return (node.child,)
    return ()


def literals_of(node: Node) -> tuple[Literal, ...]:
    """Give the words and phrases that a leaf looks for."""
    if isinstance(node, Near | Together):
        return node.left + node.right
    if isinstance(node, AtLeast):
        return node.literals
    return (node,) if isinstance(node, Word | Pattern | Cased | Forms | Phrase) else ()


def terms_of(literal: Literal) -> tuple[Term, ...]:
    """Give the terms of a word or phrase, in their order."""
    return literal.words if isinstance(literal, Phrase) else (literal,)


def walk(node: Node) -> Iterator[Node]:
    """Give a node and all below it, a parent before its children."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        stack += reversed(children_of(one))


class Severity(StrEnum):
    """How loud an alert is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


# What a rule may fire on: its first match, and each state that a story comes to.
WHEN = (FIRST, *(state.value for state in AlertState))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the desk, checked."""

    name: str
    severity: Severity
    # As written, and what it says.
    query: str
    node: Node
    # Hash of the printed query: two spellings of one query share a version.
    version: str
    # Subset of ``WHEN``.
    when: tuple[str, ...] = WHEN
    # Names of sinks; () means every sink.
    routes: tuple[str, ...] = ()
    # Two-letter codes of the languages it reads; () means all.
    languages: tuple[str, ...] = ()
    # Texts on which the desk tries it, "title | text".
    must_match: tuple[str, ...] = ()
    must_miss: tuple[str, ...] = ()
    # Where it was written, for faults.
    path: str = ""
    line: int = 0
