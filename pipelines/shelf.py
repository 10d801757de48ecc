"""All rules that there are: those of the files and those that people saved, read by one reader.

A file wins over a saved rule of the same name, and a saved rule that cannot be read stops no other: both are
left out, with the reason.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from connectors.errors import Fault, SettingsError
from connectors.log.connect import connect
from connectors.yaml_files import Stamps, stamps_of
from pipelines.revisions import SAVED, Saved, faults_of_author
from pipelines.rules.load import Reading, RuleReader, read_written
from pipelines.rules.model import Node, Rule
from pipelines.saved_rules import SavedRule, SavedRules


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that are matched, and what is not."""

    # Those of files in the files' order, then the saved ones by name.
    rules: tuple[Rule, ...]
    named: Mapping[str, Node]
    # All that are saved and can be decoded, also those left out.
    saved: Mapping[str, SavedRule]
    # Names of saved rules that are not matched, and why.
    left_out: Mapping[str, str]
    # Mistakes in files that changed: of these the last good rules are in force.
    faults: tuple[Fault, ...] = ()


class RuleShelf:
    """Reads files and store, and again what changed. Safe to use from several threads."""

    def __init__(self, files: tuple[str, ...], store: SavedRules | None = None) -> None:
        self._files = files
        self._store = store
        self._reader = RuleReader()
        self._stamp: Stamps | None = None
        self._reading = Reading((), {})
        self._saved: Saved[SavedRule] = Saved()
        self._last: InForce | None = None
        # Saved rules as they were read, by record.
        self._read: dict[SavedRule, Rule | SettingsError] = {}
        self._lock = threading.Lock()

    @property
    def saved_rules(self) -> SavedRules:
        """Where saved rules are kept, for who writes them. Only of a shelf with a store."""
        assert self._store is not None
        return self._store

    def read(self) -> InForce:
        """Give what is in force now.

        Errors: SettingsError for mistakes in the files and redis.RedisError, both at the first reading only:
        later the last good rules stay, and saved ones that are known stay while the store is away.
        """
        with self._lock:
            return self._look() or self._known()

    def look(self) -> InForce | None:
        """The same, None where nothing changed."""
        with self._lock:
            return self._look()

    def _known(self) -> InForce:
        assert self._last is not None
        return self._last

    def _look(self) -> InForce | None:
        last, stamp, saved = self._last, stamps_of(self._files), self._saved_now()
        if last is not None and stamp == self._stamp and saved is self._saved:
            return None
        faults, reading = last.faults if last is not None else (), self._reading
        if stamp != self._stamp:
            try:
                reading, faults = self._reader.read(self._files), ()
            except SettingsError as error:
                if last is None:
                    raise
                faults = error.faults
        self._stamp, self._saved = stamp, saved
        self._last = self._put_together(reading, saved, faults)
        return self._last

    def _saved_now(self) -> Saved[SavedRule]:
        if self._store is None:
            return self._saved
        return self._store.read() if self._last is None else self._store.again(self._saved)

    def _put_together(self, reading: Reading, saved: Saved[SavedRule], faults: tuple[Fault, ...]) -> InForce:
        if not _are_same(reading.named, self._reading.named):
            self._read = {}
        self._reading = reading
        read, left_out, rules = {}, dict(saved.unreadable), list(reading.rules)
        of_files = {rule.name: rule for rule in reading.rules} if saved.records else {}
        for name, record in saved.records.items():
            if name in of_files:
                left_out[name] = taken(of_files[name])
                continue
            found = read[record] = self._read.get(record) or _read(record, reading.named)
            if isinstance(found, Rule):
                rules.append(found)
            else:
                left_out[name] = "; ".join(fault.message for fault in found.faults)
        self._read = read
        return InForce(tuple(rules), reading.named, saved.records, left_out, faults)


def taken(rule: Rule) -> str:
    """Say that a file has a rule of this name."""
    return f"the file {Path(rule.path).name}, line {rule.line}, has a rule of this name"


def check(record: SavedRule, in_force: InForce) -> Rule:
    """Check a rule before it is saved. Errors: SettingsError with every fault; its ``where`` names the field."""
    faults = faults_of_author(record.author)
    of_file = next((rule for rule in in_force.rules if rule.name == record.name and rule.path != SAVED), None)
    if of_file is not None:
        faults.append(Fault(SAVED, 0, "name", f"{taken(of_file)}: change it there, or choose another name"))
    found = _read(record, in_force.named)
    if isinstance(found, SettingsError):
        faults += found.faults
    if faults or isinstance(found, SettingsError):
        raise SettingsError(faults)
    return found


def _read(record: SavedRule, named: Mapping[str, Node]) -> Rule | SettingsError:
    written = {
        "name": record.name,
        "query": record.query,
        "severity": str(record.severity),
        "languages": record.languages,
        "routes": record.routes,
    }
    try:
        return read_written(written, named, SAVED)
    except SettingsError as error:
        return error


def _are_same(one: Mapping[str, Node], other: Mapping[str, Node]) -> bool:
    # The reader gives the same tree for a named query as long as it and what it uses stay the same.
    return one.keys() == other.keys() and all(node is other[name] for name, node in one.items())


@lru_cache(maxsize=4)
def shared_shelf(files: tuple[str, ...], redis_url: str) -> RuleShelf:
    """The shelf of this process for these files and this store."""
    return RuleShelf(files, SavedRules(connect(redis_url)))
