"""Matches an item against many rules. The compiled engine where numba can be imported, else the plain evaluator.

Both equal ``evaluate`` on every rule and text. A change of a few rules does not compile the others again: a small
second program stands beside the main one, which passes over what was changed or taken away.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from connectors.records import Evidence
from pipelines.background import give_back_memory
from pipelines.model import Item, Match
from pipelines.rules.evaluate import evaluate, in_reading_order
from pipelines.rules.model import Rule
from pipelines.rules.view import ENTITY_FIELDS, TextView
from pipelines.text.tokens import Tokens, tokenize

if TYPE_CHECKING:
    from pipelines.rules.compiled import CompiledQueries
    from pipelines.text.kernel import Scanner

# Characters of a text that are matched; what stands behind is not looked at.
TEXT_LIMIT = 200_000
# Changes up to which the main program is kept: this many rules, or this part of all.
_FEW = 1_000
_SMALL_PART = 0.05
_STRETCH = 512
# The scanner and the scratch memory of programs are one for all rule sets of a process.
_SCRATCH = threading.Lock()
Frequency = Callable[[str], float]


@lru_cache(maxsize=1)
def why_plain() -> str:
    """Say why rules are evaluated plainly in this process; "" where the compiled engine runs."""
    try:
        import pipelines.rules.compiled  # noqa: F401  # numba itself takes a third of a second to import
    except ImportError as error:
        return str(error)
    return ""


class RuleSet:
    """Checked rules, ready to match. A change of rules makes a new one.

    Rules that cost too much run in a lane of their own behind the others: they miss nothing, and what they
    cost is counted apart.
    """

    def __init__(self, rules: tuple[Rule, ...], parts: tuple[_Part, ...], slow: _Part | None = None) -> None:
        self.rules = rules
        # The main program, then what changed since.
        self._parts = parts
        self._slow = slow
        # Seconds that the slow lane took so far.
        self.slow_seconds = 0.0

    @classmethod
    def compile(
        cls,
        rules: Iterable[Rule],
        previous: RuleSet | None = None,
        frequency: Frequency | None = None,
        slow: Collection[str] = (),
    ) -> RuleSet:
        """Make a rule set; the rules were checked when they were loaded.

        ``previous`` lends its main program where few rules differ from it. ``frequency`` gives how often a word
        is met, as a share of all words; without it long words are taken to be rare. ``slow`` names the rules that
        run in the slow lane.
        """
        listed = tuple(rules)
        if why_plain():
            return cls(listed, ())
        apart = {place for place, rule in enumerate(listed) if rule.name in slow} if slow else set()
        lane = _Part.of(listed, sorted(apart), frequency) if apart else None
        if previous is not None and previous._parts:
            most = max(_FEW, int(_SMALL_PART * len(listed)))
            changed = _changed(previous.rules, listed)
            if len(changed) <= most:
                main = previous._parts[0].without([*changed, *apart], len(listed))
                # What was compiled beside it before is compiled once more with what changed now.
                beside = {place for part in previous._programs()[1:] for place in part.places if place < len(listed)}
                others = sorted(beside.union(changed) - apart)
            else:
                # Places have shifted: rules are known by their names.
                main = previous._parts[0].with_rules(listed).without(sorted(apart), len(listed))
                others = sorted(set(range(len(listed))).difference(main.places) - apart)
            if len(others) <= most:
                return cls(listed, (main, _Part.of(listed, others, frequency)) if others else (main,), lane)
        fast = (place for place in range(len(listed)) if place not in apart)
        main = _Part.of(listed, fast, frequency)
        give_back_memory()
        return cls(listed, (main,), lane)

    def _programs(self) -> tuple[_Part, ...]:
        """The main program, then all that stands beside it."""
        return self._parts if self._slow is None else (*self._parts, self._slow)

    @property
    def slow(self) -> frozenset[str]:
        """Names of the rules in the slow lane."""
        places = self._slow.places if self._slow is not None else ()
        return frozenset(self.rules[place].name for place in places)

    @property
    def engine(self) -> str:
        """ "compiled" or "plain"."""
        return "plain" if why_plain() else "compiled"

    @property
    def has_delta(self) -> bool:
        """Whether changed rules stand beside the main program: compiling all anew makes one program of them."""
        return len(self._parts) > 1

    def match(self, item: Item, tokens: Tokens) -> tuple[Match, ...]:
        """Give the rules that hold for an item, in the rules' order, with the words that made them hold.

        The item carries its language and entities already; ``tokens`` are those of its title and text. Of a
        text longer than ``TEXT_LIMIT`` only the beginning counts.
        """
        if len(item.text) > TEXT_LIMIT:
            item = replace(item, text=item.text[:TEXT_LIMIT])
            tokens = tokenize(item.title, item.text)
        view = TextView(item, tokens)
        found = self._compiled(view) if self._parts else self._plain(view)
        return tuple(
            Match(rule.name, rule.version, evidence)
            for rule, evidence in ((self.rules[place], found[place]) for place in sorted(found))
            if not rule.languages or item.language in rule.languages
        )

    def _plain(self, view: TextView) -> Mapping[int, tuple[Evidence, ...]]:
        found = {}
        for place, rule in enumerate(self.rules):
            evidence = evaluate(rule.node, view)
            if evidence is not None:
                found[place] = in_reading_order(evidence)
        return found

    def _compiled(self, view: TextView) -> Mapping[int, tuple[Evidence, ...]]:
        found: dict[int, tuple[Evidence, ...]] = {}
        with _SCRATCH:
            words = _scanner()
            words.take(view.item.title, view.item.text)
            for number, part in enumerate(self._parts):
                part.match(words, view, found, is_cut=number > 0)
            if self._slow is not None:
                since = time.thread_time()
                self._slow.match(words, view, found, is_cut=True)
                self.slow_seconds += time.thread_time() - since
        return found

    def holding(self, title: str, text: str) -> list[int]:
        """Give the places of the rules that hold for bare words, in no order, the places of the words computed.

        For benchmarks of the compiled engine. Errors: RuntimeError where it cannot run.
        """
        if not self._parts:
            raise RuntimeError(f"the compiled engine cannot run: {why_plain()}")
        found: list[int] = []
        with _SCRATCH:
            words = _scanner()
            words.take(title, text)
            for number, part in enumerate(self._programs()):
                found += part.holding(words, is_cut=number > 0)
        return found


class _Part:
    """Rules compiled together, and where each stands among all rules."""

    def __init__(self, queries: CompiledQueries, rules: tuple[Rule, ...], places: array[int], dead: Any) -> None:
        self._queries = queries
        # As they were compiled, in their numbers' order.
        self._rules = rules
        # Of each, -1 for one that is not among all rules any more: it is dead.
        self.places = places
        self._dead = dead

    @classmethod
    def of(cls, rules: tuple[Rule, ...], places: Iterable[int], frequency: Frequency | None) -> _Part:
        from pipelines.rules.compiled import CompiledQueries

        # First, as it stays: among what compiling makes and frees it would hold on to the memory of that.
        _load_compiled_code()
        listed = array("i", places)
        nodes = (rules[place].node for place in listed)
        queries = CompiledQueries.of(nodes, frequency) if frequency else CompiledQueries.of(nodes)
        own = rules if len(listed) == len(rules) else tuple(rules[place] for place in listed)
        return cls(queries, own, listed, queries.all_alive)

    def without(self, gone: Sequence[int], count: int) -> _Part:
        """Give the same program, dead at some places and from a count of places on."""
        import numpy as np

        places = array("i", self.places)
        view = np.frombuffer(places, np.int32)
        dead = self._dead.copy()
        is_gone = np.isin(view, np.array(gone, np.int32)) | (view >= count)
        view[is_gone] = -1
        dead[: len(view)][is_gone] = 1
        return _Part(self._queries, self._rules, places, dead)

    def with_rules(self, rules: tuple[Rule, ...]) -> _Part:
        """Give the same program for other rules, wherever those stand that it holds."""
        numbers = {rule.name: number for number, rule in enumerate(self._rules)}
        places, dead = array("i", [-1]) * len(self._rules), self._queries.all_alive.copy()
        for place, rule in enumerate(rules):
            number = numbers.get(rule.name, -1)
            if number >= 0 and self._rules[number].version == rule.version:
                places[number] = place
        dead[[number for number, place in enumerate(places) if place < 0]] = 1
        return _Part(self._queries, self._rules, places, dead)

    def match(self, words: Scanner, view: TextView, found: dict[int, tuple[Evidence, ...]], *, is_cut: bool) -> None:
        """Add what holds of an item, whose text the scanner took."""
        queries = self._queries
        # What stands beside the main program is a few rules, of whose words most items have none.
        if is_cut and not queries.may_hold(words):
            return
        count = queries.run(words, queries.facts(view), self._dead, is_cut=is_cut)
        for number, spans in queries.hits(count):
            evidence: list[Evidence] = []
            for first, last in spans:
                if first < 0:
                    evidence += _named(view, queries, -1 - first)
                else:
                    evidence.append(_written(words, first, last))
            found[self.places[number]] = in_reading_order(evidence)

    def holding(self, words: Scanner, *, is_cut: bool) -> list[int]:
        """Give the places of the rules that hold for the bare words that the scanner took."""
        from pipelines.rules.compiled import NO_FACTS

        if is_cut and not self._queries.may_hold(words):
            return []
        count = self._queries.run(words, NO_FACTS, self._dead, is_cut=is_cut)
        return [self.places[number] for number in self._queries.numbers(count)]


def _changed(before: tuple[Rule, ...], now: tuple[Rule, ...]) -> list[int]:
    """Give the places at which another query stands now, those behind the end of ``before`` included."""
    changed: list[int] = []
    # Most rules are the very same object, which a comparison of whole stretches sees fastest.
    for start in range(0, min(len(before), len(now)), _STRETCH):
        old, new = before[start : start + _STRETCH], now[start : start + _STRETCH]
        if old != new:
            pairs = enumerate(zip(old, new, strict=False), start)
            changed += [place for place, (was, is_) in pairs if (was.name, was.version) != (is_.name, is_.version)]
    return [*changed, *range(len(before), len(now))]


def _written(words: Scanner, first: int, last: int) -> Evidence:
    field, source = ("title", words.title) if words.is_title(first) else ("text", words.text)
    start, end = words.offsets(first, last)
    return Evidence(field, start, end, source[start:end])


def _named(view: TextView, queries: CompiledQueries, number: int) -> list[Evidence]:
    """Give where the entities stand that a value asks for."""
    value = queries.facts_of[number]
    if value.field not in ENTITY_FIELDS:
        return []
    return evaluate(value, view) or []


@lru_cache(maxsize=1)
def _load_compiled_code() -> None:
    """Have numba compile what matches, or load what it compiled before: now, and not while an item waits."""
    from pipelines.rules.compiled import NO_FACTS, CompiledQueries

    queries = CompiledQueries.of(())
    with _SCRATCH:
        words = _scanner()
        words.take("", "")
        queries.run(words, NO_FACTS, queries.all_alive)
        queries.may_hold(words)


@lru_cache(maxsize=1)
def _scanner() -> Scanner:
    from pipelines.text.kernel import Scanner

    return Scanner()
