"""Reads archives of entries, one JSON object a line, for replay and for ``rules match``.

Lines are read one by one: an archive may be larger than memory. The clock of an archive is
its own: ``fetched_at`` where a line has it, else ``published_at``, and it never runs backwards.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

import msgspec

from connectors.errors import Fault, SettingsError, reason_of
from connectors.records import Entry

# The clock before the first dated line, and the last instant that a line's date may set it to.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_DEFAULT_FEED = "replay"
_TEXTS = ("feed_id", "url", "title", "summary", "text", "language")


class _LineError(ValueError):
    """What is wrong with one line, in words."""


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One line of an archive: its id, and what a feed would have published."""

    id: str
    entry: Entry


def entry_from_json(entry: dict[str, Any], clock: datetime) -> Entry:
    """Make an entry of a line's object; ``clock`` is the ``fetched_at`` of the line before.

    Keys: id and title (needed), feed_id, url, summary, text, published_at, fetched_at (ISO 8601, UTC
    without a zone), language, categories, authors; others are ignored. Errors: ValueError in words.
    """
    texts = {key: entry.get(key) for key in _TEXTS}
    for key, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise _LineError(f"expected text in {key}, got {_kind(value)}")
    entry_id = entry.get("id")
    if isinstance(entry_id, int) and not isinstance(entry_id, bool):
        entry_id = str(entry_id)
    if not isinstance(entry_id, str) or not entry_id:
        raise _LineError("expected an id (text)")
    if texts["title"] is None:
        raise _LineError(f"expected a title (text) in entry {entry_id}")
    published_at = _instant(entry, "published_at")
    fetched_at = _instant(entry, "fetched_at") or published_at or clock
    return Entry(
        feed_id=texts["feed_id"] or _DEFAULT_FEED,
        entry_id=entry_id,
        link=texts["url"] or "",
        title=texts["title"],
        summary=texts["summary"] or "",
        content=texts["text"] or "",
        fetched_at=max(clock, fetched_at) if fetched_at < _LAST else clock,
        published_at=published_at,
        authors=_strings(entry, "authors"),
        categories=_strings(entry, "categories"),
        language=(texts["language"] or "").lower()[:2],
    )


def read_objects(lines: Iterable[str | bytes], path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the number and JSON object of each line, blank lines left out; ``path`` is for messages.

    Errors: SettingsError naming the first line that is no JSON object.
    """
    number = 0
    rest = iter(lines)
    while True:
        number += 1
        try:
            # A text file decodes as it is read, so reading may fail too.
            line = next(rest)
            if number == 1:
                line = line.removeprefix("\ufeff") if isinstance(line, str) else line.removeprefix(codecs.BOM_UTF8)
            if not line.strip():
                continue
            found = msgspec.json.decode(line)
            if not isinstance(found, dict):
                raise _LineError(f"got {_kind(found)}")
        except StopIteration:
            return
        except RecursionError as error:
            raise SettingsError([Fault(path, number, "", "expected a JSON object a line: nested too deep")]) from error
        except (msgspec.DecodeError, UnicodeError, _LineError) as error:
            raise SettingsError([Fault(path, number, "", f"expected a JSON object a line: {error}")]) from error
        yield number, found


def read_archive(lines: Iterable[str | bytes], path: str) -> Iterator[ArchiveEntry]:
    """Give the entries of an archive, one by one, in the order of the lines.

    Errors: SettingsError naming the first line that is no entry.
    """
    clock = EPOCH
    for number, found in read_objects(lines, path):
        try:
            entry = entry_from_json(found, clock)
        except _LineError as error:
            raise SettingsError([Fault(path, number, "", str(error))]) from error
        clock = entry.fetched_at
        yield ArchiveEntry(entry.entry_id, entry)


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open an archive for reading; "-" is standard input. Errors: SettingsError."""
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(path, "rb")  # noqa: SIM115  # closed below
    except (OSError, ValueError) as error:
        raise SettingsError([Fault(path, 0, "", f"cannot be opened: {reason_of(error)}")]) from error
    with file:
        yield file


def _instant(entry: dict[str, Any], key: str) -> datetime | None:
    value = entry.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _LineError(f"expected an ISO 8601 instant in {key}, got {_kind(value)}")
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _LineError(f"expected an ISO 8601 instant in {key}, got {value[:40]!r}") from error


def _strings(entry: dict[str, Any], key: str) -> tuple[str, ...]:
    value = entry.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _LineError(f"expected a list of texts in {key}")
    return tuple(value)


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", str: "text"}
    return "null" if value is None else names.get(type(value), "something else")
