"""Figures of the whole node, read from Redis: lag, outcomes, queues, feeds, the store itself."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import redis
import redis.asyncio

from connectors.codec import UnreadableRecordError, decode
from connectors.feeds.state import FeedState, Health
from connectors.log import names
from connectors.log.pages import Cursor, Standing
from connectors.sinks.health import SinkHealth, sink_health
from connectors.sinks.settings import DeliverSettings
from pipelines.model import DropReason, Outcome

PIPELINES = ("items", "stories")
# Half an hour of points, ten seconds apart.
_SAMPLE_SECONDS = 10.0
_SAMPLES = 181


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the reader of a stream is behind. The entry shards are one stream here."""

    stream: str
    # Appended and not yet committed.
    entries: int
    # Age of the oldest of them.
    seconds: float
    # Ever appended, and ever committed.
    appended: int
    read: int


@dataclass(frozen=True, slots=True)
class Store:
    """What the store says of itself."""

    memory_bytes: int
    memory_limit_bytes: int
    aof_enabled: bool
    aof_ok: bool
    clients: int
    version: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it, read at one moment."""

    lags: tuple[Lag, ...]
    # Pipeline -> outcome ("kept", "dropped:empty", "read") -> count.
    outcomes: dict[str, dict[str, int]]
    sinks: tuple[SinkHealth, ...]
    dead_letters: int
    events: int
    stories: int
    alerts: int
    # Health -> feeds.
    feeds: dict[str, int]
    store: Store

    def lag(self, stream: str) -> Lag:
        """Lag of one stream."""
        return next(lag for lag in self.lags if lag.stream == stream)


async def read_figures(client: redis.asyncio.Redis, deliver: DeliverSettings, now: datetime) -> Figures:
    """Read everything in a few round trips. Errors: redis.RedisError."""
    entries = names.entries_streams()
    streams = [*entries, names.ITEMS, names.OUTBOX]
    pipeline: Any = client.pipeline(transaction=False)  # half typed in redis-py
    for stream in streams:
        pipeline.get(names.cursor(stream))
        pipeline.xinfo_stream(stream)
    for name in PIPELINES:
        pipeline.hgetall(names.outcomes(name))
    pipeline.xlen(names.DEAD)
    pipeline.xlen(names.EVENTS)
    pipeline.zcard(names.STORIES)
    pipeline.zcard(names.ALERTS)
    pipeline.hvals(names.FEEDS)
    pipeline.info()
    answers = iter(await pipeline.execute(raise_on_error=False))
    shards = [_counted(stream, _sure(next(answers)), next(answers)) for stream in streams]
    outcomes = {name: {key.decode(): int(value) for key, value in _sure(next(answers)).items()} for name in PIPELINES}
    dead, events, stories, alerts = (int(_sure(next(answers))) for _ in range(4))
    feeds = _feeds_by_health(_sure(next(answers)))
    store = _store(_sure(next(answers)))
    oldest = await _oldest_unread(client, shards, now)
    lags = (
        _joined("entries", shards[: len(entries)], oldest),
        *(_joined(shard.stream, [shard], oldest) for shard in shards[len(entries) :]),
    )
    sinks = tuple(await sink_health(client, deliver))
    return Figures(lags, outcomes, sinks, dead, events, stories, alerts, feeds, store)


@dataclass(frozen=True, slots=True)
class _Counted:
    stream: str
    standing: Standing


def _sure(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _counted(stream: str, raw_cursor: bytes | None, about: Any) -> _Counted:
    if isinstance(about, redis.ResponseError):  # no such stream yet
        return _Counted(stream, Standing(Cursor.parse(raw_cursor)))
    return _Counted(stream, Standing.parse(raw_cursor, _sure(about)))


async def _oldest_unread(client: redis.asyncio.Redis, shards: Sequence[_Counted], now: datetime) -> dict[str, float]:
    """Age in seconds of the first entry after each cursor that has one."""
    behind = [shard for shard in shards if shard.standing.unread]
    if not behind:
        return {}
    pipeline: Any = client.pipeline(transaction=False)
    for shard in behind:
        pipeline.xrange(shard.stream, f"({shard.standing.cursor.last_id}", "+", count=1)
    ages = {}
    for shard, records in zip(behind, await pipeline.execute(), strict=True):
        if records:
            appended_ms = int(records[0][0].split(b"-")[0])
            ages[shard.stream] = max(0.0, now.timestamp() - appended_ms / 1000)
    return ages


def _joined(stream: str, shards: Sequence[_Counted], ages: dict[str, float]) -> Lag:
    return Lag(
        stream,
        entries=sum(shard.standing.unread for shard in shards),
        seconds=round(max((ages.get(shard.stream, 0.0) for shard in shards), default=0.0), 3),
        appended=sum(shard.standing.added for shard in shards),
        read=sum(shard.standing.cursor.read for shard in shards),
    )


def _feeds_by_health(raws: Sequence[bytes]) -> dict[str, int]:
    counts = Counter(state.health.value for state in decode_feeds(raws))
    return {health.value: counts[health.value] for health in Health}


def decode_feeds(raws: Sequence[bytes]) -> list[FeedState]:
    """Read feed states; one that cannot be read is left out of the view."""
    found = []
    for raw in raws:
        try:
            found.append(decode(FeedState, raw))
        except UnreadableRecordError:
            continue
    return found


def _store(about: dict[str, Any]) -> Store:
    return Store(
        memory_bytes=int(about.get("used_memory", 0)),
        memory_limit_bytes=int(about.get("maxmemory", 0)),
        aof_enabled=bool(about.get("aof_enabled", 0)),
        aof_ok=about.get("aof_last_write_status", "ok") == "ok",
        clients=int(about.get("connected_clients", 0)),
        version=str(about.get("valkey_version") or about.get("redis_version") or ""),
    )


def all_outcomes() -> list[str]:
    """Every outcome key that a pipeline may count, for zero-initialised series."""
    dropped = [f"{Outcome.DROPPED.value}:{reason.value}" for reason in DropReason]
    return [outcome.value for outcome in Outcome if outcome is not Outcome.DROPPED] + dropped


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts at one moment of a monotonic clock."""

    at_seconds: float
    appended: int
    read: int
    joined: int


class Sampler:
    """Keeps counts of the last half hour, so that rates can be shown. Never raises for an absent store."""

    def __init__(self, client: redis.asyncio.Redis, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._monotonic = monotonic
        self.samples: deque[Sample] = deque(maxlen=_SAMPLES)

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            try:
                self.samples.append(await self._sample())
            except redis.RedisError:
                self.samples.clear()  # a rate over an outage would be a lie
            await asyncio.sleep(_SAMPLE_SECONDS)

    async def _sample(self) -> Sample:
        pipeline: Any = self._client.pipeline(transaction=False)
        for stream in names.entries_streams():
            pipeline.xinfo_stream(stream)
        for name in PIPELINES:
            pipeline.hget(names.outcomes(name), "read")
        *streams, items, stories = await pipeline.execute(raise_on_error=False)
        appended = sum(int(about["entries-added"]) for about in streams if isinstance(about, dict))
        return Sample(self._monotonic(), appended, int(_sure(items) or 0), int(_sure(stories) or 0))

    def rates(self) -> list[float]:
        """Entries read per second between each sample and the next, oldest first."""
        pairs = zip(self.samples, list(self.samples)[1:], strict=False)
        return [
            max(0.0, (after.read - before.read) / max(1e-9, after.at_seconds - before.at_seconds))
            for before, after in pairs
        ]

    def rate(self, seconds: float) -> float:
        """Entries read per second over the last ``seconds``; 0 before there are two samples."""
        if len(self.samples) < 2:
            return 0.0
        last = self.samples[-1]
        first = next(one for one in self.samples if one.at_seconds >= last.at_seconds - seconds - 1)
        if first is last:
            first = self.samples[-2]
        return max(0.0, (last.read - first.read) / (last.at_seconds - first.at_seconds))


async def read_feeds(client: redis.asyncio.Redis) -> list[FeedState]:
    """Every feed's state, the unwell first, then by name. Errors: redis.RedisError."""
    raws = cast("list[bytes]", await cast(Any, client.hvals(names.FEEDS)))
    order = {health: place for place, health in enumerate(_UNWELL_FIRST)}
    return sorted(decode_feeds(raws), key=lambda state: (order[state.health], state.feed_id))


_UNWELL_FIRST = (Health.FAILING, Health.REFUSED, Health.GONE, Health.SILENT, Health.UNVERIFIED, Health.WORKING)
