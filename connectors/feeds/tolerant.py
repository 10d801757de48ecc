"""Entries by feedparser, for documents that the fast readers refuse or would read wrongly.

It gets a stream of bytes, never a name or address that it could open, and neither sanitises nor
resolves markup: that is done here for every reader alike.
"""

from __future__ import annotations

import io
import time
from calendar import timegm
from datetime import UTC, datetime
from typing import Any

from connectors.feeds.faults import ParseFault
from connectors.feeds.header import two_letters
from connectors.feeds.links import absolute, usable_base
from connectors.feeds.parsed import FeedInfo
from connectors.feeds.raw import RawFeed
from connectors.feeds.sanitize import plain_line


def read_tolerantly(document: bytes, base_url: str) -> RawFeed:
    """Read a document as feedparser does; entries carry their own base.

    Errors: whatever feedparser raises on hostile input.
    """
    # Loaded here: it costs a worker 8 MB, and most never meet a document that needs it.
    import feedparser

    parsed = feedparser.parse(
        io.BytesIO(document),
        # No address: feedparser would resolve ids against it, and an id must not depend on the reader.
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    feed, faults = parsed.feed, []
    if parsed.bozo:
        faults.append(ParseFault.MALFORMED)
    base = usable_base(base_url)
    link = absolute(_text(feed, "link"), base, [])
    info = FeedInfo(
        format=parsed.version.rstrip("0123456789") or "",
        title=plain_line(_text(feed, "title"), is_html=True, faults=[]),
        link=link,
        language=two_letters(_text(feed, "language")),
    )
    return RawFeed(info, base or link, [_entry(entry, faults) for entry in parsed.entries], faults)


def _entry(entry: Any, faults: list[ParseFault]) -> dict[str, Any]:
    title, summary = _detail(entry, "title_detail"), _detail(entry, "summary_detail")
    contents = [
        {key: content.get(key) for key in ("type", "base", "language", "value")}
        for content in dict.get(entry, "content", ())
    ]
    published = _moment(entry, "published", faults)
    updated = _moment(entry, "updated", faults)
    if published is None and updated is None:
        published = _moment(entry, "created", faults)
    return {
        "id": _text(entry, "id"),
        "link": _text(entry, "link"),
        "title": _text(entry, "title"),
        "title_is_html": title.get("type") != "text/plain",
        "description": _text(entry, "summary"),
        "description_is_text": summary.get("type") == "text/plain",
        "base": summary.get("base") or title.get("base") or "",
        "language": title.get("language") or "",
        "published": published,
        "updated": updated,
        "authors": [{"name": author.get("name", "")} for author in dict.get(entry, "authors", ())],
        "tags": [{"term": tag.get("term") or tag.get("label")} for tag in dict.get(entry, "tags", ())],
        "content": contents,
    }


def _detail(entry: Any, name: str) -> dict[str, Any]:
    found = dict.get(entry, name)
    return found if isinstance(found, dict) else {}


def _text(mapping: Any, name: str) -> str:
    # dict.get: feedparser's own mapping answers "updated" with "published" where it has none.
    value = dict.get(mapping, name)
    return value if isinstance(value, str) else ""


def _moment(entry: Any, name: str, faults: list[ParseFault]) -> str | None:
    parsed = dict.get(entry, f"{name}_parsed")
    if isinstance(parsed, time.struct_time):
        try:
            return datetime.fromtimestamp(timegm(parsed), UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            parsed = None
    if parsed is None and _text(entry, name):
        faults.append(ParseFault.BAD_DATE)
    return None
