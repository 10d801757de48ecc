"""The log: read pages of Redis streams, commit a page's effects and cursor in one transaction.

Delivery: exactly one effect per entry inside Redis. The cursor condition is the fence: a replayed,
doubled or zombie page finds the cursor moved and changes nothing. Leases only save work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

import redis

from connectors.errors import RetryableError
from connectors.log import names, telemetry
from connectors.log.connect import connect
from connectors.log.pages import Cursor, LogPage, Record, Standing

T = TypeVar("T")
# One Redis command with its arguments. Effects are data, so that pure code can decide them.
Command = tuple[str | bytes | int | float, ...]

_COMMIT_TRIES = 5
_BACKOFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
# Compare-and-expire: only the holder may renew.
_RENEW = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) else return 0 end"
)
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"
# One step, so that nothing can be appended between the counting and the trimming.
_TRIM = """
local read = tonumber(string.match(redis.call('GET', KEYS[2]) or '0-0 0 0', '(%d+)$'))
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local about, added, length = redis.call('XINFO', 'STREAM', KEYS[1]), 0, 0
for place = 1, #about, 2 do
  if about[place] == 'entries-added' then added = about[place + 1] end
  if about[place] == 'length' then length = about[place + 1] end
end
local removable = length - math.max(0, added - read) - tonumber(ARGV[1])
if removable <= 0 then return 0 end
return redis.call('XTRIM', KEYS[1], 'MAXLEN', length - removable)
"""
# WatchError is none of these: commit() reads what happened.
_AWAY = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, redis.ReadOnlyError)
# The server answers but takes no writes: disk full or AOF error, memory full, a replica, a transaction
# refused at queue time for one of these reasons. Nothing was applied.
_REFUSALS = ("MISCONF", "OOM", "LOADING", "READONLY", "MASTERDOWN", "NOREPLICAS", "EXECABORT", "Transaction discarded")


def is_away(error: Exception) -> bool:
    """Say whether Redis may answer later what it failed to answer now."""
    if isinstance(error, _AWAY):
        return True
    if not isinstance(error, redis.ResponseError):
        return False
    # In a pipeline redis-py puts its own words before the server's, its asyncio twin a bracket and quote too.
    said = str(error).rpartition("caused error: ")[2].lstrip("('\"")
    return said.startswith(_REFUSALS)


class StoreAwayError(RetryableError):
    """Redis did not answer for longer than the caller was ready to wait."""


class RedisLog:
    """Streams of one Redis, for one process; not shared between threads that read."""

    def __init__(
        self,
        url: str,
        *,
        reader: str = "",
        patience_seconds: float = 120.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.client = connect(url)
        # Whose cursors: a reader with a name follows a stream beside the one that it belongs to.
        self._reader = reader
        self.refused: set[str] = set()
        self.patience_seconds = patience_seconds
        # Asked while Redis is away: whether whoever waits for it is to end.
        self.gives_up: Callable[[], bool] = lambda: False
        self._clock = clock

    def waiting(self, ask: Callable[[], T]) -> T:
        """Ask Redis, waiting with capped backoff while it is away.

        Only for reads and for what ``commit`` guards: the question may be asked twice.
        Errors: StoreAwayError once ``patience_seconds`` are over or ``gives_up`` says so.
        """
        since, attempt = time.monotonic(), 0
        while True:
            try:
                answer = ask()
            except redis.RedisError as error:
                if not is_away(error):
                    raise
                telemetry.store_waited(attempt, error)
                away_seconds = time.monotonic() - since
                if away_seconds > self.patience_seconds or self.gives_up():
                    raise StoreAwayError(f"Redis did not answer for {away_seconds:.0f} s: {error}") from error
                time.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
                attempt += 1
            else:
                if attempt:
                    telemetry.store_returned(time.monotonic() - since)
                return answer

    def _cursor_of(self, stream: str) -> str:
        return names.cursor(stream, self._reader)

    def cursors(self, streams: Sequence[str]) -> dict[str, Cursor]:
        """Committed cursor of each stream."""
        raws = self.mget([self._cursor_of(stream) for stream in streams])
        return {stream: Cursor.parse(raw) for stream, raw in zip(streams, raws, strict=True)}

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """Plain values of keys, in order."""
        if not keys:
            return []
        return cast("list[bytes | None]", self.waiting(lambda: self.client.mget(keys)))

    def read(self, at: Mapping[str, Cursor], *, count: int, block_ms: int) -> list[LogPage]:
        """Read up to ``count`` records of each stream after its cursor, one page a stream.

        Blocks ``block_ms`` (at most 1000) where there are none, then returns [].
        """
        positions: Any = {stream: cursor.last_id for stream, cursor in at.items()}
        reply = self.waiting(lambda: self.client.xread(positions, count=count, block=block_ms))
        clock, pages = self._clock(), []
        for raw_stream, raw_records in cast("list[Any]", reply or []):
            stream = raw_stream.decode()
            records = tuple(Record(raw_id.decode(), fields.get(names.FIELD, b"")) for raw_id, fields in raw_records)
            after = at[stream]
            pages.append(LogPage(stream, after, after.moved(records[-1].id, len(records)), clock, records))
        return pages

    def tick(self, stream: str, after: Cursor) -> LogPage:
        """Page without records that carries the clock on."""
        return LogPage(stream, after, after.moved(after.last_id, 0), self._clock(), ())

    def commit(self, stream: str, after: Cursor, cursor: Cursor, effects: Iterable[Command]) -> bool:
        """Apply all effects and move the cursor, if it still stands at ``after``; else change nothing.

        False: the page was stale. Errors: redis.RedisError where a command could not be queued (out
        of memory, disk full): nothing was applied. StoreAwayError: the state is unknown to this
        process and the cursor tells the next one.
        """
        effects = list(effects)
        if self.waiting(lambda: self._try_commit(self._cursor_of(stream), after, cursor, effects)):
            telemetry.page_committed(self._reader or stream)
            return True
        self.refuse(stream)
        return False

    def _try_commit(self, key: str, after: Cursor, cursor: Cursor, effects: Sequence[Command]) -> bool:
        # First look: a repeat after a lost connection may find that the transaction had gone through.
        if self.client.get(key) == str(cursor).encode():
            return True
        for _ in range(_COMMIT_TRIES):
            with self.client.pipeline(transaction=True) as opened:
                transaction: Any = opened  # redis-py's pipeline is half typed
                try:
                    transaction.watch(key)
                    if Cursor.parse(cast("bytes | None", transaction.get(key))) != after:
                        break
                    transaction.multi()
                    for command in effects:
                        transaction.execute_command(*command)
                    transaction.set(key, str(cursor))
                    transaction.execute()
                    return True
                except redis.WatchError:
                    pass  # another was first, or the reply was lost: the cursor tells
            now = Cursor.parse(cast("bytes | None", self.client.get(key)))
            if now == cursor:
                return True
            if now != after:
                break
        return False

    def refuse(self, stream: str) -> None:
        """Give a page up as stale, without a commit: the reader starts again at the committed cursor."""
        self.refused.add(stream)
        telemetry.page_refused(self._reader or stream)

    def hold(self, group: str, token: str, span_ms: int) -> bool:
        """Take or renew the lease of a group; False while another process holds it."""
        key = names.lease(group)

        def ask() -> bool:
            if self.client.eval(_RENEW, 1, key, token, str(span_ms)):
                return True
            return bool(self.client.set(key, token, nx=True, px=span_ms))

        return self.waiting(ask)

    def release(self, group: str, token: str) -> None:
        """Give a lease back, if it is still ours; one that cannot be given back ends by itself."""
        try:
            self.client.eval(_RELEASE, 1, names.lease(group), token)
        except redis.RedisError as error:
            if not is_away(error):
                raise

    def trim(self, stream: str, *, keep: int) -> None:
        """Trim a stream below its committed cursor, leaving ``keep`` of the entries already read.

        Entries that no reader has committed are never trimmed here.
        """
        trimmed = self.waiting(lambda: self.client.eval(_TRIM, 2, stream, names.cursor(stream), str(keep)))
        telemetry.entries_trimmed(stream, int(cast(int, trimmed)))

    def cap(self, stream: str, keep: int) -> None:
        """Keep a stream that nobody must have read to about ``keep`` records."""
        self.waiting(lambda: self.client.xtrim(stream, maxlen=keep, approximate=True))

    def lost(self, stream: str) -> int:
        """Count the entries that somebody trimmed before they were read and that no commit has counted."""
        return self.standing(stream).lost

    def standing(self, stream: str) -> Standing:
        """Read a stream's counts and our cursor at one moment; a stream that is not there yet is empty."""
        return self.waiting(lambda: self._standing(stream))

    def _standing(self, stream: str) -> Standing:
        with self.client.pipeline(transaction=True) as transaction:
            transaction.get(self._cursor_of(stream))
            transaction.xinfo_stream(stream)
            raw, about = transaction.execute(raise_on_error=False)
        if isinstance(about, redis.ResponseError):  # no such stream yet
            return Standing(Cursor.parse(raw))
        return Standing.parse(raw, about)

    def check(self) -> list[str]:
        """Say what in this store would break the promises; [] if nothing."""
        problems = []
        config = self.waiting(lambda: self.client.config_get("maxmemory-policy", "appendonly"))
        policy = config.get("maxmemory-policy", "noeviction")
        if policy != "noeviction":
            problems.append(f"maxmemory-policy is {policy}: expected noeviction, an evicted cursor doubles alerts")
        version = str(self.waiting(lambda: self.client.info("server")).get("redis_version", "0"))
        if int(version.partition(".")[0]) < 7:
            problems.append(f"server version {version}: expected Redis 7 or newer, or Valkey 8 or newer")
        return problems


@lru_cache(maxsize=4)
def _shared(url: str) -> RedisLog:
    return RedisLog(url)


def forget_shared_logs() -> None:
    """Forget the logs of this process, as a restart does."""
    _shared.cache_clear()


def shared_log(url: str, patience_seconds: float | None = None) -> RedisLog:
    """The log of this process for a URL: one client, however many DoFn instances ask.

    ``patience_seconds`` changes for everybody how long an absent store is waited for.
    """
    log = _shared(url)
    if patience_seconds is not None:
        log.patience_seconds = patience_seconds
    return log
