"""Random queries of every operator, grown out of a few words so that they hold often."""

from __future__ import annotations

import random
from dataclasses import dataclass

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
    Unit,
    Value,
    Word,
    is_negative,
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What queries are made of."""

    words: tuple[str, ...]
    # Beginnings of words.
    prefixes: tuple[str, ...]
    patterns: tuple[str, ...]
    # Words as they are written.
    cased: tuple[str, ...]
    # Words and their languages.
    forms: tuple[tuple[str, str], ...]
    values: tuple[Value, ...]


def random_query(chance: random.Random, vocabulary: Vocabulary) -> Node:
    """Grow a query that the reader accepts."""
    return _Growth(chance, vocabulary).query()


class _Growth:
    def __init__(self, chance: random.Random, vocabulary: Vocabulary) -> None:
        self._chance = chance
        self._vocabulary = vocabulary

    def query(self) -> Node:
        chance = self._chance
        if chance.random() < 0.1:
            children = [self.query() for _ in range(chance.choice((1, 2, 3, 5)))]
            children = [child for child in children if not isinstance(child, Score)]
            weights = tuple(chance.choice((-3, 1, 2, 3)) for _ in children)
            most = sum(weight for weight in weights if weight > 0)
            if most:
                return Score(chance.randint(1, most), tuple(children), weights)
        node = self._node(3)
        return self._joined(And, [self._word(), node]) if is_negative(node) else node

    def _word(self) -> Word:
        return Word(self._chance.choice(self._vocabulary.words))

    def _term(self) -> Term:
        chance, vocabulary = self._chance, self._vocabulary
        kind = chance.random()
        if kind < 0.2:
            return Word(chance.choice(vocabulary.prefixes), True)
        if kind < 0.3:
            return Pattern(chance.choice(vocabulary.patterns))
        if kind < 0.37:
            return Cased(chance.choice(vocabulary.cased))
        if kind < 0.42:
            return Forms(*chance.choice(vocabulary.forms))
        return self._word()

    def _literal(self) -> Literal:
        if self._chance.random() < 0.7:
            return self._term()
        return Phrase(tuple(self._term() for _ in range(self._chance.choice((2, 2, 3)))))

    def _literals(self) -> tuple[Literal, ...]:
        return tuple(dict.fromkeys(self._literal() for _ in range(self._chance.choice((1, 1, 2, 3)))))

    def _leaf(self, *, in_part: bool) -> Node:
        chance = self._chance
        kind = chance.random()
        if kind < 0.55:
            return self._literal()
        if kind < 0.67:
            return Near(self._literals(), self._literals(), chance.choice((1, 2, 3, 8)), chance.random() < 0.4)
        if kind < 0.75:
            return Together(self._literals(), self._literals(), chance.choice(list(Unit)))
        if kind < 0.82 or in_part:
            return AtLeast(chance.choice((1, 2, 3, 6)), self._literals())
        return chance.choice(self._vocabulary.values)

    def _joined(self, kind: type[And] | type[Or], children: list[Node]) -> Node:
        flat: list[Node] = []
        for child in children:
            flat += child.children if isinstance(child, And | Or) and type(child) is kind else [child]
        if kind is Or:
            flat = [child for child in flat if not is_negative(child)] or [self._word()]
        return flat[0] if len(flat) == 1 else kind(tuple(flat))

    def _node(self, depth: int, *, in_part: bool = False) -> Node:
        """Grow a query in normal form; it may be negative."""
        chance = self._chance
        kind = chance.random()
        if depth == 0 or kind < 0.3:
            return self._leaf(in_part=in_part)
        if kind < 0.4 and not in_part:
            return self._scoped(depth)
        if kind < 0.5:
            child = self._node(depth - 1, in_part=in_part)
            return child if is_negative(child) else Not(child)
        children = [self._node(depth - 1, in_part=in_part) for _ in range(chance.choice((2, 2, 3, 4)))]
        return self._joined(And if kind < 0.75 else Or, children)

    def _scoped(self, depth: int) -> Node:
        chance = self._chance
        child = self._node(depth - 1, in_part=True)
        if not is_negative(child) and chance.random() < 0.5:
            child = First(chance.choice((1, 3, 10, 40)), child)
            if chance.random() < 0.5:
                return child
        return In(chance.choice(("title", "text", "lead")), child)
