"""Untrusted HTML to the little that may be stored, and to plain text. nh3 is the only gate for markup.

What is kept: text structure, emphasis, tables, links and pictures with absolute http(s) addresses.
Nothing that runs, loads by itself, styles or submits.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

import nh3

from connectors.feeds.faults import ParseFault

_TAGS = frozenset(
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
# Markup costs forty times what its words cost, and it is the tails of long articles that hold it.
# Beyond this a field keeps its words and line breaks; a rule still reads all of it.
_MARKUP_CHARS = 4_000
# nh3's time and memory grow with depth times length: above this many tags the depth is looked at.
_UNCHECKED_TAGS = 500
_DEPTH = 64

_TAG = re.compile(r"<[^>]*>")
_LINE_END = re.compile(r"</(?:p|li|h[1-6]|div|tr|pre|blockquote|figure|d[dt])>|<[bh]r ?/?>")
_UNSPOKEN = re.compile(
    r"<(script|style|template|noscript|iframe|svg)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.S | re.I
)
_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)[^>]*?(/?)>")
# Elements that a parser closes by itself, so that repeating them nests nothing.
_SELF_ENDING = frozenset("p li br hr img td th tr dt dd option input meta link col wbr area source param".split())
# Not U+00A0: publishers set it on purpose, and it ends no line.
_SPACES = re.compile(r"[\x00-\x20\x7f\x85\u2028\u2029]+")
_MARKUP_IN_TITLE = re.compile(
    r"</?(?:a|abbr|b|bdi|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|kbd|li|mark|p|q|s|small|span|strike|strong"
    r"|su[bp]|table|t[dr]|tt|u|ul|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ACTIVE = re.compile(r"<\s*/?(?:script|style|iframe|object|embed|svg|math|img|link|meta|base|form|body|html)\b", re.I)


@lru_cache(maxsize=512)
def _cleaner(base: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_TEXT),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative=("rewrite_with_base", base) if base else "deny",
    )


def safe_html(source: str, base: str, faults: list[ParseFault]) -> str:
    """Return HTML that is safe to show, relative addresses resolved against an http(s) base or dropped."""
    if "<" not in source:
        return _cleaner("").clean(source).strip() if "&" in source else source.strip()
    if len(source) > HTML_CHARS:
        faults.append(ParseFault.TEXT_CUT)
        source = source[:HTML_CHARS]
    if source.count("<") > _UNCHECKED_TAGS and _is_deep(source):
        faults.append(ParseFault.TOO_DEEP)
        return _lines(source)
    clean = _cleaner(base).clean
    if len(source) > 1.25 * _MARKUP_CHARS:
        end = source.find("</p>", _MARKUP_CHARS)
        if 0 < end < 2 * _MARKUP_CHARS:
            return (clean(source[: end + 4]) + _lines(source[end + 4 :])).strip()
    return clean(source).strip()


def escaped(text: str) -> str:
    """Return plain text as HTML, its line breaks kept."""
    return html.escape(text.strip(), quote=False).replace("\n", "<br>\n")


def _lines(source: str) -> str:
    """Reduce HTML to its words, one line for each block."""
    if "<!--" in source or "<s" in source or "<S" in source or "<iframe" in source or "script" in source:
        source = _UNSPOKEN.sub("", source)
    source = _TAG.sub("", _LINE_END.sub("\n", source))
    return _cleaner("").clean(source).strip("\n").replace("\n", "<br>\n")


def _is_deep(source: str) -> bool:
    depth = 0
    for found in _OPEN_OR_CLOSE.finditer(source):
        closes, name, ends = found.groups()
        if ends or name.lower() in _SELF_ENDING:
            continue
        depth = depth - 1 if closes else depth + 1
        if depth > _DEPTH:
            return True
    return False


def plain_line(source: str, *, is_html: bool, faults: list[ParseFault]) -> str:
    """Return a title as plain text on one line.

    ``is_html`` says that markup is meant as such; otherwise it goes only where it looks meant.
    """
    if "<" in source:
        if _ACTIVE.search(source):
            source = _words(source)
        elif is_html or "</" in source or "/>" in source or "<br" in source:
            source = _MARKUP_IN_TITLE.sub("", source)
    if "&" in source:
        source = html.unescape(source)
        if "<" in source and _ACTIVE.search(source):
            source = html.unescape(_words(source))
    if not source.isprintable() or "  " in source:
        source = _SPACES.sub(" ", source)
    source = source.strip()
    if len(source) > TITLE_CHARS:
        faults.append(ParseFault.TEXT_CUT)
        source = source[:TITLE_CHARS]
    return source


def _words(source: str) -> str:
    """Return HTML without a single tag, still escaped as HTML."""
    return nh3.clean(_UNSPOKEN.sub("", source[:HTML_CHARS]), tags=set())
