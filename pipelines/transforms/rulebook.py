"""The rules of this process: read and compiled again in the background when they change, while the old ones match."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache, partial

import redis

from connectors.errors import SettingsError
from connectors.log.log import shared_log
from connectors.telemetry import FileKind, files_refused
from pipelines import telemetry
from pipelines.background import giving_way, uncollected
from pipelines.model import Item
from pipelines.rule_shelf import InForce, RuleShelf
from pipelines.rules.matcher import RuleSet, why_plain
from pipelines.rules.model import Rule
from pipelines.rules.weigh import dear_rules
from pipelines.saved_rules import SavedRules
from pipelines.slow_rules import tell_slow
from pipelines.stories.alerts import RuleTerms
from pipelines.text.tokens import Tokens

_LOOK_SECONDS = 2.0
# Items on which rules are weighed, at least and at most, and how long what was found holds of the same rules.
_LEAST_SAMPLE, _SAMPLE_ITEMS = 100, 200
_WEIGH_SECONDS = 3600.0
# Between two items that are timed: whoever matches waits for one of them at most.
_REST_SECONDS = 0.002


class RuleBook:
    """Rules out of files, and where a store is named those that people saved.

    The first reading raises what is wrong, and waits for an absent store; later ones say so and go on.

    Three kinds of work, none of which whoever matches waits for, but the first compiling: a look reads what
    changed and compiles it beside the rest; a merge, in a thread of its own because it may take minutes,
    compiles all as one again; weighing finds the rules that cost too much of what was matched lately, which
    then run in the slow lane. What is finished is swapped in whole.
    """

    def __init__(self, files: tuple[str, ...], redis_url: str = "") -> None:
        self._last: InForce | None = None
        # Names that were asked for and stand nowhere.
        self._gone: set[str] = set()
        self._log = shared_log(redis_url) if redis_url else None
        self._shelf = RuleShelf(files, SavedRules(self._log.client) if self._log is not None else None)
        with uncollected():
            # Entries that came before the saved rules are known would never meet them.
            self._take(self._log.waiting(self._shelf.read) if self._log is not None else self._shelf.read())
        self._compiled: RuleSet | None = None
        self._look_at = time.monotonic() + _LOOK_SECONDS
        self._reading, self._compiling, self._starting = threading.Lock(), threading.Lock(), threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        # What was matched lately.
        self._sample: deque[tuple[Item, Tokens]] = deque(maxlen=_SAMPLE_ITEMS)
        self._weighed: tuple[Rule, ...] | None = None
        self._weigh_at = 0.0
        self._failure: BaseException | None = None

    def _take(self, found: InForce) -> None:
        last, self._last = self._last, found
        if found.faults and (last is None or found.faults != last.faults):
            files_refused(FileKind.RULES, SettingsError(found.faults))
        if last is None or found.left_out != last.left_out:
            telemetry.saved_rules_left_out(found.left_out)
        if last is not None and found.rules == last.rules:
            return
        self._terms = {
            rule.name: RuleTerms(rule.name, str(rule.severity), frozenset(rule.when), rule.routes)
            for rule in found.rules
        }
        self._rules = found.rules
        self._gone = set()
        telemetry.rules_loaded(len(found.rules))

    def current(self) -> RuleSet:
        """The rules to match now."""
        self._look_now_and_then()
        if self._compiled is None:
            # Only a process that matches pays for it.
            with self._compiling:
                if self._compiled is None:
                    with uncollected():
                        self._compiled = _compiled(self._rules, None, ())
        return self._compiled

    def matched(self, items: Iterable[tuple[Item, Tokens]], budget_seconds: float) -> None:
        """Take note of what was matched: rules that cost more of it than the budget go to the slow lane."""
        self._sample.extend(items)
        if len(self._sample) < _LEAST_SAMPLE or self._compiled is None or why_plain():
            return
        if self._weighed is not self._compiled.rules or time.monotonic() >= self._weigh_at:
            self._start("weigh", partial(self._weigh, budget_seconds))

    def _weigh(self, budget_seconds: float) -> None:
        assert self._compiled is not None
        rules, items = self._compiled.rules, list(self._sample)
        slow = dear_rules(rules, items, budget_seconds, _compiled_gently, partial(time.sleep, _REST_SECONDS))
        self._weighed, self._weigh_at = rules, time.monotonic() + _WEIGH_SECONDS
        with self._compiling:
            if slow.keys() != self._compiled.slow:
                self._compiled = _compiled(self._rules, self._compiled, slow)
        telemetry.rules_slowed(slow)
        if self._log is not None:
            # The desk shows it; what it shows may be late, so an absent store is nobody's trouble here.
            with contextlib.suppress(redis.RedisError):
                tell_slow(self._log.client, slow)

    def terms(self, name: str) -> RuleTerms | None:
        """What raising needs of a rule; None for one that is gone."""
        self._look_now_and_then()
        if name not in self._terms and name not in self._gone:
            # The process that matched it may have read it first.
            self._read_again()
            if name not in self._terms:
                self._gone.add(name)
        return self._terms.get(name)

    def settle(self, timeout_seconds: float) -> bool:
        """Wait until nothing is under way in the background; False where it does not end in time."""
        until = time.monotonic() + timeout_seconds
        # A look may start a merge, and a merge another.
        while threads := [thread for thread in list(self._threads.values()) if thread.is_alive()]:
            threads[0].join(max(0.0, until - time.monotonic()))
            if time.monotonic() >= until:
                return False
        return True

    def _look_now_and_then(self) -> None:
        if self._failure is not None:
            raise self._failure
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _LOOK_SECONDS
            self._start("look", self._look)

    def _start(self, what: str, work: Callable[[], None]) -> None:
        """Do a kind of work in the background, unless it is being done."""

        def done() -> None:
            try:
                work()
            except BaseException as error:
                # Told to whoever asks next: a thread's end is seen by nobody.
                self._failure = error

        with self._starting:
            before = self._threads.get(what)
            if before is None or not before.is_alive():
                self._threads[what] = threading.Thread(target=done, name=f"rules-{what}", daemon=True)
                self._threads[what].start()

    def _look(self) -> None:
        with giving_way():
            self._read_again()
        # A change of few rules is compiled in milliseconds: it may have them.
        with self._compiling:
            before = self._compiled
            if before is not None and before.rules is not self._rules:
                self._compiled = _compiled(self._rules, before, before.slow)
        if self._compiled is not None and self._compiled.has_delta:
            self._start("merge", self._merge)

    def _read_again(self) -> None:
        with self._reading:
            found = self._shelf.look()
            if found is not None:
                self._take(found)

    def _merge(self) -> None:
        assert self._compiled is not None
        rules, slow = self._rules, self._compiled.slow
        with giving_way():
            merged = _compiled(rules, None, slow)
        with self._compiling:
            # What changed meanwhile stands beside it.
            if self._rules is not rules or self._compiled.slow != slow:
                merged = _compiled(self._rules, merged, self._compiled.slow)
            self._compiled = merged


def _compiled(rules: tuple[Rule, ...], previous: RuleSet | None, slow: Collection[str]) -> RuleSet:
    ruleset = RuleSet.compile(rules, previous, slow=slow)
    telemetry.rules_compiled(ruleset.engine, why_plain())
    if previous is None:
        # Rules stay. A full collection would look at all of them: of a hundred thousand for 0.7 s, between two items.
        gc.freeze()
    return ruleset


def _compiled_gently(rules: Sequence[Rule]) -> RuleSet:
    with giving_way():
        return RuleSet.compile(rules)


@lru_cache(maxsize=4)
def shared_rulebook(files: tuple[str, ...], redis_url: str = "") -> RuleBook:
    """The rulebook of this process for these files and the saved rules of this store."""
    return RuleBook(files, redis_url)
