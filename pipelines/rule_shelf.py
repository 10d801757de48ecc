"""All rules that there are: those of the files and those that people saved, read by one reader (``shelf.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from connectors.errors import Fault, SettingsError
from connectors.log.connect import connect
from pipelines.revisions import SAVED, Saved, faults_of_author
from pipelines.rules.load import Reading, RuleReader, read_written
from pipelines.rules.model import Node, Rule
from pipelines.saved_rules import SavedRule, SavedRules
from pipelines.shelf import Shelf


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


class RuleShelf(Shelf[Reading, SavedRule, InForce]):
    """The rules of some files and of a store."""

    def __init__(self, files: tuple[str, ...], store: SavedRules | None = None) -> None:
        super().__init__(files, store, Reading((), {}))
        self._reader = RuleReader()
        # Saved rules as they were read, by record.
        self._read: dict[SavedRule, Rule | SettingsError] = {}

    def _read_files(self) -> Reading:
        return self._reader.read(self._files)

    def _put_together(self, listed: Reading, saved: Saved[SavedRule], faults: tuple[Fault, ...]) -> InForce:
        if not _are_same(listed.named, self._listed.named):
            self._read = {}
        read, left_out, rules = {}, dict(saved.unreadable), list(listed.rules)
        of_files = {rule.name: rule for rule in listed.rules} if saved.records else {}
        for name, record in saved.records.items():
            if name in of_files:
                left_out[name] = taken(of_files[name])
                continue
            found = read[record] = self._read.get(record) or _read(record, listed.named)
            if isinstance(found, Rule):
                rules.append(found)
            else:
                left_out[name] = "; ".join(fault.message for fault in found.faults)
        self._read = read
        return InForce(tuple(rules), listed.named, saved.records, left_out, faults)


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
