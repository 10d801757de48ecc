"""Matches an item against many rules: finds all terms in one pass, then looks at few rules.

First engine behind ``RuleSet``; it must equal ``evaluate`` on every rule and text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipelines.model import Item, Match
from pipelines.rules.anchors import anchors
from pipelines.rules.evaluate import evaluate, in_reading_order
from pipelines.rules.model import And, In, Node, Not, Phrase, Rule, Value, Word
from pipelines.rules.view import TextView, fact_is
from pipelines.text.tokens import Tokens

_MEMO_LIMIT = 200_000
_NOWHERE: tuple[int, ...] = ()


class _Words(dict[str, tuple[int, ...]]):
    """Term numbers that a word stands for, computed once a word; forgets all when it grows too large."""

    def __init__(self, terms: dict[Word, int]) -> None:
        self._exact = {term.text: number for term, number in terms.items() if not term.is_prefix}
        self._prefixes = {term.text: number for term, number in terms.items() if term.is_prefix}
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        numbers = [self._exact[word]] if word in self._exact else []
        for length in self._lengths:
            if length > len(word):
                break
            number = self._prefixes.get(word[:length])
            if number is not None:
                numbers.append(number)
        found = self[word] = tuple(numbers)
        return found


class _Hits:
    """Where the terms of all rules stand in one item, and which values it has."""

    def __init__(self, view: TextView, places: dict[int, list[int]], values: set[Value]) -> None:
        self.places = places
        # A set: testing it against another costs the smaller of the two.
        self.present = set(places)
        self.values = values
        self.words = view.tokens.words
        self.extents = {part: view.extent(part) for part in ("", "title", "lead", "text")}


class _IndexedView(TextView):
    """The plain view with the places of every known term at hand."""

    def __init__(self, item: Item, tokens: Tokens, terms: dict[Word, int]) -> None:
        super().__init__(item, tokens)
        self._terms = terms
        self.places: dict[int, list[int]] = {}

    def positions(self, word: Word) -> Sequence[int]:
        return self.places.get(self._terms[word], _NOWHERE)


_Test = Callable[[_Hits], bool]


class RuleSet:
    """Checked rules, ready to match. Immutable: a change of rules makes a new one."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._terms: dict[Word, int] = {}
        values: dict[Value, None] = {}
        self._tests: list[_Test] = []
        self._by_word: dict[int, list[int]] = defaultdict(list)
        self._by_value: dict[Value, list[int]] = defaultdict(list)
        for number, rule in enumerate(rules):
            self._tests.append(self._compile(rule.node, "", values))
            for term in anchors(rule.node):
                if isinstance(term, Value):
                    self._by_value[term].append(number)
                else:
                    self._by_word[self._terms[term]].append(number)
        self._words = _Words(self._terms)
        self._values: dict[str, list[Value]] = defaultdict(list)
        self._exact_values: dict[str, dict[str, Value]] = defaultdict(dict)
        for value in values:
            if value.field in ("country", "lang"):
                self._exact_values[value.field][value.value] = value
            else:
                self._values[value.field].append(value)

    @classmethod
    def compile(cls, rules: Iterable[Rule]) -> RuleSet:
        """Make a rule set; the rules were checked when they were loaded."""
        return cls(tuple(rules))

    def match(self, item: Item, tokens: Tokens) -> tuple[Match, ...]:
        """Give the rules that hold for an item, in the rules' order, with the words that made them hold.

        The item carries its language and entities already; ``tokens`` are those of its title and text.
        """
        view = _IndexedView(item, tokens, self._terms)
        places = view.places
        known = [
            (place, numbers) for place, numbers in enumerate(map(self._words.__getitem__, tokens.words)) if numbers
        ]
        for place, numbers in known:
            for number in numbers:
                if number in places:
                    places[number].append(place)
                else:
                    places[number] = [place]
        hits = _Hits(view, places, self._values_of(view))
        touched: set[int] = set()
        for number in places.keys() & self._by_word.keys():
            touched.update(self._by_word[number])
        for value in hits.values & self._by_value.keys():
            touched.update(self._by_value[value])
        return tuple(
            Match(rule.name, rule.version, in_reading_order(evaluate(rule.node, view) or []))
            for rule in (self.rules[number] for number in sorted(touched) if self._tests[number](hits))
            if not rule.languages or item.language in rule.languages
        )

    def _values_of(self, view: TextView) -> set[Value]:
        found: set[Value] = set()
        for field, by_fact in self._exact_values.items():
            found.update(by_fact[fact] for fact in view.facts(field) if fact in by_fact)
        for field, values in self._values.items():
            facts = view.facts(field)
            found.update(value for value in values if any(fact_is(value, fact) for fact in facts))
        return found

    def _number(self, word: Word) -> int:
        return self._terms.setdefault(word, len(self._terms))

    def _compile(self, node: Node, part: str, values: dict[Value, None]) -> _Test:
        """Make the test of a node inside a part of the item."""
        if isinstance(node, Word):
            return _word_test(self._number(node), part)
        if isinstance(node, Phrase):
            return _phrase_test([self._number(word) for word in node.words], node, part)
        if isinstance(node, Value):
            values[node] = None
            return lambda hits: node in hits.values
        if isinstance(node, In):
            return self._compile(node.child, node.part, values)
        if isinstance(node, Not):
            refused = self._compile(node.child, part, values)
            return lambda hits: not refused(hits)
        if isinstance(node, And):
            return _and_test([self._compile(child, part, values) for child in node.children])
        plain = [child for child in node.children if isinstance(child, Word) and not part]
        others = [child for child in node.children if part or not isinstance(child, Word)]
        return _or_test(frozenset(map(self._number, plain)), [self._compile(child, part, values) for child in others])


def _and_test(tests: list[_Test]) -> _Test:
    def holds(hits: _Hits) -> bool:
        for test in tests:  # noqa: SIM110  # a generator inside all() doubles the time
            if not test(hits):
                return False
        return True

    return holds


def _or_test(numbers: frozenset[int], tests: list[_Test]) -> _Test:
    def holds(hits: _Hits) -> bool:
        if numbers and not numbers.isdisjoint(hits.present):
            return True
        for test in tests:  # noqa: SIM110  # as above
            if test(hits):
                return True
        return False

    return holds


def _word_test(number: int, part: str) -> _Test:
    if not part:
        return lambda hits: number in hits.places

    def holds(hits: _Hits) -> bool:
        first, behind = hits.extents[part]
        return any(first <= place < behind for place in hits.places.get(number, _NOWHERE))

    return holds


def _phrase_test(numbers: list[int], node: Phrase, part: str) -> _Test:
    steps = [(step, word.text, word.is_prefix) for step, word in enumerate(node.words)][1:]
    length = len(numbers)

    def holds(hits: _Hits) -> bool:
        found: Any = hits.places
        if any(number not in found for number in numbers):
            return False
        first, behind = hits.extents[part]
        words = hits.words
        return any(
            first <= place
            and place + length <= behind
            and all(
                words[place + step].startswith(text) if is_prefix else words[place + step] == text
                for step, text, is_prefix in steps
            )
            for place in found[numbers[0]]
        )

    return holds
