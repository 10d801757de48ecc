"""Entries of an RSS, RDF or Atom document: the fast reader, and the tolerant one for what that mangles."""

from __future__ import annotations

import re
from typing import Any

from connectors.feeds import guard
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
_MANGLED = re.compile(
    rb"<(?:\w+:)?(?:title|summary|subtitle|tagline|info)\b[^<>]*\btype\s*=\s*[\"'](?:xhtml|application/xhtml)"
    rb"|\smode\s*=\s*[\"'](?:escaped|base64)"
    rb"|<(?:\w+:)?(?:entry|item|link|summary|title|id|guid|author)\b[^<>]*\sxml:(?:base|lang)\s*="
    rb"|<(?:title|description|summary|link)(?:\s[^<>]*)?>[^<]*<[a-zA-Z]"
    rb"|\btype\s*=\s*[\"'](?:text/plain|application/octet-stream)"
)
_SAMPLE_BYTES = 64 * 1024
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
    extracted, document = extract(document)
    if extracted is None:
        raw = _read_refused(document, base_url, faults)
    else:
        faults += [ParseFault.MALFORMED] * extracted.mended + [ParseFault.BAD_DATE] * extracted.bad_dates
        info, base = feed_info(extracted.header or b"", extracted.kind, base_url)
        raw = RawFeed(info, base, extracted.entries, faults)
        if _is_mangled(document, extracted.entries, extracted.kind):
            raw = _tolerantly(document, base_url, raw)
    raw.titles_are_html = raw.info.format == "atom" and _HTML_TITLE.search(document[:_SAMPLE_BYTES]) is not None
    return raw


def _read_refused(document: bytes, base_url: str, faults: list[ParseFault]) -> RawFeed:
    """Read what the extractor refuses: RDF, XHTML content, broken documents."""
    shape = guard.shape(document)
    if shape.too_deep:
        return RawFeed(FeedInfo(), "", [], [*faults, ParseFault.TOO_DEEP])
    if not shape.well_formed:
        faults.append(ParseFault.MALFORMED)
    found = _KIND.search(document)
    kind = _KINDS[found[1].lower()] if found else ""
    entries: list[dict[str, Any]] = []
    try:
        entries = parse_publicly(document)
    except Exception:  # noqa: BLE001 - hostile bytes: whatever it raises means "ask the other reader"
        pass
    info, base = feed_info(without_entries(document), kind, base_url)
    raw = RawFeed(info, base, entries, faults)
    if not shape.well_formed or not entries or _is_mangled(document, entries, kind) or _lost_date(document, entries):
        raw = _tolerantly(document, base_url, raw)
    return raw


def _is_mangled(document: bytes, entries: list[dict[str, Any]], kind: str) -> bool:
    if not entries:
        return _ENTRY.search(document) is not None
    first = _ENTRY.search(document)
    if first is None:
        return False
    sample = document[: first.start() + _SAMPLE_BYTES]
    second = _ENTRY.search(sample, first.end())
    third = _ENTRY.search(sample, second.end()) if second else None
    end = third.start() if third else len(sample)
    if _MANGLED.search(sample, first.start(), end):
        return True
    if kind == "rss" and not entries[0].get("link") and b"<link" in sample[first.start() : end]:
        return True
    title, other = sample.find(b"<title", first.start(), end), sample.find(b":title", first.start(), end)
    return 0 <= other < title


def _lost_date(document: bytes, entries: list[dict[str, Any]]) -> bool:
    """Say whether the public reader, which does not tell, passed over a date that it could not read."""
    dated = sum(1 for entry in entries if entry.get("published"))
    return dated < len(entries) and (b"ate>" in document or b"published>" in document or b"updated>" in document)


def _tolerantly(document: bytes, base_url: str, fast: RawFeed) -> RawFeed:
    """Ask feedparser; its reading counts unless it found fewer entries."""
    if len(document) > _TOLERANT_BYTES:
        return fast
    try:
        raw = read_tolerantly(document, base_url)
    except Exception:  # noqa: BLE001 - hostile bytes: the fast reading stands
        return fast
    if len(raw.entries) < len(fast.entries):
        return fast
    if fast.info.format and (fast.info.title or fast.info.link):
        raw.info, raw.base = fast.info, fast.base
    raw.faults = [*fast.faults, *raw.faults]
    return raw
