"""Measures rules on an archive: how often they match, which of their words are common or never met, what they cost."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date

from pipelines.rules.evaluate import evaluate
from pipelines.rules.forms import forms_of
from pipelines.rules.items import MatchItem, TriedItem, reads
from pipelines.rules.lint import LintKind, LintWarning
from pipelines.rules.model import (
    Cased,
    Node,
    Not,
    Pattern,
    Rule,
    Term,
    Value,
    Word,
    children_of,
    literals_of,
    terms_of,
)
from pipelines.rules.print import print_query
from pipelines.rules.required import Element, rarest
from pipelines.rules.view import TextView, fits
from pipelines.text.tokens import Tokens, words_of

COMMON_SHARE = 0.05
# Fewer entries say nothing about shares.
LEAST_ENTRIES = 20
_SAMPLE_ENTRIES = 100
_SECONDS_A_RULE = 0.02
_SHOWN_TERMS = 12
# Words of an archive kept with what they may be, before all are forgotten.
_KNOWN_LIMIT = 200_000

# What is looked up in an item: a word of its text, or one of its values.
Anchor = Term | Value


@dataclass(frozen=True, slots=True)
class Figures:
    """What a rule did on an archive."""

    rule: Rule
    matches: int
    matches_a_day: float
    # Of all entries, 0 to 1.
    share: float
    # Mean of the plain evaluator on a sample; 0 where there was no entry.
    microseconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What an archive says of some rules."""

    entries: int
    # Days (UTC) that have entries.
    days: int
    figures: tuple[Figures, ...]
    warnings: tuple[LintWarning, ...]


def measure(
    rules: Sequence[Rule], items: Iterable[TriedItem], match: MatchItem, clock: Callable[[], float] = time.perf_counter
) -> Measured:
    """Match an archive and count the words of all rules in it, in one pass; ``clock`` gives seconds."""
    counted = _Counts(anchor for rule in rules for anchor in _anchors_below(rule.node))
    matches: Counter[str] = Counter()
    days: set[date] = set()
    sample: list[TriedItem] = []
    chance = random.Random(0)
    entries = 0
    for tried in items:
        counted.add(tried)
        matches.update(found.rule for found in match(tried.item, tried.tokens))
        days.add(tried.item.event_at.astimezone(UTC).date())
        # Each entry ends up in the sample as likely as another, however long the archive.
        if len(sample) < _SAMPLE_ENTRIES:
            sample.append(tried)
        elif (place := chance.randrange(entries + 1)) < _SAMPLE_ENTRIES:
            sample[place] = tried
        entries += 1
    figures = tuple(
        Figures(
            rule,
            matches[rule.name],
            matches[rule.name] / max(1, len(days)),
            matches[rule.name] / max(1, entries),
            _microseconds(rule, sample, clock),
        )
        for rule in rules
    )
    warnings = [warning for rule in rules for warning in _warnings(rule, counted.found, entries)] if entries else []
    return Measured(entries, len(days), figures, tuple(warnings))


def _microseconds(rule: Rule, sample: Sequence[TriedItem], clock: Callable[[], float]) -> float:
    """Time the plain evaluator on as much of the sample as a rule's time allows."""
    began, count = clock(), 0
    ends = began
    for tried in sample:
        if reads(rule, tried.item):
            evaluate(rule.node, TextView(tried.item, tried.tokens))
        count += 1
        ends = clock()
        if ends - began > _SECONDS_A_RULE:
            break
    return 1e6 * (ends - began) / count if count else 0.0


def _anchors_below(node: Node) -> Iterator[Anchor]:
    """Give all terms and values that speak for a match."""
    if isinstance(node, Not):
        return
    if isinstance(node, Value):
        yield node
    for literal in literals_of(node):
        yield from terms_of(literal)
    for child in children_of(node):
        yield from _anchors_below(child)


class _Counts:
    """In how many entries each of some terms and values stands."""

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        self.found: Counter[Anchor] = Counter()
        self._values: list[Value] = []
        self._exact: dict[str, list[Term]] = defaultdict(list)
        self._wide: dict[str, list[Word | Pattern]] = defaultdict(list)
        # Which terms a word may be, for words met before.
        self._known: dict[str, list[Term]] = {}
        for anchor in dict.fromkeys(anchors):
            if isinstance(anchor, Value):
                self._values.append(anchor)
            elif isinstance(anchor, Pattern) or (isinstance(anchor, Word) and anchor.is_prefix):
                self._wide[anchor.text[:2]].append(anchor)
            else:
                for word in _words_of(anchor):
                    self._exact[word].append(anchor)

    def add(self, tried: TriedItem) -> None:
        """Count one entry."""
        met: set[Anchor] = set()
        for place, word in enumerate(tried.tokens.words):
            terms = self._known.get(word)
            if terms is None:
                if len(self._known) >= _KNOWN_LIMIT:
                    self._known.clear()
                terms = self._known[word] = self._terms_of(word)
            met.update(term for term in terms if _is_written(term, tried.tokens, place))
        view = TextView(tried.item, tried.tokens)
        met.update(value for value in self._values if view.holds(value))
        self.found.update(met)

    def _terms_of(self, word: str) -> list[Term]:
        wide = [
            term
            for term in self._wide.get(word[:2], ())
            if (fits(term.text, word) if isinstance(term, Pattern) else word.startswith(term.text))
        ]
        return [*self._exact.get(word, ()), *wide]


def _words_of(term: Term) -> Iterable[str]:
    if isinstance(term, Cased):
        return words_of(term.text)
    return (term.text,) if isinstance(term, Word | Pattern) else forms_of(term.text, term.language)


def _is_written(term: Term, tokens: Tokens, place: int) -> bool:
    return not isinstance(term, Cased) or tokens.surface(place, place) == term.text


def _warnings(rule: Rule, found: Counter[Anchor], entries: int) -> Iterator[LintWarning]:
    count, anchors = _rarest(rule.node, found)
    share = min(1.0, count / entries)
    if entries >= LEAST_ENTRIES and share > COMMON_SHARE:
        listed = _listed(sorted(anchors, key=lambda anchor: -found[anchor]))
        yield LintWarning(
            rule, LintKind.COMMON, f"up to {share:.0%} of entries have what it needs at least: {listed}",
            "add a rarer word that must be there",
        )  # fmt: skip
    terms = list(dict.fromkeys(_anchors_below(rule.node)))
    absent = [term for term in terms if not found[term]]
    if absent and entries >= LEAST_ENTRIES:
        yield LintWarning(
            rule, LintKind.ABSENT, f"{len(absent)} of {len(terms)} terms never occur: {_listed(absent)}",
            "check their spelling",
        )  # fmt: skip


def _rarest(node: Node, found: Counter[Anchor]) -> tuple[int, list[Anchor]]:
    """Give terms of which one must stand in an entry, those that stand in the fewest, and in how many at most."""

    def term_of(element: Element) -> Anchor:
        return element if isinstance(element, Value) else min(terms_of(element), key=found.__getitem__)

    count, group = rarest(node, lambda element: found[term_of(element)])
    return int(count), list(map(term_of, group))


def _listed(anchors: Sequence[Anchor]) -> str:
    shown = ", ".join(map(print_query, anchors[:_SHOWN_TERMS]))
    return shown + (", …" if len(anchors) > _SHOWN_TERMS else "")


def measured_lines(measured: Measured) -> Iterator[str]:
    """Print a rule a line: matches, matches a day, share of entries, cost."""
    yield f"measured on {measured.entries} entries of {measured.days} days"
    yield f"{'matches':>8} {'a day':>8} {'share':>7} {'µs/item':>8}  rule"
    for one in measured.figures:
        yield f"{one.matches:8} {one.matches_a_day:8.1f} {one.share:7.2%} {one.microseconds:8.0f}  {one.rule.name}"
    yield "µs/item: the plain evaluator on a sample of the entries, to compare rules by; the engine is faster"
