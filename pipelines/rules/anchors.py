"""Chooses the terms without which a rule cannot hold, so that most rules are never looked at."""

from __future__ import annotations

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
    Term,
    Together,
    Value,
    Word,
    is_negative,
)
from pipelines.rules.view import WORD_FIELDS

Anchor = Term | Value
# How often a value is met, roughly, beside a word's 2**-length.
_VALUE_COSTS = {"lang": 1.0, "country": 0.06, "source": 0.05, "feed": 0.05} | dict.fromkeys(WORD_FIELDS, 0.05)
_NAME_COST = 0.01
_Choice = tuple[float, frozenset[Anchor]]


def anchors(node: Node) -> frozenset[Anchor]:
    """Give terms of which at least one must be there for the node to hold: the rarest such choice.

    Errors: ValueError for a negative node, which has none.
    """
    return _choose(node)[1]


def _choose(node: Node) -> _Choice:
    if isinstance(node, Literal):
        return _of_literal(node)
    if isinstance(node, Value):
        return _VALUE_COSTS.get(node.field, _NAME_COST), frozenset([node])
    if isinstance(node, In | First):
        return _choose(node.child)
    if isinstance(node, Near | Together):
        return _rarest([_any(map(_of_literal, node.left)), _any(map(_of_literal, node.right))])
    if isinstance(node, AtLeast):
        return _any(map(_of_literal, node.literals))
    if isinstance(node, And):
        wanted = [_choose(child) for child in node.children if not is_negative(child)]
        if wanted:
            return _rarest(wanted)
    if isinstance(node, Or):
        return _any(map(_choose, node.children))
    if isinstance(node, Score):
        return _any(map(_choose, _needed(node)))
    raise ValueError(f"{node!r} needs nothing to be there" if isinstance(node, Not) else f"{node!r} has no anchor")


def _of_literal(literal: Literal) -> _Choice:
    if isinstance(literal, Phrase):
        return _rarest([_of_literal(word) for word in literal.words])
    return _cost(literal), frozenset([literal])


def _rarest(choices: list[_Choice]) -> _Choice:
    return min(choices, key=lambda choice: choice[0])


def _any(choices: map[_Choice]) -> _Choice:
    listed = list(choices)
    return sum(cost for cost, _ in listed), frozenset().union(*(terms for _, terms in listed))


def _needed(score: Score) -> list[Node]:
    """Give children of which one must hold: the others together do not reach the threshold."""
    positive = [(weight, child) for weight, child in zip(score.weights, score.children, strict=True) if weight > 0]
    # The commonest are left out first, for as long as they are too light all together.
    positive.sort(key=lambda one: -_choose(one[1])[0])
    left_out = 0
    while left_out + positive[0][0] < score.threshold:
        left_out += positive.pop(0)[0]
    return [child for _, child in positive]


def _cost(term: Term) -> float:
    """Longer words are rarer; the beginning of a word is met more often than the whole."""
    text = term.text.partition("?")[0] if isinstance(term, Pattern) else term.text
    letters = len(text) + (0 if text.isascii() else 1)
    is_wide = isinstance(term, Pattern | Forms) or (isinstance(term, Word) and term.is_prefix)
    return 2.0 ** -(letters - 2 if is_wide else letters + isinstance(term, Cased))
