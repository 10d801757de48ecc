"""What the poller needs of a parser, and how it reads a parser's verdict. Knows no format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from connectors.feeds.faults import ParseFault
from connectors.feeds.fetch import Fetched
from connectors.feeds.parsed import ParsedEntry, ParsedFeed
from connectors.http.errors import ErrorClass

# Faults after which a body without entries is no feed. Any other leaves an empty feed, which is fine.
_FATAL = {
    ParseFault.NOT_A_FEED_HTML: ErrorClass.HTML,
    ParseFault.TOO_LARGE: ErrorClass.TOO_LARGE,
    ParseFault.EMPTY_BODY: ErrorClass.PARSE,
    ParseFault.NOT_A_FEED: ErrorClass.PARSE,
    ParseFault.UNPARSEABLE: ErrorClass.PARSE,
    ParseFault.MALFORMED: ErrorClass.PARSE,
    ParseFault.TOO_DEEP: ErrorClass.PARSE,
    ParseFault.TIMED_OUT: ErrorClass.PARSE,
    ParseFault.WORKER_DIED: ErrorClass.PARSE,
}
_TTL_LIMIT = timedelta(days=365)


class Parser(Protocol):
    """Parses a body apart from this process: a hostile one costs its own worker only."""

    async def parse(self, body: bytes, *, base_url: str, content_type: str, now: datetime) -> ParsedFeed:
        """Parse a body that came at ``now``. Never raises for what it holds: faults name it."""
        ...


@dataclass(frozen=True, slots=True)
class Contents:
    """What a parser made of a body, in the feed's order."""

    entries: Sequence[ParsedEntry]
    language: str = ""
    ttl: timedelta | None = None
    # What was wrong, whether or not entries came.
    faults: tuple[ParseFault, ...] = ()
    # No feed at all: its class, and one line for people.
    error: ErrorClass | None = None
    detail: str = ""


async def contents_of(parser: Parser, fetched: Fetched) -> Contents:
    """Have a body parsed, and say whether it was a feed."""
    parsed = await parser.parse(
        fetched.body,
        base_url=fetched.final_url,
        content_type=fetched.content_type,
        now=fetched.asked.answered_at,
    )
    seconds = max(parsed.feed.ttl_seconds or 0, parsed.feed.update_period_seconds or 0)
    ttl = timedelta(seconds=min(seconds, _TTL_LIMIT.total_seconds())) if seconds > 0 else None
    fatal = next((_FATAL[fault] for fault in parsed.faults if fault in _FATAL), None)
    if fatal is None or parsed.entries:
        return Contents(parsed.entries, parsed.feed.language, ttl, parsed.faults)
    detail = f"{', '.join(parsed.faults)} ({fetched.content_type or 'no content type'})"
    return Contents((), "", None, parsed.faults, fatal, detail)
