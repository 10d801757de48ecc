"""The poller against real servers and a real store. A body is JSON here: parsing is tested elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from aiohttp import web
from prometheus_client import REGISTRY

from connectors.codec import decode, encode
from connectors.feeds.faults import ParseFault
from connectors.feeds.feed import Feed
from connectors.feeds.parsed import FeedInfo, ParsedEntry, ParsedFeed
from connectors.feeds.poll import poll_once, run_poller
from connectors.feeds.settings import FeedsSettings
from connectors.feeds.state import FeedState, Health
from connectors.http.errors import ErrorClass
from connectors.http.testing import LOOPBACK, LocalServer
from connectors.log import names
from connectors.records import Entry

FAST = FeedsSettings(
    use_default_catalogue=False,
    allow_networks=LOOPBACK,
    host_delay=timedelta(0),
    normal_floor=timedelta(milliseconds=100),
    normal_ceiling=timedelta(milliseconds=200),
    reload_check=timedelta(milliseconds=100),
    request_timeout=timedelta(seconds=2),
    idle_timeout=timedelta(milliseconds=500),
    body_bytes=100_000,
)
PATIENCE_SECONDS = 15.0


class JsonParser:
    """Reads [["id", "title"], …]; anything else has a fault."""

    async def parse(self, body: bytes, *, base_url: str, content_type: str, now: datetime) -> ParsedFeed:
        if body.startswith(b"<html"):
            return ParsedFeed(faults=(ParseFault.NOT_A_FEED_HTML,))
        try:
            rows = json.loads(body)
        except ValueError:
            return ParsedFeed(faults=(ParseFault.UNPARSEABLE,))
        entries = (ParsedEntry(key, f"https://a.example/{key}", title, "", "") for key, title in rows)
        return ParsedFeed(FeedInfo(language="en"), tuple(entries))


def _now() -> datetime:
    return datetime.now(UTC)


def _body(*rows: tuple[str, str]) -> bytes:
    return json.dumps(rows).encode()


def _entries(client: redis.Redis) -> list[Entry]:
    """All entries of the log, oldest first."""
    records: list[tuple[bytes, dict[bytes, bytes]]] = []
    for stream in names.entries_streams():
        records += client.xrange(stream)  # type: ignore[arg-type]
    records.sort(key=lambda record: [int(part) for part in record[0].split(b"-")])
    return [decode(Entry, fields[names.FIELD]) for _, fields in records]


def _state(client: redis.Redis, feed_id: str) -> FeedState:
    raw: Any = client.hget(names.FEEDS, feed_id)
    return decode(FeedState, raw)


async def _until(holds: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_SECONDS
    while not holds():
        assert loop.time() < until, "it did not come about in time"
        await asyncio.sleep(0.01)


def _run(
    redis_url: str,
    feeds: Callable[[LocalServer], list[Feed]],
    meanwhile: Callable[[LocalServer, asyncio.Event], Awaitable[None]],
    settings: FeedsSettings = FAST,
    pollers: int = 1,
) -> None:
    """Run pollers until ``meanwhile`` is through; they must then end within the patience."""

    async def run() -> None:
        stop = asyncio.Event()
        async with LocalServer() as server:
            listed = feeds(server)
            running = [
                asyncio.create_task(run_poller(settings, listed, redis_url, stop, _now, JsonParser()))
                for _ in range(pollers)
            ]
            try:
                await meanwhile(server, stop)
            finally:
                stop.set()
                await asyncio.wait_for(asyncio.gather(*running), PATIENCE_SECONDS)

    asyncio.run(run())


def _once(redis_url: str, feeds: list[Feed], settings: FeedsSettings = FAST) -> list[FeedState]:
    return asyncio.run(poll_once(settings, feeds, redis_url, _now, JsonParser()))


def _count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_new_entries_are_appended_once_and_edits_again(redis_url: str, client: redis.Redis) -> None:
    def feeds(server: LocalServer) -> list[Feed]:
        server.serve("/a", _body(("2", "Second"), ("1", "First")))
        return [Feed("a", server.url("/a"), language="fa")]

    async def meanwhile(server: LocalServer, stop: asyncio.Event) -> None:
        await _until(lambda: len(server.requests["/a"]) >= 3)
        server.serve("/a", _body(("3", "Third"), ("2", "Second, corrected"), ("1", "first!")))
        await _until(lambda: len(_entries(client)) >= 4)
        asked = len(server.requests["/a"])
        await _until(lambda: len(server.requests["/a"]) >= asked + 3)

    _run(redis_url, feeds, meanwhile)
    entries = _entries(client)
    assert [entry.title for entry in entries[:2]] == ["First", "Second"]
    assert sorted(entry.title for entry in entries[2:]) == ["Second, corrected", "Third"]
    assert {(entry.feed_id, entry.language) for entry in entries} == {("a", "fa")}
    state = _state(client, "a")
    assert (state.health, state.entries_appended, state.reason) == (Health.WORKING, 4, "")
    assert state.first_verified_at is not None


def test_two_pollers_share_feeds_and_double_nothing(redis_url: str, client: redis.Redis) -> None:
    paths = [f"/{number}" for number in range(12)]

    def feeds(server: LocalServer) -> list[Feed]:
        for path in paths:
            server.serve(path, _body((path, f"Story of {path}")))
        return [Feed(path[1:], server.url(path)) for path in paths]

    async def meanwhile(server: LocalServer, stop: asyncio.Event) -> None:
        for edition in range(1, 5):
            await _until(lambda: len(_entries(client)) >= edition * len(paths))  # noqa: B023 (ends in the turn)
            for path in paths:
                rows = [(f"{path}.{number}", f"Story {number} of {path}") for number in range(edition)]
                server.serve(path, _body((path, f"Story of {path}"), *rows))

    _run(redis_url, feeds, meanwhile, pollers=2)
    assert {len(client.keys("lease:feed:*"))} == {0}
    keys = [(entry.feed_id, entry.entry_id) for entry in _entries(client)]
    assert len(keys) == len(set(keys))


def test_state_survives_the_poller(redis_url: str, client: redis.Redis) -> None:
    async def run() -> None:
        async with LocalServer() as server:
            feed = Feed("a", server.serve("/a", _body(("1", "First")), headers={"ETag": '"x"'}))
            for _ in range(2):
                await poll_once(FAST, [feed], redis_url, _now, JsonParser())
            assert server.requests["/a"][1]["If-None-Match"] == '"x"'

    asyncio.run(run())
    assert [entry.title for entry in _entries(client)] == ["First"]
    assert (_state(client, "a").serial, _state(client, "a").polls) == (2, 2)


def test_failures_are_named_and_other_feeds_go_on(redis_url: str, client: redis.Redis) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    wanted = {
        "gone": ErrorClass.GONE,
        "limited": ErrorClass.RATE_LIMITED,
        "missing": ErrorClass.HTTP,
        "refused": ErrorClass.ADDRESS_REFUSED,
        "circle": ErrorClass.REDIRECT,
        "large": ErrorClass.TOO_LARGE,
        "reset": ErrorClass.CONNECT,
        "slow": ErrorClass.TIMEOUT,
        "captcha": ErrorClass.HTML,
        "noise": ErrorClass.PARSE,
        "tls": ErrorClass.TLS,
        "nowhere": ErrorClass.DNS,
    }
    before = {kind: _count("wirewatch_feeds_failed_total", error=kind) for kind in wanted.values()}

    async def run() -> None:
        async with LocalServer() as server:
            server.serve("/gone", status=410)
            server.serve("/limited", status=429, headers={"Retry-After": "7200"})
            server.serve("/circle", status=302, headers={"Location": "/circle"})
            server.serve("/large", b"x" * 200_000)
            server.script("/reset", broken)
            server.script("/slow", slow)
            server.serve("/captcha", b"<html>Are you a robot?")
            server.serve("/noise", b"\x00\xff\xfe")
            server.serve("/refused", status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})
            server.serve("/good", _body(("1", "News")))
            urls = {name: server.url(f"/{name}") for name in [*wanted, "good"]}
            urls["tls"] = urls["tls"].replace("http:", "https:")
            urls["nowhere"] = "http://no-such-name.invalid/feed"
            feeds = [Feed(name, url) for name, url in urls.items()]
            await poll_once(FAST, feeds, redis_url, _now, JsonParser())

    asyncio.run(run())
    states = {name: _state(client, name) for name in wanted}
    assert {name: state.error for name, state in states.items()} == wanted
    assert all(state.reason for state in states.values())
    for kind, count in before.items():
        assert _count("wirewatch_feeds_failed_total", error=kind) == count + 1
    assert states["gone"].health is Health.GONE
    assert states["captcha"].health is states["refused"].health is Health.REFUSED
    assert states["slow"].health is Health.UNVERIFIED
    limited = states["limited"]
    assert limited.next_due_at is not None
    assert limited.last_polled_at is not None
    assert limited.next_due_at - limited.last_polled_at >= timedelta(hours=2)
    assert [entry.title for entry in _entries(client)] == ["News"]
    assert _state(client, "good").health is Health.WORKING


def test_feed_moved_for_good_is_asked_at_its_new_address(redis_url: str, client: redis.Redis) -> None:
    async def run() -> None:
        async with LocalServer() as server:
            feed = Feed("a", server.serve("/old", status=301, headers={"Location": "/new"}))
            server.serve("/new", _body(("1", "News")))
            for _ in range(2):
                await poll_once(FAST, [feed], redis_url, _now, JsonParser())
            assert (len(server.requests["/old"]), len(server.requests["/new"])) == (1, 2)
            # A list with a new address is believed over what the publisher once said.
            await poll_once(FAST, [replace(feed, url=server.url("/newer"))], redis_url, _now, JsonParser())
            assert len(server.requests["/newer"]) == 1

    asyncio.run(run())


def test_too_many_entries_are_cut_and_counted(redis_url: str, client: redis.Redis) -> None:
    before = _count("wirewatch_entries_cut_total")

    async def run() -> None:
        async with LocalServer() as server:
            rows = [(str(number), f"Story {number}") for number in range(300)]
            feed = Feed("a", server.serve("/a", _body(*rows)))
            await poll_once(replace(FAST, entries_per_poll=100), [feed], redis_url, _now, JsonParser())

    asyncio.run(run())
    assert len(_entries(client)) == 100
    assert _count("wirewatch_entries_cut_total") == before + 200


def test_lost_reply_to_exec_appends_nothing_twice(redis_url: str, client: redis.Redis) -> None:
    """The transaction is applied and its reply lost: the fence tells, and nothing is written again."""
    from redis.asyncio.client import Pipeline

    real = Pipeline._execute_transaction
    lost: list[int] = []

    async def losing(self: Any, *arguments: Any, **options: Any) -> Any:
        answer = await real(self, *arguments, **options)
        if any(command[0][0] == "XADD" for command in arguments[1]) and not lost:
            lost.append(1)
            raise redis.ConnectionError("the reply was lost")
        return answer

    async def run() -> None:
        async with LocalServer() as server:
            feed = Feed("a", server.serve("/a", _body(("1", "News"))))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Pipeline, "_execute_transaction", losing)
                states = await poll_once(FAST, [feed], redis_url, _now, JsonParser())
            assert [state.serial for state in states] == [1]

    asyncio.run(run())
    assert lost == [1]
    assert [entry.title for entry in _entries(client)] == ["News"]


def test_poll_is_dropped_whole_where_another_committed_first(redis_url: str, client: redis.Redis) -> None:
    async def run() -> None:
        async with LocalServer() as server:

            async def overtaken(request: web.Request) -> web.Response:
                client.set(names.feed("a"), "7 another")
                return web.Response(body=_body(("1", "News")))

            feed = Feed("a", server.script("/a", overtaken))
            assert await poll_once(FAST, [feed], redis_url, _now, JsonParser()) == []

    asyncio.run(run())
    assert _entries(client) == []
    assert client.hget(names.FEEDS, "a") is None
    assert client.get(names.lease("feed:a")) is None


def test_polling_pauses_while_too_many_entries_wait_and_goes_on_after(redis_url: str, client: redis.Redis) -> None:
    stream = names.entries_stream(3)

    def feeds(server: LocalServer) -> list[Feed]:
        for _ in range(11):
            client.xadd(stream, {names.FIELD: b"{}"})
        server.serve("/a", _body(("1", "News")))
        return [Feed("a", server.url("/a"))]

    async def meanwhile(server: LocalServer, stop: asyncio.Event) -> None:
        before = _count("wirewatch_polling_paused_total")
        await _until(lambda: _count("wirewatch_polling_paused_total") > before)
        assert server.requests["/a"] == []
        # The items pipeline reads on; what it has read may stay in the stream.
        client.set(names.cursor(stream), "9-0 1 9")
        await _until(lambda: len(server.requests["/a"]) > 0)

    _run(redis_url, feeds, meanwhile, replace(FAST, backlog_entries=10))


def test_changed_list_is_followed_and_a_bad_one_is_refused(redis_url: str, client: redis.Redis, tmp_path: Path) -> None:
    listed = tmp_path / "feeds.yaml"

    def write(server: LocalServer, *ids: str) -> None:
        rows = "".join(f'  - {{id: {name}, url: "{server.url("/" + name)}"}}\n' for name in ids)
        listed.write_text(f"feeds:\n{rows}")

    def feeds(server: LocalServer) -> list[Feed]:
        for name in ("a", "b"):
            server.serve(f"/{name}", _body((name, f"News of {name}")))
        write(server, "a")
        return [Feed("a", server.url("/a"))]

    async def meanwhile(server: LocalServer, stop: asyncio.Event) -> None:
        await _until(lambda: len(server.requests["/a"]) > 0)
        refused = _count("wirewatch_files_refused_total", kind="feeds")
        listed.write_text("feeds:\n  - {id: b, urll: x}\n")
        await _until(lambda: _count("wirewatch_files_refused_total", kind="feeds") > refused)
        asked = len(server.requests["/a"])
        await _until(lambda: len(server.requests["/a"]) > asked)
        write(server, "b")
        await _until(lambda: len(server.requests["/b"]) > 1)
        await _until(lambda: client.hkeys(names.FEEDS) == [b"b"])

    _run(redis_url, feeds, meanwhile, replace(FAST, files=(str(listed),)))
    assert sorted(entry.feed_id for entry in _entries(client)) == ["a", "b"]


def test_slow_host_holds_up_its_own_feeds_only(redis_url: str, client: redis.Redis) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async def run() -> None:
        stop = asyncio.Event()
        async with LocalServer() as bad, LocalServer() as good:
            feeds = [Feed(f"bad{number}", bad.script(f"/{number}", slow)) for number in range(20)]
            feeds.append(Feed("good", good.serve("/", _body(("1", "News")))))
            settings = replace(FAST, concurrency=4, host_parallel=2, request_timeout=timedelta(seconds=30))
            running = asyncio.create_task(run_poller(settings, feeds, redis_url, stop, _now, JsonParser()))
            await _until(lambda: len(good.requests["/"]) >= 3)
            assert sum(map(len, bad.requests.values())) <= 2
            stop.set()
            await asyncio.wait_for(running, PATIENCE_SECONDS)

    asyncio.run(run())


def test_requests_to_one_host_keep_their_distance(redis_url: str) -> None:
    starts: list[float] = []

    async def note(request: web.Request) -> web.Response:
        starts.append(asyncio.get_running_loop().time())
        return web.Response(body=_body(("1", "News")))

    def feeds(server: LocalServer) -> list[Feed]:
        return [Feed(str(number), server.script(f"/{number}", note)) for number in range(5)]

    async def meanwhile(server: LocalServer, stop: asyncio.Event) -> None:
        await _until(lambda: len(starts) >= 5)

    _run(redis_url, feeds, meanwhile, replace(FAST, host_delay=timedelta(milliseconds=100)))
    # The network may bring two starts together a little, never the whole distance for all.
    assert starts[4] - starts[0] >= 0.35


def test_neighbours_of_a_feed_that_was_asked_too_often_wait_too(redis_url: str, client: redis.Redis) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        async with LocalServer() as strict, LocalServer() as other:
            feeds = [
                Feed("limited", strict.serve("/limited", status=429, headers={"Retry-After": "300"})),
                Feed("neighbour", strict.serve("/neighbour", _body(("1", "News")))),
                Feed("other", other.serve("/", _body(("1", "News")))),
            ]
            settings = replace(FAST, host_parallel=1, host_delay=timedelta(milliseconds=200))
            running = asyncio.create_task(run_poller(settings, feeds, redis_url, stop, _now, JsonParser()))
            await _until(lambda: len(other.requests["/"]) >= 5)
            assert len(strict.requests["/limited"]) == 1
            assert len(strict.requests["/neighbour"]) <= 1
            stop.set()
            await asyncio.wait_for(running, PATIENCE_SECONDS)

    asyncio.run(run())


def test_feeds_that_nobody_lists_or_polls_any_more_are_forgotten(redis_url: str, client: redis.Redis) -> None:
    old, recent = _now() - timedelta(days=3), _now() - timedelta(hours=3)
    for name, polled in (("ghost", old), ("elsewhere", recent), ("a", old)):
        state = FeedState(name, "https://a.example/", "https://a.example/", last_polled_at=polled)
        client.hset(names.FEEDS, name, encode(state))
    client.set(names.feed_seen("ghost"), b"{}")

    def feeds(server: LocalServer) -> list[Feed]:
        return [Feed("a", server.serve("/a", _body(("1", "News"))))]

    async def meanwhile(server: LocalServer, stop: asyncio.Event) -> None:
        await _until(lambda: len(_entries(client)) == 1)

    _run(redis_url, feeds, meanwhile)
    assert sorted(client.hkeys(names.FEEDS)) == [b"a", b"elsewhere"]
    assert client.get(names.feed_seen("ghost")) is None
