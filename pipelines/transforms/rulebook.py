"""The rules of this process: read and compiled again in the background when they change, while the old ones match."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from connectors.errors import SettingsError
from connectors.log.log import shared_log
from connectors.telemetry import FileKind, files_refused
from pipelines import telemetry
from pipelines.background import giving_way
from pipelines.rules.matcher import RuleSet, why_plain
from pipelines.rules.model import Rule
from pipelines.saved_rules import SavedRules
from pipelines.shelf import InForce, RuleShelf
from pipelines.stories.alerts import RuleTerms

_LOOK_SECONDS = 2.0


class _Compiled(NamedTuple):
    rules: tuple[Rule, ...]
    ruleset: RuleSet


class RuleBook:
    """Rules out of files, and where a store is named those that people saved.

    The first reading raises what is wrong, and waits for an absent store; later ones say so and go on.

    Three kinds of work, none of which whoever matches waits for, but the first compiling: a look reads what
    changed and compiles it beside the rest; a merge, in a thread of its own because it may take minutes,
    compiles all as one again. What is finished is swapped in whole.
    """

    def __init__(self, files: tuple[str, ...], redis_url: str = "") -> None:
        self._last: InForce | None = None
        # Names that were asked for and stand nowhere.
        self._gone: set[str] = set()
        if redis_url:
            log = shared_log(redis_url)
            self._shelf = RuleShelf(files, SavedRules(log.client))
            # Entries that came before the saved rules are known would never meet them.
            self._take(log.waiting(self._shelf.read))
        else:
            self._shelf = RuleShelf(files)
            self._take(self._shelf.read())
        self._compiled: _Compiled | None = None
        self._look_at = time.monotonic() + _LOOK_SECONDS
        self._reading, self._compiling, self._starting = threading.Lock(), threading.Lock(), threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
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
                    self._compiled = _compiled(self._rules, None)
        return self._compiled.ruleset

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
                self._compiled = _compiled(self._rules, before.ruleset)
        if self._compiled is not None and self._compiled.ruleset.has_delta:
            self._start("merge", self._merge)

    def _read_again(self) -> None:
        with self._reading:
            found = self._shelf.look()
            if found is not None:
                self._take(found)

    def _merge(self) -> None:
        rules = self._rules
        with giving_way():
            merged = _compiled(rules, None)
        with self._compiling:
            # What changed meanwhile stands beside it.
            self._compiled = merged if self._rules is rules else _compiled(self._rules, merged.ruleset)


def _compiled(rules: tuple[Rule, ...], previous: RuleSet | None) -> _Compiled:
    ruleset = RuleSet.compile(rules, previous)
    telemetry.rules_compiled(ruleset.engine, why_plain())
    if previous is None:
        # Rules stay. A full collection would look at all of them: of a hundred thousand for 0.7 s, between two items.
        gc.freeze()
    return _Compiled(rules, ruleset)


@lru_cache(maxsize=4)
def shared_rulebook(files: tuple[str, ...], redis_url: str = "") -> RuleBook:
    """The rulebook of this process for these files and the saved rules of this store."""
    return RuleBook(files, redis_url)
