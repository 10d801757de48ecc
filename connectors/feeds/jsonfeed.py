"""Entries of a JSON Feed 1.x, in the shape the other readers give."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from connectors.feeds.dates import iso_moment
from connectors.feeds.decode import repaired_utf8
from connectors.feeds.faults import ParseFault
from connectors.feeds.header import two_letters
from connectors.feeds.links import absolute, usable_base
from connectors.feeds.parsed import FeedInfo
from connectors.feeds.raw import RawFeed
from connectors.feeds.sanitize import escaped, plain_line


def read_json(document: bytes, base_url: str) -> RawFeed:
    """Read a JSON Feed; members of the wrong type are passed over with a fault."""
    faults: list[ParseFault] = []
    base = usable_base(base_url)
    try:
        data = _decoded(repaired_utf8(document, faults))
    except RecursionError:
        return RawFeed(FeedInfo(), base, [], [*faults, ParseFault.TOO_DEEP])
    except ValueError:
        return RawFeed(FeedInfo(), base, [], [*faults, ParseFault.UNPARSEABLE])
    version, items = (data.get("version"), data.get("items")) if isinstance(data, dict) else (None, None)
    if not (isinstance(version, str) and "jsonfeed.org" in version) and not _looks_like_items(items):
        return RawFeed(FeedInfo(), base, [], [*faults, ParseFault.NOT_A_FEED])
    home = absolute(_text(data, "home_page_url"), base, [])
    hubs = data.get("hubs")
    info = FeedInfo(
        format="json",
        title=plain_line(_text(data, "title"), is_html=False, faults=[]),
        link=home,
        language=two_letters(_text(data, "language")),
        hubs=tuple(
            url for hub in (hubs if isinstance(hubs, list) else ()) if (url := absolute(_text(hub, "url"), base, []))
        )[:8],
        self_link=absolute(_text(data, "feed_url"), base, []),
    )
    entries = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            entries.append(_entry(item, faults))
        else:
            faults.append(ParseFault.MALFORMED)
    return RawFeed(info, base or home, entries, faults)


def _decoded(document: bytes) -> Any:
    try:
        return msgspec.json.decode(document)
    except msgspec.DecodeError:
        # The standard library's reader takes lone surrogates and NaN; the former are replaced.
        return _without_surrogates(json.loads(document))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
    return value


def _looks_like_items(items: Any) -> bool:
    return isinstance(items, list) and any(
        isinstance(item, dict) and ("content_html" in item or "content_text" in item or {"id", "url"} <= item.keys())
        for item in items[:10]
    )


def _text(mapping: Any, *names: str) -> str:
    for name in names:
        value = mapping.get(name) if isinstance(mapping, dict) else None
        if isinstance(value, str) and value:
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
    return ""


def _entry(item: dict[str, Any], faults: list[ParseFault]) -> dict[str, Any]:
    text, summary, markup = _text(item, "content_text"), _text(item, "summary"), _text(item, "content_html")
    authors = item.get("authors")
    named = authors if isinstance(authors, list) else [item.get("author")]
    tags = item.get("tags")
    content = markup or (escaped(text) if text else "")
    return {
        "id": _text(item, "id"),
        "link": _text(item, "url", "external_url"),
        "title": _text(item, "title"),
        "title_is_html": False,
        "description": escaped(summary) if summary else content,
        "content": [{"value": content}] if content and summary else [],
        "published": iso_moment(_text(item, "date_published"), faults),
        "updated": iso_moment(_text(item, "date_modified"), faults),
        "authors": [{"name": _text(author, "name")} for author in named],
        "tags": [{"term": tag} for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        "language": two_letters(_text(item, "language")),
    }
