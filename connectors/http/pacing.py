"""Spaces requests to one host: a least time between starts and a most at a time. Knows no HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

# Hosts remembered before those at rest are forgotten.
_HOSTS_KEPT = 4096


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore
    next_start_at: float = 0.0
    users: int = field(default=0)


class HostPacer:
    """Gives out starts. Instants are the running loop's clock, in seconds.

    ``book`` takes the next free start of a host and says when it is, for callers that have other
    things to do until then; ``slot`` waits for it.
    """

    def __init__(self, delay: timedelta = timedelta(0), parallel: int = 2, total: int = 64) -> None:
        self._delay = delay.total_seconds()
        self._parallel = parallel
        self._total = asyncio.Semaphore(total)
        self._hosts: dict[str, _Host] = {}

    def book(self, host: str) -> float:
        """Take the next free start of that host and say when it is."""
        now = asyncio.get_running_loop().time()
        entry = self._host(host, now)
        start_at = max(now, entry.next_start_at)
        entry.next_start_at = start_at + self._delay
        return start_at

    def hold(self, host: str, span: timedelta) -> None:
        """Start nothing at that host for a while: it has complained."""
        now = asyncio.get_running_loop().time()
        entry = self._host(host, now)
        entry.next_start_at = max(entry.next_start_at, now + span.total_seconds())

    @asynccontextmanager
    async def slot(self, host: str, *, booked: bool = False) -> AsyncIterator[None]:
        """Hold one of the host's and one of the process's places; ``booked`` starts are not waited for."""
        loop = asyncio.get_running_loop()
        if not booked and (wait := self.book(host) - loop.time()) > 0:
            await asyncio.sleep(wait)
        entry = self._host(host, loop.time())
        entry.users += 1
        try:
            async with entry.places, self._total:
                yield
        finally:
            entry.users -= 1

    def _host(self, host: str, now: float) -> _Host:
        entry = self._hosts.get(host)
        if entry is None:
            if len(self._hosts) >= _HOSTS_KEPT:
                self._hosts = {
                    name: kept for name, kept in self._hosts.items() if kept.users or kept.next_start_at > now
                }
            entry = self._hosts[host] = _Host(asyncio.Semaphore(self._parallel))
        return entry
