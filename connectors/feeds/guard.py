"""What a document is and whether it is safe to hand to a reader: markup declarations, depth, entry count. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from connectors.feeds.dates import iso_moment
from connectors.feeds.faults import ParseFault

DEPTH = 256
_HTML = re.compile(
    rb"(?>\s|<!--.*?-->|<\?.*?\?>)*<(?:!doctype\s+html|html|head|body|meta|script|title|div|p|h1|center|iframe)\b",
    re.I | re.S,
)
_START = re.compile(rb"<\?xml\b|<(?:[a-zA-Z][\w.-]*:)?(?:rss|feed|rdf|channel)[\s>]", re.I)
_ROOT = re.compile(rb"<(?:[a-zA-Z][\w.-]*:)?(?:rss|feed|rdf|channel|item|entry)[\s>]", re.I)
_DOCTYPE = re.compile(rb"<!DOCTYPE\b", re.I)
_ENTITY = re.compile(rb"<!ENTITY\b", re.I)
_ITEM = re.compile(rb"<((?:[a-zA-Z][\w.-]*:)?(?:item|entry))[\s>]")
_DATE = re.compile(rb"<(?:[a-zA-Z]+:)?(?:pubDate|published|updated|issued|modified|date)\b[^>]*>([^<]{4,64})<", re.I)
_SNIFF_BYTES = 8192
_PROLOG_BYTES = 64 * 1024
# Below this, even the shortest entries are few enough to be read and then counted.
_UNCOUNTED_BYTES = 1024 * 1024


def is_html(document: bytes) -> bool:
    """Say whether a document begins like a web page and goes on like one."""
    head = document[:_SNIFF_BYTES]
    return _HTML.match(head) is not None and _START.search(head.replace(b"<?xml", b"")) is None


def from_markup(document: bytes, faults: list[ParseFault]) -> bytes:
    """Return the document from its first feed-like tag, where there is junk before it."""
    document = document.lstrip()
    if document.startswith((b"<?xml ", b"<rss", b"<feed", b"<rdf", b"<!")):
        return document
    found = _START.search(document[:_SNIFF_BYTES])
    if found and found.start():
        faults.append(ParseFault.MALFORMED)
        return document[found.start() :]
    return document


def without_doctype(document: bytes, faults: list[ParseFault]) -> bytes:
    """Cut out a DOCTYPE with everything it declares, so that no reader can expand or fetch any of it."""
    root = _ROOT.search(document)
    found = _DOCTYPE.search(document, 0, root.start() if root else _PROLOG_BYTES)
    if found is None:
        return document
    end = _doctype_end(document, found.end())
    if _ENTITY.search(document, found.start(), end):
        faults.append(ParseFault.ENTITIES_REFUSED)
    return document[: found.start()] + document[end:]


def _doctype_end(document: bytes, start: int) -> int:
    """Place after the ">" that ends a DOCTYPE; quotes and the bracketed part may hold others."""
    quote, inside = 0, False
    for place in range(start, len(document)):
        byte = document[place]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == 0x5B:
            inside = True
        elif byte == 0x5D:
            inside = False
        elif byte == 0x3E and not inside:
            return place + 1
    root = _ROOT.search(document, start)
    return root.start() if root else len(document)


@dataclass(slots=True)
class Shape:
    """Whether a document is well-formed XML, and whether it nests too deeply to be read."""

    well_formed: bool
    too_deep: bool


class _TooDeepError(Exception):
    pass


def shape(document: bytes) -> Shape:
    """Walk a document with a strict parser that keeps nothing and fetches nothing."""
    depth = 0

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise _TooDeepError

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        return Shape(well_formed=False, too_deep=False)
    except _TooDeepError:
        return Shape(well_formed=False, too_deep=True)
    return Shape(well_formed=True, too_deep=False)


def with_newest(document: bytes, limit: int, faults: list[ParseFault]) -> bytes:
    """Cut a document down to about ``limit`` entries, at the end of it that holds the newer ones."""
    found = _ITEM.search(document) if len(document) > _UNCOUNTED_BYTES else None
    if found is None:
        return document
    name = found[1]
    closing = b"</" + name + b">"
    ends = []
    place = document.find(closing, found.start())
    while place >= 0:
        ends.append(place + len(closing))
        place = document.find(closing, ends[-1])
    if len(ends) <= limit:
        return document
    faults.append(ParseFault.TOO_MANY_ENTRIES)
    first, last = (_first_date(document[found.start() : ends[0]]), _first_date(document[ends[-2] : ends[-1]]))
    tail = document[ends[-1] :]
    if first and last and first < last:
        return document[: found.start()] + document[ends[-limit - 1] : ends[-1]] + tail
    return document[: ends[limit - 1]] + tail


def _first_date(segment: bytes) -> str | None:
    found = _DATE.search(segment)
    return iso_moment(found[1].decode("utf-8", "ignore").strip(), []) if found else None
