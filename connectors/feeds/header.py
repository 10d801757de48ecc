"""What a feed says about itself, from its document without the entries."""

from __future__ import annotations

import re
from functools import lru_cache

from lxml import etree

from connectors.feeds.links import absolute, nested, usable_base
from connectors.feeds.parsed import FeedInfo
from connectors.feeds.sanitize import plain_line

_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SYNDICATION = "{http://purl.org/rss/1.0/modules/syndication/}"
_PERIODS = {"hourly": 3600, "daily": 86400, "weekly": 604800, "monthly": 2592000, "yearly": 31536000}
_TEXTS = frozenset({"title", "link", "language", "generator", "ttl"})
_WANTED = tuple(f"{{*}}{name}" for name in (*sorted(_TEXTS), "updatePeriod", "updateFrequency"))
_LANGUAGE = re.compile(r"([a-zA-Z]{2})(?:[-_].*)?")
_ITEM = re.compile(rb"<(?:[a-zA-Z][\w.-]*:)?(?:item|entry)[\s/>]")
_HEADER_BYTES = 256 * 1024
_PARSER = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, collect_ids=False)


def without_entries(document: bytes) -> bytes:
    """Return the document up to its first entry; a tolerant XML reader closes what that leaves open."""
    found = _ITEM.search(document)
    return document[: min(found.start() if found else len(document), _HEADER_BYTES)]


def two_letters(language: str | None) -> str:
    """Return "fa" for "fa-IR"; "" for what is no such code."""
    found = _LANGUAGE.fullmatch(language.strip()) if language else None
    return found[1].lower() if found else ""


def feed_info(header: bytes, kind: str, document_base: str) -> tuple[FeedInfo, str]:
    """Read the feed's own fields; the second value is the base of relative links, absolute or ""."""
    base = usable_base(document_base)
    try:
        root = etree.fromstring(header, _PARSER)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return FeedInfo(format=kind), base
    channel = root
    if kind != "atom":
        # Atom has none, and may have hundreds of categories to look through.
        channel = next((child for child in root if isinstance(child.tag, str) and _local(child.tag) == "channel"), root)
    texts: dict[str, str] = {}
    hubs: list[str] = []
    period, frequency, self_link, atom_link = "", "1", "", ""
    for own_base in {root.get(_BASE): None, channel.get(_BASE): None}:
        if own_base:
            base = nested(own_base, base)
    for child in channel.iterchildren(*_WANTED):
        tag = child.tag
        local = _local(tag)
        if tag.startswith(_SYNDICATION):
            text = (child.text or "").strip()
            period = text.lower() if local == "updateperiod" else period
            frequency = text if local == "updatefrequency" else frequency
        elif local == "link" and child.get("href"):
            relation, href = child.get("rel") or "alternate", absolute(child.get("href") or "", base, [])
            if relation == "hub" and href:
                hubs.append(href)
            elif relation == "self":
                self_link = self_link or href
            elif relation == "alternate":
                atom_link = atom_link or href
        elif local in _TEXTS and local not in texts:
            text = "".join(child.itertext()) if len(child) else child.text
            if text:
                texts[local] = text.strip()
    link = absolute(texts.get("link", ""), base, []) or atom_link
    info = FeedInfo(
        format=kind,
        title=plain_line(texts.get("title", ""), is_html=True, faults=[]),
        link=link,
        language=two_letters(texts.get("language") or channel.get(_LANG) or root.get(_LANG)),
        generator=plain_line(texts.get("generator", ""), is_html=True, faults=[])[:200],
        ttl_seconds=_ttl(texts.get("ttl", "")),
        update_period_seconds=_period(period, frequency),
        hubs=tuple(dict.fromkeys(hubs))[:8],
        self_link=self_link,
    )
    return info, base or link


@lru_cache(maxsize=256)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


def _ttl(minutes: str) -> int | None:
    return int(minutes) * 60 if minutes.isascii() and minutes.isdigit() and 0 < len(minutes) < 7 else None


def _period(period: str, frequency: str) -> int | None:
    if period not in _PERIODS:
        return None
    times = int(frequency) if frequency.isascii() and frequency.isdigit() and 0 < len(frequency) < 5 else 1
    return _PERIODS[period] // max(1, times)
