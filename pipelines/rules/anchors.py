"""Chooses the terms without which a rule cannot hold, so that most rules are never looked at."""

from __future__ import annotations

from pipelines.rules.model import And, In, Node, Not, Or, Phrase, Value, Word, is_negative

Term = Word | Value
# How often a value is met, roughly, beside a word's 2**-length.
_VALUE_COSTS = {"lang": 1.0, "country": 0.06, "source": 0.05, "feed": 0.05, "category": 0.05}


def anchors(node: Node) -> frozenset[Term]:
    """Give terms of which at least one must be there for the node to hold: the rarest such choice.

    Errors: ValueError for a negative node, which has none.
    """
    return _choose(node)[1]


def _choose(node: Node) -> tuple[float, frozenset[Term]]:
    if isinstance(node, Word):
        return _word_cost(node), frozenset([node])
    if isinstance(node, Value):
        return _VALUE_COSTS[node.field], frozenset([node])
    if isinstance(node, Phrase):
        return min((_choose(word) for word in node.words), key=lambda choice: choice[0])
    if isinstance(node, In):
        return _choose(node.child)
    if isinstance(node, And):
        wanted = [_choose(child) for child in node.children if not is_negative(child)]
        if wanted:
            return min(wanted, key=lambda choice: choice[0])
    if isinstance(node, Or):
        choices = [_choose(child) for child in node.children]
        return sum(cost for cost, _ in choices), frozenset().union(*(terms for _, terms in choices))
    raise ValueError(f"{node!r} needs nothing to be there" if isinstance(node, Not) else f"{node!r} has no anchor")


def _word_cost(word: Word) -> float:
    """Longer words are rarer; the beginning of a word is met more often than the whole."""
    letters = len(word.text) + (0 if word.text.isascii() else 1)
    return 2.0 ** -(letters - 2 if word.is_prefix else letters)
