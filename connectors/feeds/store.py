"""Feeds in Redis: leases, states, seen entries, and the one transaction that commits a poll.

Delivery: entries and the feed's new state are written together or not at all, on condition that the
feed's fence still stands where this poll began. The lease only saves work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast
from uuid import uuid4

import redis
import redis.asyncio

from connectors import keys
from connectors.codec import UnreadableRecordError, decode, encode
from connectors.errors import WirewatchError
from connectors.feeds.state import FeedState
from connectors.feeds.update import Update
from connectors.log import names
from connectors.log import telemetry as log_telemetry
from connectors.log.log import is_away
from connectors.log.pages import Cursor
from connectors.records import Entry

T = TypeVar("T")
_CHUNK = 500
_COMMIT_TRIES = 5
_BACKOFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


class StoppedError(WirewatchError):
    """The poller was told to stop while Redis was away."""


@dataclass(frozen=True, slots=True)
class Held:
    """A feed that this process may poll, and its state; None where it was never polled."""

    state: FeedState | None
    # What the fence read when the lease was taken.
    fence: str


class FeedStore:
    """The poller's side of Redis; waits with capped backoff while it is away, until told to stop."""

    def __init__(self, client: redis.asyncio.Redis, *, lease: timedelta, stop: asyncio.Event) -> None:
        # redis-py's asyncio commands are typed as their blocking twins too.
        self._client: Any = client
        self._lease_ms = max(int(lease.total_seconds() * 1000), 1)
        self._stop = stop
        self._token = uuid4().hex
        self._away_since: float | None = None

    async def states(self, feed_ids: Sequence[str]) -> dict[str, FeedState]:
        """States of the feeds that have one. Unreadable ones are left out: the feed starts anew."""
        found: dict[str, FeedState] = {}
        for start in range(0, len(feed_ids), _CHUNK):
            chunk = feed_ids[start : start + _CHUNK]
            raws = await self._waiting(partial(self._client.hmget, names.FEEDS, chunk))
            for feed_id, raw in zip(chunk, cast("list[bytes | None]", raws), strict=True):
                if (state := _decoded(raw)) is not None:
                    found[feed_id] = state
        return found

    async def hold(self, feed_id: str) -> Held | None:
        """Take a feed's lease and read its state; None while another process holds it."""

        async def ask() -> Held | None:
            lease = names.lease(f"feed:{feed_id}")
            # State and fence of one moment.
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(lease, self._token, nx=True, px=self._lease_ms)
                pipeline.get(lease)
                pipeline.hget(names.FEEDS, feed_id)
                pipeline.get(names.feed(feed_id))
                _, holder, raw, fence = await pipeline.execute()
            # The first reply may have been lost while Redis was away: whose it is decides.
            if holder != self._token.encode():
                return None
            return Held(_decoded(raw), (fence or b"").decode())

        return await self._waiting(ask)

    async def release(self, feed_id: str) -> None:
        """Give a lease back; one that cannot be given back ends by itself."""
        try:
            await self._client.eval(_RELEASE, 1, names.lease(f"feed:{feed_id}"), self._token)
        except redis.RedisError as error:
            if not is_away(error):
                raise

    async def seen(self, feed_id: str) -> dict[str, str]:
        """Entries that were in the feed before: key -> fingerprint of the words."""
        raw = await self._waiting(lambda: self._client.get(names.feed_seen(feed_id)))
        if raw is None:
            return {}
        try:
            return decode(dict[str, str], raw)
        except UnreadableRecordError:
            return {}  # every entry is new once more, and dropped downstream as seen

    async def commit(self, update: Update, fence: str) -> FeedState | None:
        """Write a poll's entries and state in one transaction; None where the fence had moved.

        A lost reply is made good: the fence tells whether the transaction went through.
        """
        state = replace(update.state, committed_by=uuid4().hex)
        feed_id, own_fence = state.feed_id, f"{state.serial} {state.committed_by}"
        commands: list[tuple[str | bytes, ...]] = [
            ("SET", names.feed(feed_id), own_fence),
            ("HSET", names.FEEDS, feed_id, encode(state)),
        ]
        if update.seen is not None:
            commands.append(("SET", names.feed_seen(feed_id), encode(update.seen)))
        commands += [_append(entry) for entry in update.entries]

        async def attempt() -> bool:
            for _ in range(_COMMIT_TRIES):
                async with self._client.pipeline(transaction=True) as transaction:
                    try:
                        await transaction.watch(names.feed(feed_id))
                        stands = (await transaction.get(names.feed(feed_id)) or b"").decode()
                        if stands != fence:
                            return stands == own_fence
                        transaction.multi()
                        for command in commands:
                            transaction.execute_command(*command)
                        await transaction.execute()
                        return True
                    except redis.WatchError:
                        continue  # another was first, or the reply was lost: the fence tells
            return False

        return state if await self._waiting(attempt) else None

    async def forget(self, feed_ids: Iterable[str]) -> None:
        """Take feeds that no list names any more out of the states; their seen entries end with them."""
        for feed_id in feed_ids:
            await self._waiting(partial(self._drop, feed_id))

    async def forget_ghosts(self, listed: Collection[str], before: datetime) -> None:
        """Forget feeds that are not listed and that no other process has polled since then either."""
        known = await self._waiting(partial(self._client.hkeys, names.FEEDS))
        unlisted = [feed_id for raw in cast("list[bytes]", known) if (feed_id := raw.decode()) not in listed]
        states = await self.states(unlisted)
        await self.forget(
            feed_id
            for feed_id, state in states.items()
            if state.last_polled_at is None or state.last_polled_at < before
        )

    async def _drop(self, feed_id: str) -> None:
        async with self._client.pipeline(transaction=True) as transaction:
            transaction.hdel(names.FEEDS, feed_id)
            transaction.delete(names.feed(feed_id), names.feed_seen(feed_id))
            await transaction.execute()

    async def waiting_entries(self, enough: int) -> int:
        """Count entries that no items pipeline has read yet; rough below ``enough``, exact above."""
        streams = names.entries_streams()

        async def lengths() -> int:
            async with self._client.pipeline(transaction=False) as pipeline:
                for stream in streams:
                    pipeline.xlen(stream)
                return sum(await pipeline.execute())

        if (present := await self._waiting(lengths)) <= enough:
            return present

        async def unread() -> int:
            async with self._client.pipeline(transaction=False) as pipeline:
                for stream in streams:
                    pipeline.get(names.cursor(stream))
                    pipeline.xinfo_stream(stream)
                answers = await pipeline.execute(raise_on_error=False)
            total = 0
            for raw, about in zip(answers[::2], answers[1::2], strict=True):
                if isinstance(about, dict):  # an error: no such stream yet
                    total += max(0, int(about["entries-added"]) - Cursor.parse(raw).read)
            return total

        return await self._waiting(unread)

    async def _waiting(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask Redis, again and again while it is away. Errors: StoppedError."""
        attempt = 0
        while True:
            try:
                answer = await ask()
            except redis.RedisError as error:
                if not is_away(error):
                    raise
                if self._stop.is_set():
                    raise StoppedError("stopped while Redis was away") from error
                self._went_away(error)
                await self._pause(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
                attempt += 1
            else:
                self._came_back()
                return answer

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    def _went_away(self, error: Exception) -> None:
        # Many polls may wait at once: one of them says so.
        log_telemetry.store_waited(0 if self._away_since is None else 1, error)
        if self._away_since is None:
            self._away_since = asyncio.get_running_loop().time()

    def _came_back(self) -> None:
        if self._away_since is not None:
            log_telemetry.store_returned(asyncio.get_running_loop().time() - self._away_since)
            self._away_since = None


def _append(entry: Entry) -> tuple[str | bytes, ...]:
    key = keys.dedup_key(entry.feed_id, entry.entry_id, entry.link)
    return ("XADD", names.entries_stream(keys.shard_of(key)), "*", names.FIELD, encode(entry))


def _decoded(raw: bytes | None) -> FeedState | None:
    try:
        return decode(FeedState, raw) if raw is not None else None
    except UnreadableRecordError:
        return None
