"""What the desk says of rules and takes as one, for page and API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.errors import SettingsError
from desk.saved_records import LeftOut
from pipelines.rules.model import Severity


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What a saved rule is to be, and by whom."""

    query: str
    author: str
    severity: Severity = Severity.MEDIUM
    # Two-letter codes; none means all.
    languages: tuple[str, ...] = ()
    # Names of sinks; none means every sink.
    routes: tuple[str, ...] = ()
    # The revision that the author saw; 0 for a new rule.
    revision: int = 0


def mistakes_of(error: SettingsError) -> list[str]:
    """Say what is wrong with a change, each mistake with its field."""
    return [f"{fault.where.rpartition('.')[2]}: {fault.message}" for fault in error.faults]


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule in force, and where it comes from."""

    name: str
    severity: Severity
    query: str
    when: tuple[str, ...]
    languages: tuple[str, ...]
    routes: tuple[str, ...]
    version: str
    # "file" or "saved".
    origin: str
    # File and line; "" for a saved one.
    place: str
    # Who saved it when; "", None and 0 for one of a file.
    author: str = ""
    saved_at: datetime | None = None
    revision: int = 0
    # What it costs an item, of a rule in the slow lane; 0 for the others.
    slow_microseconds: int = 0


@dataclass(frozen=True, slots=True)
class RuleListing:
    """All rules: those in force, the saved ones that are not, and mistakes in the files."""

    rules: tuple[ListedRule, ...]
    left_out: tuple[LeftOut, ...]
    # Of files with mistakes the last good rules stay in force.
    faults: tuple[str, ...]
