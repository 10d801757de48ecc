"""A poller as a process of its own, for tests that kill it: arguments are a Redis URL and a server's URL."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta

from connectors.feeds.feed import Feed
from connectors.feeds.parsed import FeedInfo, ParsedEntry, ParsedFeed
from connectors.feeds.poll import run_poller
from connectors.feeds.settings import FeedsSettings
from connectors.http.testing import LOOPBACK

FEEDS = 12
SETTINGS = FeedsSettings(
    use_default_catalogue=False,
    allow_networks=LOOPBACK,
    host_delay=timedelta(0),
    host_parallel=8,
    normal_floor=timedelta(milliseconds=100),
    normal_ceiling=timedelta(milliseconds=100),
    lease=timedelta(milliseconds=300),
)


class JsonParser:
    """Reads ["id", …]."""

    async def parse(self, body: bytes, *, base_url: str, content_type: str, now: datetime) -> ParsedFeed:
        """Make an entry of each id."""
        return ParsedFeed(FeedInfo(), tuple(ParsedEntry(key, "", f"Story {key}", "", "") for key in json.loads(body)))


def main() -> None:
    """Poll until killed."""
    redis_url, base = sys.argv[1:3]
    feeds = [Feed(f"f{number}", f"{base}{number}") for number in range(FEEDS)]
    asyncio.run(run_poller(SETTINGS, feeds, redis_url, asyncio.Event(), lambda: datetime.now(UTC), JsonParser()))


if __name__ == "__main__":
    main()
