"""Hostile bodies through poller and parser: each is a named fault, and other feeds are not touched."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import redis

from connectors.codec import decode
from connectors.feeds.faults import ParseFault
from connectors.feeds.feed import Feed
from connectors.feeds.poll import poll_once
from connectors.feeds.pool import ParsePool
from connectors.feeds.settings import FeedsSettings
from connectors.feeds.state import FeedState
from connectors.http.errors import ErrorClass
from connectors.http.testing import LOOPBACK, LocalServer
from connectors.log import names
from connectors.records import Entry

SETTINGS = FeedsSettings(
    use_default_catalogue=False, allow_networks=LOOPBACK, host_delay=timedelta(0), body_bytes=3_000_000
)


def _rss(items: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<rss version="2.0"><channel><title>a</title>{items}</channel></rss>'.encode()


def _item(number: int, title: str = "Ships sail") -> str:
    link = f"https://a.example/{number}"
    return f"<item><guid>{number}</guid><title>{title} {number}</title><link>{link}</link></item>"


LAUGHS = (
    "<!DOCTYPE rss ["
    '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10)) + "]>"
)
ALIEN = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BODIES = {
    "good": _rss(_item(1)),
    "laughs": _rss(_item(1, "&a9;"), LAUGHS),
    "alien": _rss(_item(1, "&x;"), ALIEN),
    "deep": b"<rss>" + b"<a>" * 200_000,
    "script": _rss("<item><guid>1</guid><title>&lt;script&gt;x()&lt;/script&gt;Ships</title>"
                   "<link>javascript:x()</link></item>"),
    "nul": _rss(_item(1, "Ships\x00 sail")),
    "many": _rss("".join(_item(number) for number in range(20_000))),
    "page": b"<!DOCTYPE html><html><head><title>Are you a robot?</title></head><body>Click here</body></html>",
    "bytes": bytes(range(256)) * 40,
    "empty": b"",
}  # fmt: skip


def test_hostile_body_ends_in_a_named_fault_and_other_feeds_go_on(redis_url: str, client: redis.Redis) -> None:
    async def run() -> None:
        async with LocalServer() as server, ParsePool(1) as pool:
            feeds = [Feed(name, server.serve(f"/{name}", body)) for name, body in BODIES.items()]
            bomb = gzip.compress(bytes(50_000_000))
            feeds.append(Feed("bomb", server.serve("/bomb", bomb, headers={"Content-Encoding": "gzip"})))
            feeds.append(Feed("large", server.serve("/large", bytes(100_000_000))))
            # The wrong content type is no fault: many publishers send one.
            wrong = server.serve("/wrong", BODIES["good"], headers={"Content-Type": "text/html"})
            feeds.append(Feed("wrong", wrong))
            await poll_once(SETTINGS, feeds, redis_url, lambda: datetime.now(UTC), pool)
            # After all that, a feed that was fine is still fine.
            server.serve("/good", _rss(_item(2)))
            await poll_once(SETTINGS, [feeds[0]], redis_url, lambda: datetime.now(UTC), pool)

    asyncio.run(run())
    raws: dict[bytes, bytes] = client.hgetall(names.FEEDS)  # type: ignore[assignment]  # typed as the asyncio twin too
    states = {name.decode(): decode(FeedState, raw) for name, raw in raws.items()}
    entries: list[Entry] = []
    for stream in names.entries_streams():
        records: list[tuple[bytes, dict[bytes, bytes]]] = client.xrange(stream)  # type: ignore[assignment]
        entries += [decode(Entry, fields[names.FIELD]) for _, fields in records]
    errors = {name: state.error for name, state in states.items() if state.error}
    assert errors == {
        "page": ErrorClass.HTML,
        "bytes": ErrorClass.PARSE,
        "empty": ErrorClass.PARSE,
        "deep": ErrorClass.PARSE,
        "bomb": ErrorClass.TOO_LARGE,
        "large": ErrorClass.TOO_LARGE,
    }
    assert ParseFault.ENTITIES_REFUSED in states["laughs"].faults
    assert ParseFault.ENTITIES_REFUSED in states["alien"].faults
    assert ParseFault.NUL_BYTES in states["nul"].faults
    assert sorted(entry.title for entry in entries if entry.feed_id == "good") == ["Ships sail 1", "Ships sail 2"]
    assert len([entry for entry in entries if entry.feed_id == "wrong"]) == 1
    assert 0 < len([entry for entry in entries if entry.feed_id == "many"]) <= SETTINGS.entries_per_poll
    assert [entry.link for entry in entries if entry.feed_id == "script"] == [""]
    texts = " ".join(f"{entry.title} {entry.summary} {entry.content} {entry.link}" for entry in entries)
    assert "root:" not in texts
    assert "javascript:" not in texts
    assert "\x00" not in texts
    assert len(texts) < 1_000_000


def test_body_over_the_cap_of_one_poll_is_read_again_whole(redis_url: str, client: redis.Redis) -> None:
    """The same body twice appends nothing twice, cap or no cap."""

    async def run() -> None:
        async with LocalServer() as server, ParsePool(1) as pool:
            feed = Feed("many", server.serve("/", _rss("".join(_item(number) for number in range(30)))))
            small = replace(SETTINGS, entries_per_poll=10)
            for _ in range(2):
                await poll_once(small, [feed], redis_url, lambda: datetime.now(UTC), pool)

    asyncio.run(run())
    assert sum(int(client.xlen(stream)) for stream in names.entries_streams()) == 10
