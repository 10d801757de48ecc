"""An entry as a reader found it, before links, dates and text are made safe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.feeds.faults import ParseFault
from connectors.feeds.parsed import FeedInfo


@dataclass(slots=True)
class RawFeed:
    """What one reader made of one document.

    Entries are mappings with fastfeedparser's keys: id, title, link, description, published,
    updated (ISO 8601), author, authors, tags, content ([{type, base, language, value}]); beside
    them base and title_is_html, where the reader knows them.
    """

    info: FeedInfo
    # Base of relative links, absolute, or "".
    base: str
    entries: list[dict[str, Any]]
    faults: list[ParseFault] = field(default_factory=list)
    # Markup in titles is meant as markup.
    titles_are_html: bool = False
