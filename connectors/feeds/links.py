"""Links of a feed made absolute http(s) URLs, or "" with the reason counted. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from connectors.feeds.faults import ParseFault

_PLAIN = re.compile(r"https?://[^\s/?#\"<>][^\s\"<>]*", re.IGNORECASE)
_READY = re.compile(r"https?://[^\s/?#\x00-\x20]", re.IGNORECASE)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
# Bases and relative links in which nothing is to be resolved: one goes before the other.
_PLAIN_BASE = re.compile(
    r"((https?://[\w.:-]+)/(?:[^/.?#\s][^/?#\s]*/)*)[^/;?#\s]*(?:\?[^#\s]+)?(?=(?:#.*)?\Z)", re.ASCII
)
_PLAIN_RELATIVE = re.compile(r"#[\w.:-]+|[\w-][\w.-]*(?:/[\w-][\w.-]*)*/?", re.ASCII)
# Browsers drop these inside a URL and skip these before it: "java\nscript:" runs.
_DROPPED = re.compile(r"[\t\r\n]")
_SKIPPED = "".join(map(chr, range(33))) + "\x7f\xa0\ufeff"
_LINK_CHARS = 4096


def absolute(link: str, base: str, faults: list[ParseFault]) -> str:
    """Resolve a link against a base; "" for a blank link, and with a fault for an unusable one."""
    if len(link) <= _LINK_CHARS and _PLAIN.fullmatch(link):
        return link
    link = link.strip(_SKIPPED)
    if "\n" in link or "\r" in link or "\t" in link:
        link = _DROPPED.sub("", link)
    if not link:
        return ""
    if len(link) > _LINK_CHARS or "<" in link or '"' in link:
        faults.append(ParseFault.UNSAFE_LINK)
        return ""
    if _READY.match(link):
        return link
    if not _SCHEME.match(link):
        if link[0] == "/" and link[1:2] not in ("/", "\\") and "/." not in link:
            joined = _beginnings(base)[0] + link
        else:
            joined = _joined(base, link)
        if _READY.match(joined):
            return joined
    faults.append(ParseFault.UNSAFE_LINK)
    return ""


def _joined(base: str, link: str) -> str:
    if _PLAIN_RELATIVE.fullmatch(link):
        _, folder, page = _beginnings(base)
        if page:
            return (page if link[0] == "#" else folder) + link
    return _resolved(base, link)


def _resolved(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


@lru_cache(maxsize=256)
def _beginnings(base: str) -> tuple[str, str, str]:
    """Return what goes before "/path", "path" and "#part"; the last two are "" for a base that is not plain."""
    found = _PLAIN_BASE.match(base)
    return (found[2], found[1], found[0]) if found else (_resolved(base, "/").removesuffix("/"), "", "")


def nested(base: str, outer: str) -> str:
    """Base of an element whose xml:base is given, inside an outer base; the outer if it is unusable."""
    inner = absolute(base, outer, [])
    return inner or outer


def usable_base(base: str) -> str:
    """Return a base URL that is absolute http(s), else ""."""
    try:
        parts = urlsplit(base.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return base.strip() if usable else ""
