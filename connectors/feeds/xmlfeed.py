"""Entries of an RSS, RDF or Atom document: the fast reader, and the tolerant one for what that mangles."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from connectors.feeds import guard
from connectors.feeds.decode import repaired_utf8
from connectors.feeds.fast import extract, parse_publicly
from connectors.feeds.faults import ParseFault
from connectors.feeds.header import feed_info, without_entries
from connectors.feeds.parsed import FeedInfo
from connectors.feeds.raw import RawFeed
from connectors.feeds.tolerant import read_tolerantly

# feedparser needs three seconds and a hundred times the memory for each of these megabytes.
_TOLERANT_BYTES = 3 * 1024 * 1024
# What the fast reader does not look at: markup inside text elements, bases and types of single
# elements, names of other vocabularies before the plain ones. Feeds are uniform: two entries tell.
_ELEMENT = re.compile(
    rb"<(?:\w+:)?(title|summary|description|entry|item|link|id|content|tagline|info)(\s[^<>]*)?(?<!/)>([^<]*<[a-zA-Z])?"
)
_PLAIN_TEXT = frozenset({b"title", b"summary", b"description"})
_ODD_ATTRIBUTE = re.compile(rb"\stype\s*=\s*[\"'](?:xhtml|application/xhtml)|\smode\s*=|\sxml:base\s*=")
_XHTML_BODY = re.compile(rb"<\w+:body\b|<body\b[^<>]*\sxmlns")
_SAMPLE_BYTES = 4 * 1024
_TITLE_BYTES = 256 * 1024
_ENTRY = re.compile(rb"<(?:[a-zA-Z][\w.-]*:)?(?:item|entry)[\s>]")
_HTML_TITLE = re.compile(rb"<title\b[^<>]*\btype\s*=\s*[\"'](?:html|text/html)")
_KIND = re.compile(rb"<(?:[a-zA-Z][\w.-]*:)?(rss|feed|rdf|channel)[\s>]", re.IGNORECASE)
_KINDS = {b"rss": "rss", b"feed": "atom", b"rdf": "rdf", b"channel": "rss"}


def read_xml(document: bytes, base_url: str, max_entries: int) -> RawFeed:
    """Read an XML feed that is UTF-8 and carries no contrary declaration. Never raises for its content."""
    faults: list[ParseFault] = []
    document = guard.from_markup(document, faults)
    document = guard.without_doctype(document, faults)
    document = guard.with_newest(document, max_entries, faults)
    extracted, document = extract(document, faults)
    if extracted is None:
        raw = _read_refused(document, base_url, faults)
    else:
        info, base = feed_info(extracted.header, extracted.kind, base_url)
        raw = RawFeed(info, base, extracted.entries, faults)
        if _is_mangled(document, extracted.entries, extracted.kind):
            raw = _tolerantly(document, base_url, raw)
    if raw.info.format == "atom" and any("<" in title or "&" in title for title in _titles(raw.entries)):
        raw.titles_are_html = _HTML_TITLE.search(document, 0, _TITLE_BYTES) is not None
    return raw


def _titles(entries: list[dict[str, Any]]) -> Iterator[str]:
    return (entry.get("title") or "" for entry in entries)


def _read_refused(document: bytes, base_url: str, faults: list[ParseFault]) -> RawFeed:
    """Read what the extractor refuses: RDF, XHTML content, broken documents."""
    document = repaired_utf8(document, faults)
    shape = guard.shape(document)
    if shape.too_deep:
        return RawFeed(FeedInfo(), "", [], [*faults, ParseFault.TOO_DEEP])
    if not shape.well_formed:
        faults.append(ParseFault.MALFORMED)
    found = _KIND.search(document)
    kind = _KINDS[found[1].lower()] if found else ""
    entries: list[dict[str, Any]] = []
    # Whatever hostile bytes make it raise means "ask the other reader".
    with contextlib.suppress(Exception):
        entries = parse_publicly(document)
    info, base = feed_info(without_entries(document), kind, base_url)
    raw = RawFeed(info, base, entries, faults)
    closed = document.count(b"</item>") + document.count(b"</entry>")
    if len(entries) < closed or _is_mangled(document, entries, kind) or _lost_date(document, entries):
        raw = _tolerantly(document, base_url, raw)
    return raw


def _is_mangled(document: bytes, entries: list[dict[str, Any]], kind: str) -> bool:
    if not entries:
        return _ENTRY.search(document) is not None
    name = b"entry>" if kind == "atom" else b"item>"
    start = document.find(b"<" + name[:-1])
    if start < 0:
        return False
    limit = start + _SAMPLE_BYTES
    first_end = document.find(b"</" + name, start, limit)
    end = document.find(b"</" + name, first_end + 1, limit) if first_end >= 0 else limit
    end = end if end >= 0 else limit
    for element in _ELEMENT.finditer(document, start, end):
        name, attributes, markup = element.groups()
        if (markup and name in _PLAIN_TEXT) or (
            attributes and name != b"content" and _ODD_ATTRIBUTE.search(attributes)
        ):
            return True
    if kind != "atom" and not entries[0].get("link") and document.find(b"<link", start, max(first_end, start)) >= 0:
        return True
    if document.find(b"body", start, end) >= 0 and _XHTML_BODY.search(document, start, end):
        return True
    title, other = document.find(b"<title", start, end), document.find(b":title", start, end)
    return 0 <= other < title


def _lost_date(document: bytes, entries: list[dict[str, Any]]) -> bool:
    """Say whether the public reader, which does not tell, passed over a date that it could not read."""
    dated = sum(1 for entry in entries if entry.get("published"))
    return dated < len(entries) and (b"ate>" in document or b"published>" in document or b"updated>" in document)


def _tolerantly(document: bytes, base_url: str, fast: RawFeed) -> RawFeed:
    """Ask feedparser; its reading counts unless it found fewer entries."""
    if len(document) > _TOLERANT_BYTES:
        return fast
    if guard.shape(document).too_deep:
        fast.faults.append(ParseFault.TOO_DEEP)
        return fast
    try:
        raw = read_tolerantly(document, base_url)
    except Exception:
        # Whatever hostile bytes make it raise, the fast reading stands.
        return fast
    if len(raw.entries) < len(fast.entries):
        return fast
    if fast.info.format and (fast.info.title or fast.info.link):
        raw.info, raw.base = fast.info, fast.base
    raw.faults = [*fast.faults, *raw.faults]
    return raw
