"""The door to feed parsing: bytes of any kind in, safe entries and named faults out. Never raises for content."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from connectors.feeds import guard
from connectors.feeds.dates import instant
from connectors.feeds.decode import to_utf8
from connectors.feeds.faults import ParseFault
from connectors.feeds.header import two_letters
from connectors.feeds.jsonfeed import read_json
from connectors.feeds.links import absolute, nested, usable_base
from connectors.feeds.parsed import FeedInfo, ParsedEntry, ParsedFeed
from connectors.feeds.raw import RawFeed
from connectors.feeds.sanitize import escaped, plain_line, safe_html
from connectors.feeds.xmlfeed import read_xml
from connectors.keys import stable_id

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 2_000
_NAME_CHARS = 200
_NAMES = 32
_ID_CHARS = 1_024
_TEXT_TYPES = frozenset({"text", "text/plain"})


def parse_feed(
    body: bytes,
    *,
    base_url: str,
    content_type: str = "",
    now: datetime | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    max_entries: int = MAX_ENTRIES,
) -> ParsedFeed:
    """Read a feed document as it came over the wire, decompressed.

    ``base_url`` is its own address, against which relative links resolve; ``content_type`` the HTTP
    header, for its charset; ``now`` bounds how far in the future a date may lie.
    """
    if len(body) > max_body_bytes:
        return ParsedFeed(faults=(ParseFault.TOO_LARGE,))
    document, faults = to_utf8(body, content_type)
    raw = _read(document, base_url, max_entries)
    faults += raw.faults
    if len(raw.entries) > max_entries:
        faults.append(ParseFault.TOO_MANY_ENTRIES)
        raw.entries = _newest(raw.entries, max_entries)
    reader = _EntryReader(raw, usable_base(base_url), now, faults)
    entries = tuple(reader.entry(found) for found in raw.entries)
    return ParsedFeed(raw.info, entries, tuple(dict.fromkeys(faults)))


def _read(document: bytes, base_url: str, max_entries: int) -> RawFeed:
    start = document[:256].lstrip()[:1]
    if not start and not document.strip():
        return _nothing(ParseFault.EMPTY_BODY)
    if start in (b"{", b"["):
        return read_json(document, base_url)
    if guard.is_html(document):
        return _nothing(ParseFault.NOT_A_FEED_HTML)
    if b"<" not in document:
        return _nothing(ParseFault.NOT_A_FEED)
    raw = read_xml(document, base_url, max_entries)
    if not raw.entries and not raw.info.format and not raw.faults:
        raw.faults.append(ParseFault.NOT_A_FEED)
    elif not raw.entries and not raw.info.format and raw.faults == [ParseFault.MALFORMED]:
        raw.faults.append(ParseFault.UNPARSEABLE)
    return raw


def _nothing(fault: ParseFault) -> RawFeed:
    return RawFeed(FeedInfo(), "", [], [fault])


def _newest(entries: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    first, last = (entries[place].get("published") or "" for place in (0, -1))
    return entries[-limit:] if first and last and first < last else entries[:limit]


class _EntryReader:
    """Makes what a reader found safe, one entry at a time."""

    def __init__(self, raw: RawFeed, base_url: str, now: datetime | None, faults: list[ParseFault]) -> None:
        self._base = raw.base or base_url
        self._language = raw.info.language
        self._titles_are_html = raw.titles_are_html
        self._is_atom = raw.info.format == "atom"
        self._now = now
        self._faults = faults

    def entry(self, raw: dict[str, Any]) -> ParsedEntry:
        """Turn a raw entry into a safe one."""
        faults = self._faults
        base = nested(raw["base"], self._base) if raw.get("base") else self._base
        raw_id = raw.get("id") or ""
        raw_link = raw.get("link") or ""
        if not raw_link and self._is_atom and raw_id.startswith(("http://", "https://")):
            raw_link = raw_id
        link = absolute(raw_link, base, faults) if raw_link else ""
        title = raw.get("title") or ""
        if title:
            title = plain_line(title, is_html=raw.get("title_is_html", self._titles_are_html), faults=faults)
        summary, content = self._texts(raw, base)
        raw_published, raw_updated = raw.get("published"), raw.get("updated")
        published = instant(raw_published, self._now, faults) if raw_published else None
        if raw_updated == raw_published:
            updated = published
        else:
            updated = instant(raw_updated, self._now, faults) if raw_updated else None
        tags, authors = raw.get("tags"), raw.get("authors")
        return ParsedEntry(
            _identity(raw_id) or link or stable_id(title, summary or content),
            link,
            title,
            summary,
            content,
            published or updated,
            updated,
            _names(authors, "name") if authors else (),
            _names(tags, "term") if tags else (),
            (two_letters(raw["language"]) if raw.get("language") else "") or self._language,
        )

    def _texts(self, raw: dict[str, Any], base: str) -> tuple[str, str]:
        """Return summary and content; content is "" where it would say the summary again."""
        faults = self._faults
        description = raw.get("description") or ""
        contents = raw.get("content")
        content = contents[0] if contents else None
        value = content.get("value") or "" if content else ""
        if content is None or not value or value.strip() == description:
            if raw.get("description_is_text"):
                return escaped(description), ""
            return safe_html(description, base, faults), ""
        own = content.get("base")
        inner = nested(own, base) if own else base
        body = escaped(value) if content.get("type") in _TEXT_TYPES else safe_html(value, inner, faults)
        if raw.get("description_is_text"):
            return escaped(description), body
        return safe_html(description, base, faults), body


def _identity(raw_id: str) -> str:
    """Return a feed's own id as given; hashed where it is markup or longer than any honest one."""
    entry_id = raw_id.strip()
    return entry_id if len(entry_id) <= _ID_CHARS and "<" not in entry_id else stable_id(entry_id)


def _names(found: list[dict[str, Any]], key: str) -> tuple[str, ...]:
    names = {_name(name[:_NAME_CHARS]): None for each in found[:_NAMES] if (name := each.get(key))}
    names.pop("", None)
    return tuple(names)


@lru_cache(maxsize=2048)
def _name(text: str) -> str:
    return plain_line(text, is_html=True, faults=[])
