"""Matches an item against many rules: finds all terms in one pass, then looks at few rules.

First engine behind ``RuleSet``; it must equal ``evaluate`` on every rule and text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from pipelines.model import Item, Match
from pipelines.rules.anchors import anchors
from pipelines.rules.evaluate import evaluate, in_reading_order
from pipelines.rules.forms import forms_of
from pipelines.rules.model import (
    And,
    AtLeast,
    Cased,
    First,
    Forms,
    In,
    Leaf,
    Literal,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Rule,
    Score,
    Term,
    Together,
    Value,
    Word,
    literals_of,
    terms_of,
)
from pipelines.rules.view import Extent, Span, TextView, fact_is, fits
from pipelines.text.tokens import Tokens, words_of

_MEMO_LIMIT = 200_000
_NOWHERE: tuple[int, ...] = ()
# The fields and FIRSTs that a leaf stands in, outermost first.
_Scope = tuple[In | First, ...]


class _Words(dict[str, tuple[int, ...]]):
    """Numbers of the terms that a word may stand for, computed once a word; forgets all when it grows too large."""

    def __init__(self, terms: dict[Term, int]) -> None:
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._beginnings: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for term, number in terms.items():
            if isinstance(term, Pattern):
                self._beginnings[term.text.partition("?")[0]].append((term.text, number))
            elif isinstance(term, Word) and term.is_prefix:
                self._beginnings[term.text].append((f"{term.text}*", number))
            elif isinstance(term, Forms):
                for form in forms_of(term.text, term.language):
                    self._exact[form].append(number)
            else:
                # A cased term is one word, as it was cut.
                self._exact[words_of(term.text)[0] if isinstance(term, Cased) else term.text].append(number)
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        numbers = list(self._exact.get(word, ()))
        for length in self._lengths:
            if length > len(word):
                break
            numbers += (number for pattern, number in self._beginnings.get(word[:length], ()) if fits(pattern, word))
        found = self[word] = tuple(numbers)
        return found


class _IndexedView(TextView):
    """The plain view with the places of every known term at hand."""

    def __init__(self, item: Item, tokens: Tokens, terms: dict[Term, int], words: _Words) -> None:
        super().__init__(item, tokens)
        self._terms = terms
        self._extents: dict[_Scope, Extent] = {(): self.whole()}
        self.places: dict[int, list[int]] = {}
        places = self.places
        known = [(place, numbers) for place, numbers in enumerate(map(words.__getitem__, tokens.words)) if numbers]
        for place, numbers in known:
            for number in numbers:
                if number in places:
                    places[number].append(place)
                else:
                    places[number] = [place]

    def keep_cased(self, cased: dict[int, str]) -> None:
        """Let go of the places where a cased term is written otherwise."""
        for number in cased.keys() & self.places.keys():
            wanted = cased[number]
            kept = [place for place in self.places[number] if self.tokens.surface(place, place) == wanted]
            if kept:
                self.places[number] = kept
            else:
                del self.places[number]

    def spans(self, literal: Literal, extent: Extent) -> list[Span]:
        numbers = [self._terms[term] for term in terms_of(literal)]
        length = len(numbers)
        first, behind = extent
        starts = [
            place for place in self.places.get(numbers[0], _NOWHERE) if first <= place and place + length <= behind
        ]
        for step, number in enumerate(numbers[1:], 1):
            if not starts:
                break
            places = set(self.places.get(number, _NOWHERE))
            starts = [place for place in starts if place + step in places]
        return [(place, place + length - 1) for place in starts]

    def extent(self, scope: _Scope) -> Extent:
        """Give the extent that some fields and FIRSTs leave."""
        found = self._extents.get(scope)
        if found is None:
            outer, last = self.extent(scope[:-1]), scope[-1]
            found = self.part(last.part) if isinstance(last, In) else self.first(outer, last.count)
            self._extents[scope] = found
        return found


class _Hits:
    """Where the terms of all rules stand in one item, and which values it has."""

    def __init__(self, view: _IndexedView, values: set[Value]) -> None:
        self.view = view
        self.places = view.places
        # A set: testing it against another costs the smaller of the two.
        self.present = set(view.places)
        self.values = values


_Test = Callable[[_Hits], bool]


class RuleSet:
    """Checked rules, ready to match. Immutable: a change of rules makes a new one."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._terms: dict[Term, int] = {}
        values: dict[Value, None] = {}
        self._tests: list[_Test] = []
        self._by_word: dict[int, list[int]] = defaultdict(list)
        self._by_value: dict[Value, list[int]] = defaultdict(list)
        for number, rule in enumerate(rules):
            self._tests.append(self._compile(rule.node, (), values))
            for term in anchors(rule.node):
                if isinstance(term, Value):
                    self._by_value[term].append(number)
                else:
                    self._by_word[self._terms[term]].append(number)
        self._words = _Words(self._terms)
        self._cased = {number: term.text for term, number in self._terms.items() if isinstance(term, Cased)}
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
        view = _IndexedView(item, tokens, self._terms, self._words)
        if self._cased:
            view.keep_cased(self._cased)
        places = view.places
        hits = _Hits(view, self._values_of(view))
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

    def _number(self, term: Term) -> int:
        return self._terms.setdefault(term, len(self._terms))

    def _compile(self, node: Node, scope: _Scope, values: dict[Value, None]) -> _Test:
        """Make the test of a node inside some fields."""
        if isinstance(node, Value):
            values[node] = None
            return lambda hits: node in hits.values
        if isinstance(node, In | First):
            return self._compile(node.child, (*scope, node), values)
        if isinstance(node, Not):
            refused = self._compile(node.child, scope, values)
            return lambda hits: not refused(hits)
        if isinstance(node, And):
            return _and_test([self._compile(child, scope, values) for child in node.children])
        if isinstance(node, Score):
            return _score_test([self._compile(child, scope, values) for child in node.children], node)
        if not isinstance(node, Or):
            return self._leaf(node, scope)
        plain = [child for child in node.children if isinstance(child, Term) and not scope]
        others = [child for child in node.children if scope or not isinstance(child, Term)]
        return _or_test(frozenset(map(self._number, plain)), [self._compile(child, scope, values) for child in others])

    def _leaf(self, node: Literal | Near | Together | AtLeast, scope: _Scope) -> _Test:
        numbers = [[self._number(term) for term in terms_of(literal)] for literal in literals_of(node)]
        if isinstance(node, Near | Together):
            sides = [numbers[: len(node.left)], numbers[len(node.left) :]]
            return _spans_test(node, scope, sides)
        if not isinstance(node, Term) or scope:
            return _spans_test(node, scope, [numbers])
        (number,) = numbers[0]
        return lambda hits: number in hits.places


def _spans_test(node: Leaf, scope: _Scope, sides: list[list[list[int]]]) -> _Test:
    """Test a leaf by its spans, where the terms of one literal of each side are there at all."""

    def holds(hits: _Hits) -> bool:
        present = hits.present
        for side in sides:
            if not any(present.issuperset(terms) for terms in side):
                return False
        if isinstance(node, Literal):
            return bool(hits.view.spans(node, hits.view.extent(scope)))
        return evaluate(node, hits.view, hits.view.extent(scope)) is not None

    return holds


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


def _score_test(tests: list[_Test], node: Score) -> _Test:
    weighted: Sequence[tuple[_Test, int]] = list(zip(tests, node.weights, strict=True))
    return lambda hits: sum(weight for test, weight in weighted if test(hits)) >= node.threshold
