"""What all the languages say, as one tree, and how a row of operands becomes one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from pipelines.rules.mistakes import fail


class Kind(Enum):
    """What a piece of a row is; levels of binding are orders of these."""

    OR = "OR"
    AND = "AND"
    NOT = "NOT"
    # Distance between two operands; three levels, as some languages bind a paragraph looser than words.
    PARAGRAPH = "PARAGRAPH"
    SENTENCE = "SENTENCE"
    NEAR = "NEAR"
    # Before all that binds tighter, and behind a word or phrase.
    PREFIX = "PREFIX"
    POSTFIX = "POSTFIX"


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator as written, and what our language writes for it."""

    kind: Kind
    written: str
    ours: str
    place: int


@dataclass(frozen=True, slots=True)
class Words:
    """A word or phrase, its words spelled with our wildcards; ``mark`` is "!" where case counts."""

    words: tuple[str, ...]
    place: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """Two operands or more, joined by AND or OR."""

    joint: str
    children: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Excluded:
    """What must not hold."""

    child: Tree
    place: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two operands at a distance."""

    operator: str
    left: Tree
    right: Tree
    place: int


@dataclass(frozen=True, slots=True)
class Scoped:
    """A field, count or extent (``prefix`` as our language writes it) and what it is said of."""

    prefix: str
    child: Tree
    place: int


Tree = Words | Joined | Excluded | Pair | Scoped
Piece = Tree | Operator


def joined(joint: str, trees: Sequence[Tree]) -> Tree:
    """Join operands into one row; a row of the same joint inside it is part of it."""
    flat: list[Tree] = []
    for tree in trees:
        flat += tree.children if isinstance(tree, Joined) and tree.joint == joint else [tree]
    return flat[0] if len(flat) == 1 else Joined(joint, tuple(flat))


class Row:
    """Joins a row of operands by its operators, level by level."""

    def __init__(self, query: str, beside: Callable[[list[Tree]], Tree]) -> None:
        self._query = query
        # What operands without an operator between them mean.
        self._beside = beside

    def join(self, pieces: Sequence[Piece], levels: Sequence[Kind], place: int) -> Tree:
        """Join a row that begins at a place; ``levels`` go from the loosest operator to the tightest.

        Errors: QueryError for an operator without operands, and for operands that nothing joins.
        """
        if not pieces:
            fail(self._query, place, "a word, a phrase or a group in parentheses was expected here")
        for depth, level in enumerate(levels):
            if found := _operators(pieces, level):
                return self._join_level(pieces, found, levels[depth:])
        operands = [piece for piece in pieces if not isinstance(piece, Operator)]
        last = pieces[-1]
        if isinstance(last, Operator) and last.kind is Kind.POSTFIX and len(operands) == len(pieces) - 1 > 0:
            return Scoped(last.ours, self._side_by_side(operands), last.place)
        for piece in pieces:
            if isinstance(piece, Operator):
                message = f"{piece.written} stands where it says nothing"
                fail(self._query, piece.place, message, "put AND or OR between operands")
        return self._side_by_side(operands)

    def _side_by_side(self, operands: list[Tree]) -> Tree:
        return operands[0] if len(operands) == 1 else self._beside(operands)

    def _join_level(self, pieces: Sequence[Piece], found: list[tuple[int, Operator]], levels: Sequence[Kind]) -> Tree:
        level, tighter = levels[0], levels[1:]
        if level is Kind.PREFIX:
            return self._join_prefix(pieces, found, tighter)
        if level not in (Kind.AND, Kind.OR, Kind.NOT):
            return self._join_pair(pieces, found, tighter)
        begins = [0, *(at + 1 for at, _ in found)]
        ends = [*(at for at, _ in found), len(pieces)]
        children: list[Tree] = []
        for number, (first, behind) in enumerate(zip(begins, ends, strict=True)):
            operator = found[max(0, number - 1)][1]
            if first == behind:
                if level is Kind.NOT and number == 0:
                    continue
                lonely = operator if level is Kind.NOT else found[min(number, len(found) - 1)][1]
                where = "behind it" if level is Kind.NOT else "on both sides"
                fail(self._query, lonely.place, f"{lonely.written} needs something {where}")
            child = self.join(pieces[first:behind], tighter, operator.place)
            children.append(Excluded(child, operator.place) if level is Kind.NOT and number else child)
        return joined("OR" if level is Kind.OR else "AND", children)

    def _join_pair(self, pieces: Sequence[Piece], found: list[tuple[int, Operator]], tighter: Sequence[Kind]) -> Tree:
        at, operator = found[0]
        if len(found) > 1:
            message = f"a second distance in a row, {found[1][1].written}"
            fail(self._query, found[1][1].place, message, "measure between two at a time, joined by AND")
        sides = (pieces[:at], pieces[at + 1 :])
        if not all(sides):
            fail(self._query, operator.place, f"{operator.written} needs something on both sides")
        left, right = (self.join(side, tighter, operator.place) for side in sides)
        return Pair(operator.ours, left, right, operator.place)

    def _join_prefix(self, pieces: Sequence[Piece], found: list[tuple[int, Operator]], tighter: Sequence[Kind]) -> Tree:
        first, operator = found[0]
        for at, other in found:
            if at or first:
                message = f"{other.written} right behind another operand or field"
                fail(self._query, other.place, message, "put an operator between them")
        if len(pieces) == 1:
            fail(self._query, operator.place, f"{operator.written} needs something behind it")
        return Scoped(operator.ours, self.join(pieces[1:], tighter, operator.place), operator.place)


def _operators(pieces: Sequence[Piece], kind: Kind) -> list[tuple[int, Operator]]:
    """Give the operators of a kind in a row, and which pieces they are."""
    return [(at, piece) for at, piece in enumerate(pieces) if isinstance(piece, Operator) and piece.kind is kind]


def in_each_word(tree: Tree, change: Callable[[Words], Tree]) -> Tree:
    """Put a change of words and phrases through a tree."""
    if isinstance(tree, Words):
        return change(tree)
    if isinstance(tree, Joined):
        return Joined(tree.joint, tuple(in_each_word(child, change) for child in tree.children))
    if isinstance(tree, Excluded):
        return Excluded(in_each_word(tree.child, change), tree.place)
    if isinstance(tree, Pair):
        left, right = in_each_word(tree.left, change), in_each_word(tree.right, change)
        return Pair(tree.operator, left, right, tree.place)
    return Scoped(tree.prefix, in_each_word(tree.child, change), tree.place)
