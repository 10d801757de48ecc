"""Entries by fastfeedparser: its native extractor for well-formed RSS and Atom, its lxml reader for the rest.

The extractor is no public interface; the version is pinned, and without it, or where it behaves
otherwise, the public reader serves. It is called here directly because it says why it refused a
document and which dates it could not read, and the public function tells neither.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.entities import html5
from typing import Any

import fastfeedparser
from fastfeedparser import main as _fastfeedparser

from connectors.feeds.decode import repaired_utf8
from connectors.feeds.faults import ParseFault

_PARSE_DATE: Callable[[str], str | None] = getattr(_fastfeedparser, "_parse_date", lambda _text: None)
_EXTRACTOR: Any = getattr(_fastfeedparser, "_core", None)
_CDATA_OR_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    rb"|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)(?P<name>[A-Za-z][A-Za-z0-9]{1,31};)?",
    re.DOTALL,
)
# RSS 1.0 differs from 2.0 in where its items stand and in their namespace, not in what they hold.
_RDF = re.compile(rb"<rdf:RDF\b(?P<attributes>[^<>]*)>", re.IGNORECASE)
_RSS1 = re.compile(rb"\sxmlns\s*=\s*[\"']http://purl\.org/rss/1\.0/[\"']")
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 13))


@dataclass(slots=True)
class Extract:
    """Entries of a well-formed document, and the document without them."""

    # "rss" or "atom"
    kind: str
    header: bytes
    entries: list[dict[str, Any]]


def extract(document: bytes, faults: list[ParseFault]) -> tuple[Extract | None, bytes]:
    """Extract entries natively, mending what is easily mended; None where the extractor refuses.

    The second value is the document, mended; the mending adds its fault.
    """
    rdf_header = b""
    for _ in range(5):
        attempted: dict[str, str | None] = {}
        outcome = _extracted(document, attempted)
        if outcome == "entity reference":
            document = _CDATA_OR_AMPERSAND.sub(_spelled_out, document)
            faults.append(ParseFault.MALFORMED)
        elif outcome == "control character":
            document = document.translate(None, _CONTROLS)
            faults.append(ParseFault.MALFORMED)
        elif outcome == "invalid utf-8":
            document = repaired_utf8(document, faults)
        elif outcome == "root element" and not rdf_header and (rewritten := _as_rss(document)):
            rdf_header, document = rewritten
        elif isinstance(outcome, str):
            break
        else:
            kind, _, header, entries = outcome
            if rdf_header:
                kind, header = "rdf", rdf_header
            bad_dates = _without_dates_of_ids(entries, attempted)
            if bad_dates:
                faults.append(ParseFault.BAD_DATE)
            return Extract(kind, header, entries), document
    return None, document


def _extracted(document: bytes, attempted: dict[str, str | None]) -> Any:
    """Return (kind, namespace, header, entries), or the reason for a refusal."""
    if _EXTRACTOR is None:
        return "no extractor"

    def parse_date(text: str) -> str | None:
        attempted[text.strip()] = moment = _PARSE_DATE(text)
        return moment

    try:
        return _EXTRACTOR.parse_entries(document, dict, parse_date, html.unescape, True, True, False, False)
    except (AttributeError, TypeError):
        return "no extractor"


def _as_rss(document: bytes) -> tuple[bytes, bytes] | None:
    """Split an RSS 1.0 document into what stands before its items, and RSS 2.0 with those items."""
    root = _RDF.search(document, 0, 8192)
    first, last = document.find(b"<item "), document.rfind(b"</item>")
    if root is None or not root.end() <= first < last or not _RSS1.search(root["attributes"]):
        return None
    attributes = _RSS1.sub(b"", root["attributes"])
    items = document[first : last + len(b"</item>")]
    return document[:first], b"<rss%b><channel>%b</channel></rss>" % (attributes, items)


def _without_dates_of_ids(entries: list[dict[str, Any]], attempted: dict[str, str | None]) -> bool:
    """Undo dates that were guessed from an entry's id; return whether any real date was unreadable."""
    if not attempted:
        return False
    ids = set()
    for entry in entries:
        entry_id = entry.get("id")
        if entry_id in attempted:
            ids.add(entry_id)
            entry["published"] = entry.get("updated")
    return any(moment is None and text not in ids for text, moment in attempted.items())


def _spelled_out(found: re.Match[bytes]) -> bytes:
    whole = found[0]
    if not whole.startswith(b"&"):
        return whole
    name = found["name"] or b""
    character = html5.get(name.decode("ascii")) if name else None
    if character is None:
        return b"&amp;" + name
    return html.escape(character).encode()


def parse_publicly(document: bytes) -> list[dict[str, Any]]:
    """Read entries with fastfeedparser's public reader.

    Errors: ValueError for what is no feed; anything else it may raise on hostile input.
    """
    parsed = fastfeedparser.parse(document, include_media=False, include_enclosures=False)
    entries: list[dict[str, Any]] = parsed["entries"]
    return entries


def any_date(text: str) -> str | None:
    """Return a date in any common form as ISO 8601 in UTC, or None."""
    return _PARSE_DATE(text)
