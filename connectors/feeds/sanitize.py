"""Untrusted HTML to the little that may be stored, and to plain text. nh3 is the only gate for markup.

What is kept: text structure, emphasis, tables, links and pictures with absolute http(s) addresses.
Nothing that runs, loads by itself, styles or submits.
"""

from __future__ import annotations

import html
import re
import threading

import nh3

from connectors.feeds.faults import ParseFault
from connectors.feeds.links import absolute

TAGS = frozenset(
    """
    a abbr acronym b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em
    figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q rp rt ruby s samp small strike strong sub
    sup table tbody td tfoot th thead time tr tt u ul var wbr
    """.split()
)
_ATTRIBUTES = {
    "a": {"href", "title", "hreflang"},
    "abbr": {"title"},
    "acronym": {"title"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "*": {"dir", "lang"},
}
_DROPPED_WITH_TEXT = {"script", "style"}
_SCHEMES = {"http", "https"}

TITLE_CHARS = 1_000
HTML_CHARS = 400_000
# Markup and all: no honest title comes near it.
_TITLE_SOURCE_CHARS = 20_000
# Checking markup costs ten times what reading the words does, and the tails of long articles hold
# most of it. Beyond its first paragraph a field keeps its words and line breaks; that is all that rules
# and the page read of it.
_MARKUP_BYTES = 480
# Elements left open are opened again in each block: a kilobyte of them can grow to a megabyte.
_GROWN_CHARS = 32_000

# What holds text that is not meant to be read, which goes to its end or to the end of all.
_UNREAD = ("script", "style", "svg", "iframe", "noscript", "template")
# A tag; its group is what ends a line of words: ends of blocks, and what is not read. Lower case
# only: what this misses is shown as words, never run.
_TAG = re.compile(
    r"<(?:(/(?:p>|li>|h[1-6]>|div>|tr>|pre>|blockquote>|figure>|d[dt]>)|[bh]r ?/?>|!--(?:.*?-->|.*)|"
    + "|".join(rf"{name}\b(?:.*?</{name}\s*>|.*)" for name in _UNREAD)
    + r")|[^>]*>)",
    re.DOTALL,
)
_NO_TAG = re.compile(rf"<(?!!--|(?:{'|'.join(_UNREAD)})\b)")
_UNSPOKEN = re.compile(
    r"<(script|style|template|noscript|iframe|svg)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE
)
_SPACE = " \t\n\r\v\f"
# What ends a line or controls a device, with the spaces around it. Other spaces stay as given.
_SPACES = re.compile(r" *[\x00-\x1f\x7f\x85\u2028\u2029][\x00-\x20\x7f\x85\u2028\u2029]*")
_MARKUP_IN_TITLE = re.compile(
    r"</?(?:a|abbr|b|bdi|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|kbd|li|mark|p|q|s|small|span|strike|strong"
    r"|su[bp]|table|t[dr]|tt|u|ul|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ACTIVE = re.compile(r"<\s*/?(?:script|style|iframe|object|embed|svg|math|img|link|meta|base|form|body|html)\b", re.I)


class _Base(threading.local):
    """Where relative addresses start while a piece of HTML is cleaned in this thread."""

    url = ""


_BASE = _Base()


def _resolved(address: str) -> str | None:
    return absolute(address, _BASE.url, []) or None if _BASE.url else None


_CLEAN = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=_DROPPED_WITH_TEXT,
    attributes=_ATTRIBUTES,
    url_schemes=_SCHEMES,
    url_relative=_resolved,
).clean


def safe_html(source: str, base: str, faults: list[ParseFault]) -> str:
    """Return HTML that is safe to show, relative addresses resolved against an http(s) base or dropped."""
    if "<" not in source:
        return _CLEAN(source).strip() if "&" in source else source.strip()
    if len(source) > HTML_CHARS:
        faults.append(ParseFault.TEXT_CUT)
        source = source[:HTML_CHARS]
    head, tail = source, ""
    if len(source) > 1.25 * _MARKUP_BYTES:
        start = source[: 2 * _MARKUP_BYTES].encode()
        head = start[: _cut(start)].decode("utf-8", "ignore")
        tail = source[len(head) :]
    _BASE.url = base
    safe = _CLEAN(head)
    if len(safe) > _GROWN_CHARS:
        faults.append(ParseFault.TOO_DEEP)
        return _lines(source)
    if not tail:
        return safe.strip()
    # The cut may fall between a word and the space behind it.
    return f"{safe} {_lines(tail)}" if tail[0].isspace() else safe + _lines(tail)


def _cut(source: bytes) -> int:
    """Place after the markup that is kept: the end of a paragraph, else of a tag, else anywhere."""
    for ending in (b"</p>", b">"):
        found = source.find(ending, _MARKUP_BYTES, 2 * _MARKUP_BYTES)
        if found >= 0:
            return found + len(ending)
    return _MARKUP_BYTES


def escaped(text: str) -> str:
    """Return plain text as HTML, its line breaks kept."""
    return html.escape(text.strip(), quote=False).replace("\n", "<br>\n")


def _lines(source: str) -> str:
    """Reduce HTML to its words, one line for each block. Safe because the only tags in it are its own."""
    # Past the last ">" no tag can end: without this each "<" there would be followed to the end.
    end = source.rfind(">") + 1
    if source.find("<", end) >= 0:
        source = source[:end] + _NO_TAG.sub("&lt;", source[end:])
    parts = _TAG.split(source)
    parts[1::2] = ["<br>" if ends_line else "" for ends_line in parts[1::2]]
    return "".join(parts).strip(_SPACE)


def plain_line(source: str, *, is_html: bool, faults: list[ParseFault]) -> str:
    """Return a title as plain text on one line.

    ``is_html`` says that markup is meant as such; otherwise it goes only where it looks meant.
    """
    if "<" not in source and "&" not in source and source.isprintable():
        source = source.strip()
        return source if len(source) <= TITLE_CHARS else _cut_title(source, faults)
    source = source[:_TITLE_SOURCE_CHARS]
    if "<" in source:
        if _ACTIVE.search(source):
            source = _words(source)
        elif is_html or "</" in source or "/>" in source or "<br" in source:
            source = _MARKUP_IN_TITLE.sub("", source)
    if "&" in source:
        source = html.unescape(source)
    if not source.isprintable():
        source = _SPACES.sub(" ", source)
    if "<" in source and _ACTIVE.search(source):
        # Written to survive one cleaning: not a headline, so its brackets go.
        source = html.unescape(_words(source)).replace("<", "")
    source = source.strip()
    return source if len(source) <= TITLE_CHARS else _cut_title(source, faults)


def _cut_title(source: str, faults: list[ParseFault]) -> str:
    faults.append(ParseFault.TEXT_CUT)
    return source[:TITLE_CHARS].rstrip()


def _words(source: str) -> str:
    """Return HTML without a single tag, still escaped as HTML."""
    return nh3.clean(_UNSPOKEN.sub("", source), tags=set())
