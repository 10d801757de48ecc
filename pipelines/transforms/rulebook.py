"""The rules of this process: read again when their files change; a mistake keeps the last good ones."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

from connectors.errors import SettingsError
from connectors.telemetry import FileKind, files_refused
from pipelines import telemetry
from pipelines.rules.load import load_rules
from pipelines.rules.matcher import RuleSet, why_plain
from pipelines.rules.model import Rule
from pipelines.stories.alerts import RuleTerms

_LOOK_SECONDS = 2.0


class RuleBook:
    """Rules compiled from files. The first reading raises what is wrong; later ones say so and go on."""

    def __init__(self, files: tuple[str, ...]) -> None:
        self._files = files
        self._stamp = _stamp(files)
        self._look_at = time.monotonic() + _LOOK_SECONDS
        self._rules: RuleSet | None = None
        self._load()

    def _load(self) -> None:
        self._loaded: tuple[Rule, ...] = load_rules(self._files)
        rules = self._loaded
        # Names that were asked for and stand in no file.
        self._gone: set[str] = set()
        self._terms = {
            rule.name: RuleTerms(rule.name, str(rule.severity), frozenset(rule.when), rule.routes) for rule in rules
        }
        telemetry.rules_loaded(len(rules))

    def _compile(self) -> RuleSet:
        """Compile what was read: only a process that matches pays for it."""
        if self._rules is None or self._rules.rules is not self._loaded:
            self._rules = RuleSet.compile(self._loaded, self._rules)
            telemetry.rules_compiled(self._rules.engine, why_plain())
        return self._rules

    def current(self) -> RuleSet:
        """The rules to match now."""
        self._look_now_and_then()
        return self._compile()

    def terms(self, name: str) -> RuleTerms | None:
        """What raising needs of a rule; None for one that is gone."""
        self._look_now_and_then()
        if name not in self._terms and name not in self._gone:
            # The process that matched it may have read the files first.
            self._look()
            if name not in self._terms:
                self._gone.add(name)
        return self._terms.get(name)

    def _look_now_and_then(self) -> None:
        if time.monotonic() >= self._look_at:
            self._look()

    def _look(self) -> None:
        self._look_at = time.monotonic() + _LOOK_SECONDS
        stamp = _stamp(self._files)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._load()
            except SettingsError as error:
                files_refused(FileKind.RULES, error)


def _stamp(files: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes of all rule files: what a change shows in."""
    found = []
    for name in files:
        path = Path(name)
        for file in sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]:
            try:
                about = file.stat()
            except OSError:
                found.append((str(file), 0, 0))
            else:
                found.append((str(file), about.st_mtime_ns, about.st_size))
    return tuple(found)


@lru_cache(maxsize=4)
def shared_rulebook(files: tuple[str, ...]) -> RuleBook:
    """The rulebook of this process for these files."""
    return RuleBook(files)
