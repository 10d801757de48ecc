"""The page commit, against a real store: what it promises, and how it was lost elsewhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis

from connectors.log import names
from connectors.log.log import RedisLog, StoreAwayError, is_away
from connectors.log.pages import Cursor, LogPage


@pytest.fixture
def log(redis_url: str) -> RedisLog:
    return RedisLog(redis_url, patience_seconds=5)


def append(client: redis.Redis, stream: str, count: int) -> None:
    for number in range(count):
        client.xadd(stream, {names.FIELD: str(number)})


def read_one(log: RedisLog, stream: str, count: int = 500) -> LogPage:
    [page] = log.read(log.cursors([stream]), count=count, block_ms=10)
    return page


def test_page_starts_after_the_committed_cursor(log: RedisLog, client: redis.Redis) -> None:
    append(client, "items", 5)
    first = read_one(log, "items", count=3)
    assert log.commit("items", first.after, first.cursor, [("INCRBY", "done", 3)])
    second = read_one(log, "items")
    assert [record.raw for record in second.records] == [b"3", b"4"]
    assert second.after == first.cursor
    assert second.cursor.read == 5


def test_page_committed_twice_has_one_effect(log: RedisLog, client: redis.Redis) -> None:
    append(client, "items", 2)
    page = read_one(log, "items")
    assert log.commit("items", page.after, page.cursor, [("INCRBY", "done", 2)])
    # The same page again is recognised as done; a different page at the same place is refused.
    assert log.commit("items", page.after, page.cursor, [("INCRBY", "done", 2)])
    other = Cursor(page.cursor.last_id, page.cursor.serial, page.cursor.read + 1)
    assert not log.commit("items", page.after, other, [("INCRBY", "done", 2)])
    assert client.get("done") == b"2"
    assert log.refused == {"items"}


def test_tick_committed_by_two_readers_has_one_effect(redis_url: str, client: redis.Redis) -> None:
    first, second = RedisLog(redis_url), RedisLog(redis_url)
    tick, late = first.tick("items", Cursor()), second.tick("items", Cursor())
    assert first.commit("items", tick.after, tick.cursor, [("INCR", "ticks")])
    append(client, "items", 1)
    page = read_one(first, "items")
    assert first.commit("items", page.after, page.cursor, [])
    assert not second.commit("items", late.after, late.cursor, [("INCR", "ticks")])
    assert client.get("ticks") == b"1"


def test_two_readers_share_a_stream_without_doubling(redis_url: str, client: redis.Redis) -> None:
    append(client, "items", 200)
    logs = [RedisLog(redis_url), RedisLog(redis_url)]

    def work(log: RedisLog) -> None:
        while pages := log.read(log.cursors(["items"]), count=3, block_ms=10):
            [page] = pages
            effects: list[tuple[str | bytes | int | float, ...]] = [("HINCRBY", "done", r.raw, 1) for r in page.records]
            log.commit("items", page.after, page.cursor, effects)

    threads = [threading.Thread(target=work, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert client.hgetall("done") == {str(number).encode(): b"1" for number in range(200)}


class SwallowingProxy:
    """Passes bytes to the store, but closes the connection instead of passing on the reply to EXEC."""

    def __init__(self, store_socket: Path, own_socket: Path) -> None:
        self._store_socket = store_socket
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(own_socket))
        self._listener.listen()
        self.armed = True
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with closing(peer), closing(socket.socket(socket.AF_UNIX)) as store:
            store.connect(str(self._store_socket))
            while request := peer.recv(1 << 16):
                store.sendall(request)
                reply = store.recv(1 << 16)
                if b"EXEC" in request and self.armed:
                    self.armed = False
                    return
                peer.sendall(reply)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def proxy(redis_url: str, tmp_path: Path) -> Iterator[tuple[SwallowingProxy, str]]:
    own = tmp_path / "proxy.sock"
    opened = SwallowingProxy(Path(redis_url.removeprefix("unix://")), own)
    yield opened, f"unix://{own}"
    opened.close()


def test_lost_reply_to_exec_is_applied_once_and_reported_as_done(
    proxy: tuple[SwallowingProxy, str], client: redis.Redis
) -> None:
    swallowing, url = proxy
    append(client, "items", 1)
    log = RedisLog(url, patience_seconds=5)
    page = read_one(log, "items")
    assert log.commit("items", page.after, page.cursor, [("INCR", "done")])
    assert not swallowing.armed
    assert client.get("done") == b"1"
    assert Cursor.parse(client.get(names.cursor("items"))) == page.cursor  # type: ignore[arg-type]  # sync client


def test_store_that_stays_away_is_an_error_that_says_so(tmp_path: Path) -> None:
    log = RedisLog(f"unix://{tmp_path}/nothing.sock", patience_seconds=0.1)
    with pytest.raises(StoreAwayError, match="did not answer"):
        log.cursors(["items"])


@pytest.mark.parametrize(
    ("said", "away"),
    [
        ("MISCONF Errors writing to the AOF file: No space left on device", True),
        (
            "Command # 1 (SET a b) of pipeline caused error: OOM command not allowed when used memory > 'maxmemory'.",
            True,
        ),
        (
            "Command # 1 (SET a b) of pipeline caused error: ('MISCONF Errors writing to the AOF file: Too large',)",
            True,
        ),
        ("Transaction discarded because of previous errors.", True),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", False),
        ("Command # 1 (SET OOM b) of pipeline caused error: ERR syntax error", False),
    ],
)
def test_store_that_takes_no_writes_is_waited_for_and_mistakes_are_not(said: str, away: bool) -> None:
    assert is_away(redis.ResponseError(said)) is away


def test_trim_leaves_every_uncommitted_entry(log: RedisLog, client: redis.Redis) -> None:
    append(client, "items", 10)
    page = read_one(log, "items", count=6)
    log.trim("items", keep=0)
    assert client.xlen("items") == 10
    log.commit("items", page.after, page.cursor, [])
    log.trim("items", keep=2)
    left: Any = client.xrange("items")
    assert [fields[names.FIELD] for _, fields in left] == [b"4", b"5", b"6", b"7", b"8", b"9"]
    log.trim("items", keep=0)
    assert client.xlen("items") == 4
    assert log.lost("items") == 0


def test_entries_trimmed_unread_are_counted_as_lost(log: RedisLog, client: redis.Redis) -> None:
    append(client, "items", 10)
    page = read_one(log, "items", count=3)
    log.commit("items", page.after, page.cursor, [])
    client.xtrim("items", maxlen=5, approximate=False)
    assert log.lost("items") == 2


def test_lease_is_held_by_one_and_passes_on_when_released(redis_url: str, client: redis.Redis) -> None:
    first, second = RedisLog(redis_url), RedisLog(redis_url)
    assert first.hold("items", "one", 10_000)
    assert first.hold("items", "one", 10_000)
    assert not second.hold("items", "two", 10_000)
    second.release("items", "two")
    assert not second.hold("items", "two", 10_000)
    first.release("items", "one")
    assert second.hold("items", "two", 10_000)
    assert client.get(names.lease("items")) == b"two"


def test_store_that_evicts_is_refused(log: RedisLog, client: redis.Redis) -> None:
    assert log.check() == []
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        [problem] = log.check()
    finally:
        client.config_set("maxmemory-policy", "noeviction")
    assert "expected noeviction" in problem


def test_cursor_prints_as_it_parses() -> None:
    cursor = Cursor("17-3", 4, 99)
    assert Cursor.parse(str(cursor).encode()) == cursor
    assert Cursor.parse(None) == Cursor("0-0", 0, 0)
