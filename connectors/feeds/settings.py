"""How the poller behaves: limits, pacing, caps."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from connectors.feeds.feed import Tier
from connectors.feeds.schedule import Limits
from connectors.http.limits import MEBIBYTE, HttpLimits
from connectors.settings import setting, span_text

_LEAST = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class FeedsSettings:
    """Settings under ``feeds``."""

    files: tuple[str, ...] = setting((), help="Feed lists: YAML catalogues or OPML files, read again when they change.")
    use_default_catalogue: bool = setting(True, help="Poll the feeds of the catalogue that comes with wirewatch too.")
    contact: str = setting("", help="Where publishers can reach you (URL or mailto:), sent in the User-Agent.")
    allow_networks: tuple[str, ...] = setting(
        (), help="Networks such as 10.1.0.0/16 that feeds may be fetched from although they are not public."
    )

    hot_floor: timedelta = setting(
        timedelta(seconds=30), help="Shortest time between two polls of a hot feed.", minimum=_LEAST
    )
    hot_ceiling: timedelta = setting(
        timedelta(minutes=5), help="Longest time between two polls of a hot feed that works.", minimum=_LEAST
    )
    normal_floor: timedelta = setting(
        timedelta(minutes=2), help="Shortest time between two polls of a normal feed.", minimum=_LEAST
    )
    normal_ceiling: timedelta = setting(
        timedelta(hours=1), help="Longest time between two polls of a normal feed that works.", minimum=_LEAST
    )
    slow_floor: timedelta = setting(
        timedelta(minutes=15), help="Shortest time between two polls of a slow feed.", minimum=_LEAST
    )
    slow_ceiling: timedelta = setting(
        timedelta(hours=12), help="Longest time between two polls of a slow feed that works.", minimum=_LEAST
    )
    polls_per_entry: float = setting(
        4.0,
        help="Polls aimed at between two new entries of a feed, inside floor and ceiling.",
        minimum=0.1,
        maximum=100.0,
    )

    concurrency: int = setting(32, help="Requests under way at a time, over all hosts.", minimum=1, maximum=1000)
    host_parallel: int = setting(2, help="Requests under way at a time to one host.", minimum=1, maximum=100)
    host_delay: timedelta = setting(
        timedelta(seconds=1), help="Least time between the starts of two requests to one host.", minimum=timedelta(0)
    )

    request_timeout: timedelta = setting(
        timedelta(seconds=30), help="Longest time from the start of a request to its last byte.", minimum=_LEAST
    )
    idle_timeout: timedelta = setting(timedelta(seconds=10), help="Longest silence inside an answer.", minimum=_LEAST)
    connect_timeout: timedelta = setting(timedelta(seconds=10), help="Longest time to connect.", minimum=_LEAST)
    body_bytes: int = setting(15 * MEBIBYTE, help="Largest feed, in bytes after decompression.", minimum=1024)
    redirects: int = setting(5, help="Most redirects that are followed.", minimum=0, maximum=20)

    entries_per_poll: int = setting(
        2000, help="Most entries taken from one answer, the first in the feed's order.", minimum=1, maximum=100_000
    )
    whole_after: timedelta = setting(
        timedelta(hours=24), help="A feed is fetched whole this often, whatever its validators say.", minimum=_LEAST
    )
    backlog_entries: int = setting(
        200_000, help="Entries that may wait for the items pipeline before polling pauses.", minimum=1
    )
    parse_workers: int = setting(1, help="Processes that parse feeds.", minimum=1, maximum=64)
    lease: timedelta = setting(
        timedelta(seconds=90), help="A feed whose poller died is taken over by another after this.", minimum=_LEAST
    )
    reload_check: timedelta = setting(
        timedelta(seconds=5), help="How often the feed lists are looked at for changes.", minimum=_LEAST
    )

    def faults(self) -> Iterator[tuple[str, str]]:
        """Name what no single field shows."""
        for tier in Tier:
            limits = self.tier_limits(tier)
            if limits.ceiling < limits.floor:
                yield f"{tier}_ceiling", f"expected at least the floor of {span_text(limits.floor)}"
        for network in self.allow_networks:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                yield "allow_networks", f"expected a network such as 10.1.0.0/16: {error}"
        if re.search(r"[^\x21-\x7e]|[()]", self.contact):
            yield "contact", "expected a URL or mailto: address without spaces"

    def tier_limits(self, tier: Tier) -> Limits:
        """Limits of a tier's schedule."""
        floor, ceiling = {
            Tier.HOT: (self.hot_floor, self.hot_ceiling),
            Tier.NORMAL: (self.normal_floor, self.normal_ceiling),
            Tier.SLOW: (self.slow_floor, self.slow_ceiling),
        }[tier]
        return Limits(floor, ceiling, self.polls_per_entry)

    def http_limits(self) -> HttpLimits:
        """Limits of a request."""
        return HttpLimits(
            total=self.request_timeout,
            idle=self.idle_timeout,
            connect=self.connect_timeout,
            body_bytes=self.body_bytes,
            redirects=self.redirects,
        )
