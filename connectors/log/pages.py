"""Cursors and pages: a run of one stream, with the committed position at which it begins. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Cursor:
    """Committed position of the one reader of a stream, compared as a whole.

    The serial grows with every commit, ticks included, so that a tick committed twice is refused
    although it moves no id. ``read`` counts entries: lag and loss are exact differences with it.
    """

    last_id: str = "0-0"
    serial: int = 0
    read: int = 0

    def __str__(self) -> str:
        return f"{self.last_id} {self.serial} {self.read}"

    @classmethod
    def parse(cls, raw: bytes | None) -> Cursor:
        """Read what ``str`` wrote; None is the origin. Errors: ValueError for anything else."""
        if raw is None:
            return cls()
        last_id, serial, read = raw.decode().split(" ")
        return cls(last_id, int(serial), int(read))

    def moved(self, last_id: str, entries: int) -> Cursor:
        """Position after a page of that many entries which ends at ``last_id``."""
        return Cursor(last_id, self.serial + 1, self.read + entries)


@dataclass(frozen=True, slots=True)
class Standing:
    """A stream and a reader's cursor in it, read at one moment."""

    cursor: Cursor = Cursor()
    # Of the newest entry.
    last_id: str = "0-0"
    # Entries ever appended, and those present.
    added: int = 0
    length: int = 0

    @classmethod
    def parse(cls, raw_cursor: bytes | None, about: Mapping[str, Any]) -> Standing:
        """Read what GET of the cursor and XINFO STREAM answered."""
        last_id = about["last-generated-id"].decode()
        return cls(Cursor.parse(raw_cursor), last_id, int(about["entries-added"]), int(about["length"]))

    @property
    def lost(self) -> int:
        """Entries that somebody trimmed before they were read and that no commit has counted."""
        return max(0, self.added - self.length - self.cursor.read)

    @property
    def unread(self) -> int:
        """Entries that wait: those that are lost do not."""
        return min(self.length, max(0, self.added - self.cursor.read))


@dataclass(frozen=True, slots=True)
class Record:
    """One stream entry as it stands in Redis."""

    id: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class LogPage:
    """Records read together; none for a tick, which only carries the clock."""

    stream: str
    after: Cursor
    cursor: Cursor
    # Wall clock at the source, the only place where it enters a pipeline.
    clock: datetime
    records: tuple[Record, ...]
