"""The poller while its store is away, and at its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from prometheus_client import REGISTRY

from connectors.feeds.feed import Feed
from connectors.feeds.parsed import FeedInfo, ParsedEntry, ParsedFeed
from connectors.feeds.poll import run_poller
from connectors.feeds.settings import FeedsSettings
from connectors.http.testing import LOOPBACK, LocalServer
from connectors.log import names
from connectors.log.connect import connect
from pipelines.embedded import EmbeddedStore

FAST = FeedsSettings(
    use_default_catalogue=False,
    allow_networks=LOOPBACK,
    host_delay=timedelta(0),
    normal_floor=timedelta(milliseconds=100),
    normal_ceiling=timedelta(milliseconds=200),
)
PATIENCE_SECONDS = 20.0


class JsonParser:
    """Reads ["id", …]."""

    async def parse(self, body: bytes, *, base_url: str, content_type: str, now: datetime) -> ParsedFeed:
        return ParsedFeed(FeedInfo(), tuple(ParsedEntry(key, "", f"Story {key}", "", "") for key in json.loads(body)))


def _now() -> datetime:
    return datetime.now(UTC)


async def _until(holds: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_SECONDS
    while not holds():
        assert loop.time() < until, "it did not come about in time"
        await asyncio.sleep(0.02)


def _appended(url: str) -> int:
    client = connect(url)
    try:
        return sum(int(client.xlen(stream)) for stream in names.entries_streams())
    finally:
        client.close()


def _waits() -> float:
    return REGISTRY.get_sample_value("wirewatch_store_waits_total") or 0.0


def _waits_since(before: float) -> Callable[[], bool]:
    """Say whether the store was asked in vain a few times since."""
    return lambda: _waits() >= before + 3


def test_poller_waits_for_its_store_and_goes_on_without_loss_or_double(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store")
    store.start()

    async def run() -> None:
        stop = asyncio.Event()
        async with LocalServer() as server:
            feed = Feed("a", server.serve("/a", b'["1"]'))
            running = asyncio.create_task(run_poller(FAST, [feed], store.url, stop, _now, JsonParser()))
            try:
                await _until(lambda: _appended(store.url) == 1)
                await asyncio.to_thread(store.stop)
                server.serve("/a", b'["2", "1"]')
                asked = len(server.requests["/a"])
                await _until(_waits_since(_waits()))
                assert not running.done()
                # At most the poll that was under way: nothing is asked for that could not be kept.
                assert len(server.requests["/a"]) <= asked + 1
                await asyncio.to_thread(store.start)
                await _until(lambda: _appended(store.url) == 2)
                asked = len(server.requests["/a"])
                await _until(lambda: len(server.requests["/a"]) >= asked + 3)
            finally:
                stop.set()
                await asyncio.wait_for(running, PATIENCE_SECONDS)
            # While the loop's threads live: with the one that started it the store is told to end.
            assert _appended(store.url) == 2

    try:
        asyncio.run(run())
    finally:
        store.stop()


def test_poller_ends_while_its_store_is_away(tmp_path: Path) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        url, before = f"unix://{tmp_path}/none.sock", _waits()
        running = asyncio.create_task(run_poller(FAST, [Feed("a", "http://a.invalid/")], url, stop, _now, JsonParser()))
        await _until(_waits_since(before))
        stop.set()
        await asyncio.wait_for(running, PATIENCE_SECONDS)

    asyncio.run(run())


def test_poller_ends_within_seconds_while_a_host_keeps_it_waiting(redis_url: str) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(300)
        return web.Response()

    async def run() -> None:
        stop = asyncio.Event()
        settings = replace(FAST, request_timeout=timedelta(minutes=5), idle_timeout=timedelta(minutes=5))
        async with LocalServer() as server:
            feed = Feed("a", server.script("/a", slow))
            running = asyncio.create_task(run_poller(settings, [feed], redis_url, stop, _now, JsonParser()))
            await _until(lambda: len(server.requests["/a"]) == 1)
            stop.set()
            await asyncio.wait_for(running, PATIENCE_SECONDS)

    asyncio.run(run())
    # Another poller need not wait for the lease to run out.
    assert connect(redis_url).get(names.lease("feed:a")) is None
