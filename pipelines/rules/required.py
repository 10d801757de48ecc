"""What a query cannot hold without: groups of words and values, of each of which one must be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from pipelines.rules.model import (
    And,
    AtLeast,
    Cased,
    First,
    Forms,
    In,
    Literal,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Score,
    Together,
    Value,
    Word,
    is_negative,
)

Element = Literal | Value
T = TypeVar("T")
# What stands for an element with whoever asks.
As = Callable[[Element], T]
# How often it is met; the unit does not matter.
Cost = Callable[[T], float]

# Asked for each node of a hundred thousand queries: a look-up of the type is what costs least.
_ELEMENTS = frozenset((Word, Pattern, Cased, Forms, Phrase, Value))


def required(node: Node, given: As[T], cost: Cost[T]) -> list[list[T]]:
    """Give groups of literals and values, of each of which at least one must be there for the node to hold.

    Where there is a choice, of an alternative's groups the rarest is taken. Errors: ValueError for a negative node.
    """
    if isinstance(node, And):
        # An Or holds nothing negative: its words need not be walked to know.
        wanted = (child for child in node.children if type(child) is Or or not is_negative(child))
        return [group for child in wanted for group in required(child, given, cost)]
    if isinstance(node, In | First):
        return required(node.child, given, cost)
    if isinstance(node, Near | Together):
        return [[*map(given, node.left)], [*map(given, node.right)]]
    if isinstance(node, AtLeast):
        return [[*map(given, node.literals)]]
    if isinstance(node, Or | Score):
        group: list[T] = []
        for child in _needed(node) if isinstance(node, Score) else node.children:
            if type(child) in _ELEMENTS:
                group.append(given(child))  # type: ignore[arg-type]  # one of the types of Element
            else:
                group += rarest(child, given, cost)[1]
        return [group]
    if isinstance(node, Not):
        raise ValueError(f"{node!r} needs nothing to be there")
    return [[given(node)]]


def rarest(node: Node, given: As[T], cost: Cost[T]) -> tuple[float, list[T]]:
    """Give the group that is met least, and how often any of it is met at most. Errors: ValueError."""
    return by_cost(node, given, cost)[0]


def by_cost(node: Node, given: As[T], cost: Cost[T]) -> list[tuple[float, list[T]]]:
    """Give all groups with how often any of each is met at most, the rarest first. Errors: ValueError."""
    groups = [(sum(map(cost, group)), group) for group in required(node, given, cost)]
    return sorted(groups, key=_first) if len(groups) > 1 else groups


def _first(one: tuple[float, list[T]]) -> float:
    return one[0]


def _needed(score: Score) -> Iterable[Node]:
    """Give children of which one must hold: the others together do not reach the threshold."""
    positive = sorted(
        ((weight, child) for weight, child in zip(score.weights, score.children, strict=True) if weight > 0),
        key=lambda one: one[0],
    )
    left_out = 0
    while left_out + positive[0][0] < score.threshold:
        left_out += positive.pop(0)[0]
    return [child for _, child in positive]
