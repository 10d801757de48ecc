"""Prints a feed file: RSS 2.0, RSS 1.0, Atom or JSON Feed, in the feed's encoding. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from pipelines.demo.scenario import Format, ScenarioEntry, ScenarioFeed


@dataclass(frozen=True, slots=True)
class Published:
    """An entry as a reader of the feed sees it."""

    entry: ScenarioEntry
    at: datetime


def content_type(feed: ScenarioFeed) -> str:
    """Content type of a feed file; where the file says its encoding itself, the header does not."""
    kinds = {
        Format.RSS: "application/rss+xml",
        Format.ATOM: "application/atom+xml; charset=utf-8",
        Format.RDF: "application/rdf+xml",
        Format.JSON: "application/feed+json",
    }
    return kinds[feed.format]


def feed_bytes(feed: ScenarioFeed, entries: Sequence[Published], url: str) -> bytes:
    """Print a feed with these entries, newest first; ``url`` is where it is served.

    What the encoding cannot hold becomes a character reference.
    """
    if feed.format is Format.JSON:
        return json.dumps(_json(feed, entries, url), ensure_ascii=False, indent=1).encode()
    printers: dict[Format, Callable[[ScenarioFeed, Sequence[Published], str], str]] = {
        Format.RSS: _rss,
        Format.ATOM: _atom,
        Format.RDF: _rdf,
    }
    text = f'<?xml version="1.0" encoding="{feed.encoding}"?>\n' + printers[feed.format](feed, entries, url)
    return text.encode(feed.encoding, "xmlcharrefreplace")


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _rss(feed: ScenarioFeed, entries: Sequence[Published], url: str) -> str:
    items = "\n".join(
        "<item>"
        + _element("title", each.entry.title)
        + _element("link", each.entry.link)
        + f'<guid isPermaLink="false">{escape(each.entry.guid)}</guid>'
        + _element("pubDate", format_datetime(each.at, usegmt=True))
        # A description is HTML, escaped once more as text of the file.
        + _element("description", f"<p>{escape(each.entry.summary)}</p>")
        + "</item>"
        for each in entries
    )
    head = _element("title", feed.title) + _element("link", feed.site) + _element("language", feed.language)
    return f'<rss version="2.0"><channel>{head}{_element("description", feed.title)}\n{items}\n</channel></rss>\n'


def _rdf(feed: ScenarioFeed, entries: Sequence[Published], url: str) -> str:
    listed = "".join(f"<rdf:li rdf:resource={quoteattr(each.entry.link)}/>" for each in entries)
    items = "\n".join(
        f"<item rdf:about={quoteattr(each.entry.link)}>"
        + _element("title", each.entry.title)
        + _element("link", each.entry.link)
        + _element("description", each.entry.summary)
        + _element("dc:date", each.at.isoformat(timespec="seconds"))
        + "</item>"
        for each in entries
    )
    head = _element("title", feed.title) + _element("link", feed.site) + _element("description", feed.title)
    return (
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f"<channel rdf:about={quoteattr(url)}>{head}{_element('dc:language', feed.language)}"
        f"<items><rdf:Seq>{listed}</rdf:Seq></items></channel>\n{items}\n</rdf:RDF>\n"
    )


def _atom(feed: ScenarioFeed, entries: Sequence[Published], url: str) -> str:
    items = "\n".join(
        "<entry>"
        + _element("id", each.entry.guid)
        + _element("title", each.entry.title)
        + f"<link href={quoteattr(each.entry.link)}/>"
        + _element("published", each.at.isoformat(timespec="seconds"))
        + _element("updated", each.at.isoformat(timespec="seconds"))
        + f'<summary type="text">{escape(each.entry.summary)}</summary>'
        + "</entry>"
        for each in entries
    )
    updated = max((each.at for each in entries), default=None)
    head = _element("id", url) + _element("title", feed.title) + f'<link href={quoteattr(url)} rel="self"/>'
    if updated is not None:
        head += _element("updated", updated.isoformat(timespec="seconds"))
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{feed.language}">{head}'
        f"{'<author>' + _element('name', feed.source) + '</author>'}\n{items}\n</feed>\n"
    )


def _json(feed: ScenarioFeed, entries: Sequence[Published], url: str) -> dict[str, object]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.site,
        "feed_url": url,
        "language": feed.language,
        "items": [
            {
                "id": each.entry.guid,
                "url": each.entry.link,
                "title": each.entry.title,
                "content_text": each.entry.summary,
                "date_published": each.at.isoformat(timespec="seconds"),
            }
            for each in entries
        ],
    }
