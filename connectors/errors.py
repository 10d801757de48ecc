"""Failures, each classified once where it happens: a user's mistake, worth retrying, or for good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class WirewatchError(Exception):
    """Base of every failure this project raises on purpose."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a file a person wrote."""

    path: str
    # 1-based; 0 where the fault concerns the whole file.
    line: int
    # Dotted path inside the file ("deliver.sinks[0].url"), or "".
    where: str
    # What was expected and what was found.
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        told = f"{place}: {self.where}: {self.message}" if self.where else f"{place}: {self.message}"
        # One line, whatever the file holds: no line ends, no controls of a terminal.
        return told if told.isprintable() else "".join(map(_shown, told))


def _shown(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


class SettingsError(WirewatchError):
    """Settings, rules or feed lists with mistakes: every one of them, in file order. Exit code 2."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class RetryableError(WirewatchError):
    """The outside world failed in a way that may pass."""


class PermanentError(WirewatchError):
    """Trying again will not help."""


def reason_of(error: OSError | ValueError) -> str:
    """Why a file could not be opened: the system's words; a ValueError is a name that no file can have."""
    return str(error.strerror) if isinstance(error, OSError) else str(error)
