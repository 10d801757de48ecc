"""What the poller needs of a parser, and how it reads a parser's verdict. Knows no format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from connectors.feeds.fetch import Fetched
from connectors.http.errors import ErrorClass


class ParsedEntry(Protocol):
    """One entry as a parser gives it: sanitised, links absolute."""

    @property
    def entry_id(self) -> str:
        """As the feed gave it; else the link; else a hash of title and text."""

    @property
    def link(self) -> str:
        """Absolute http(s) URL, or ""."""

    @property
    def title(self) -> str:
        """Plain text, one line."""

    @property
    def summary(self) -> str:
        """Sanitised HTML."""

    @property
    def content(self) -> str:
        """Sanitised HTML, or ""."""

    @property
    def published_at(self) -> datetime | None:
        """Aware UTC."""

    @property
    def updated_at(self) -> datetime | None:
        """Aware UTC."""

    @property
    def authors(self) -> tuple[str, ...]:
        """Names."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Terms."""

    @property
    def language(self) -> str:
        """Code that the entry declares, or ""."""


class ParsedMeta(Protocol):
    """What a feed says of itself."""

    @property
    def language(self) -> str:
        """Code that the feed declares, or ""."""

    @property
    def ttl_seconds(self) -> float | None:
        """RSS <ttl>."""

    @property
    def update_period_seconds(self) -> float | None:
        """sy:updatePeriod over sy:updateFrequency."""


class ParsedFeed(Protocol):
    """A parsed body."""

    @property
    def feed(self) -> ParsedMeta:
        """The feed itself."""

    @property
    def entries(self) -> Sequence[ParsedEntry]:
        """In the feed's order."""

    @property
    def faults(self) -> Sequence[StrEnum]:
        """What was wrong, whether or not entries came."""


class Parser(Protocol):
    """Parses a body apart from this process: a hostile one costs its own worker only."""

    async def parse(self, body: bytes, base_url: str, content_type: str) -> ParsedFeed:
        """Parse a body. Never raises for what the body holds: faults name it."""
        ...


@dataclass(frozen=True, slots=True)
class Contents:
    """What a parser made of a body, in the feed's order."""

    entries: Sequence[ParsedEntry]
    language: str = ""
    ttl: timedelta | None = None
    # Names of what was wrong, whether or not entries came.
    faults: tuple[str, ...] = ()
    # No feed at all: its class, and one line for people.
    error: ErrorClass | None = None
    detail: str = ""


_HTML = "not_a_feed_html"


async def contents_of(parser: Parser, fetched: Fetched) -> Contents:
    """Have a body parsed. A body with faults and no entry is a failure, one without either an empty feed."""
    parsed = await parser.parse(fetched.body, fetched.final_url, fetched.content_type)
    faults = tuple(dict.fromkeys(fault.value for fault in parsed.faults))
    ttl = max(parsed.feed.ttl_seconds or 0.0, parsed.feed.update_period_seconds or 0.0)
    error: ErrorClass | None = None
    if faults and not parsed.entries:
        error = ErrorClass.HTML if _HTML in faults else ErrorClass.PARSE
    detail = f"{', '.join(faults)} ({fetched.content_type or 'no content type'})" if error else ""
    return Contents(
        parsed.entries,
        parsed.feed.language,
        timedelta(seconds=min(ttl, 1e8)) if ttl > 0 else None,
        faults,
        error,
        detail,
    )
