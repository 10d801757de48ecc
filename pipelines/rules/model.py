"""What a query says, as a tree of frozen nodes, and a rule as the desk wrote it."""

from __future__ import annotations

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
class Phrase:
    """Two words or more, one right after the other."""

    words: tuple[Word, ...]


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
class And:
    """All of them; never holds an And itself."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them; never holds an Or itself, nor anything negative."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold."""

    child: Node


Node = Word | Phrase | Value | In | And | Or | Not


def is_negative(node: Node) -> bool:
    """Say whether a node is true of items that hold none of its words."""
    if isinstance(node, Not):
        return True
    if isinstance(node, And):
        return all(map(is_negative, node.children))
    if isinstance(node, Or):
        return any(map(is_negative, node.children))
    return isinstance(node, In) and is_negative(node.child)


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
    # Where it was written, for faults.
    path: str = ""
    line: int = 0
