"""What a query cannot hold without: groups of words and values, of each of which one must be there.

The compiled engine finds the same groups in its own code (``assemble.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipelines.rules.model import (
    And,
    AtLeast,
    First,
    In,
    Literal,
    Near,
    Node,
    Not,
    Or,
    Score,
    Together,
    Value,
    is_negative,
)

Element = Literal | Value
# How often something is met; the unit does not matter.
Cost = Callable[[Element], float]


def required(node: Node, cost: Cost) -> list[list[Element]]:
    """Give groups of literals and values, of each of which at least one must be there for the node to hold.

    Where there is a choice, of an alternative's groups the rarest is taken. Errors: ValueError for a negative node.
    """
    if isinstance(node, And):
        return [group for child in node.children if not is_negative(child) for group in required(child, cost)]
    if isinstance(node, In | First):
        return required(node.child, cost)
    if isinstance(node, Near | Together):
        return [list(node.left), list(node.right)]
    if isinstance(node, AtLeast):
        return [list(node.literals)]
    if isinstance(node, Or | Score):
        children = _needed(node) if isinstance(node, Score) else node.children
        return [[element for child in children for element in rarest(child, cost)[1]]]
    if isinstance(node, Not):
        raise ValueError(f"{node!r} needs nothing to be there")
    return [[node]]


def rarest(node: Node, cost: Cost) -> tuple[float, list[Element]]:
    """Give the group that is met least, and how often any of it is met at most. Errors: ValueError."""
    return min(((sum(map(cost, group)), group) for group in required(node, cost)), key=lambda one: one[0])


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
