"""One reader of the events stream per process, fanned out to bounded queues of clients.

Delivery: at least once to a client that resumes from its last id; in order. A client that does not
keep up loses its place in the fan-out and is sent away, never slows the others.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import redis
import redis.asyncio

from connectors.log import names
from desk import telemetry

_BLOCK_MS = 1000
_READ_COUNT = 200
_BACKOFF_SECONDS = (0.1, 0.5, 1.0)
_ID = re.compile(r"(\d{1,20})(?:-(\d{1,20}))?")
_LARGEST = 2**64
Id = tuple[int, int]


def parse_id(text: str) -> Id:
    """Read a stream id. Errors: ValueError for anything that is none."""
    found = _ID.fullmatch(text)
    if found is None or not text.isascii():
        raise ValueError(f"expected an event id such as 1730000000000-0, got {text[:80]!r}")
    parsed = int(found[1]), int(found[2] or 0)
    if max(parsed) >= _LARGEST:
        raise ValueError(f"event id out of range: {text}")
    return parsed


def format_id(place: Id) -> str:
    """Print a stream id."""
    return f"{place[0]}-{place[1]}"


class _StoryHead(msgspec.Struct):
    story_id: str = ""
    countries: tuple[str, ...] = ()


class _AlertHead(msgspec.Struct):
    alert_id: str = ""
    story_id: str = ""
    rule: str = ""
    countries: tuple[str, ...] = ()


class _Head(msgspec.Struct):
    """What choosing an event needs of it; the rest of the record is passed on unread."""

    kind: str = ""
    rules: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    story: _StoryHead | None = None
    alert: _AlertHead | None = None


_HEADS = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Event:
    """One record of the events stream with what choosing it needs."""

    id: Id
    kind: str
    rules: tuple[str, ...]
    countries: tuple[str, ...]
    story_id: str
    alert_id: str
    # The record as it stands in the stream: one line of JSON.
    raw: bytes


def read_event(raw_id: bytes, raw: bytes) -> Event:
    """Read the head of a record; an unreadable one has kind ""."""
    try:
        head = _HEADS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        head = _Head()
    story, alert = head.story or _StoryHead(), head.alert or _AlertHead()
    return Event(
        id=parse_id(raw_id.decode()),
        kind=head.kind,
        rules=head.rules or ((alert.rule,) if alert.rule else ()),
        countries=head.countries or alert.countries or story.countries,
        story_id=story.story_id or alert.story_id,
        alert_id=alert.alert_id,
        raw=raw,
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the stream holds at one moment."""

    first: Id | None
    last: Id
    # Entries that were there once and are no more.
    trimmed: int

    def misses(self, after: Id) -> bool:
        """Say whether entries later than ``after`` may be gone, or ``after`` was never of this stream."""
        if after > self.last:
            return True
        return self.trimmed > 0 and after < (self.first or self.last)


class Subscription:
    """One client's share of the fan-out."""

    def __init__(self, size: int) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(size + 1)
        self._size = size
        # Set when the client fell behind, the store went away or the desk closes.
        self.ended: telemetry.StreamEnd | None = None

    def offer(self, event: Event) -> None:
        """Queue an event; end the subscription where there is no room."""
        if self._queue.qsize() >= self._size:
            self.end(telemetry.StreamEnd.SLOW)
        elif self.ended is None:
            self._queue.put_nowait(event)

    def end(self, reason: telemetry.StreamEnd) -> None:
        """End it: what is queued is dropped, the client resumes from its last id."""
        if self.ended is None:
            self.ended = reason
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)

    async def next(self, patience_seconds: float) -> Event | None:
        """Wait for the next event; None when the subscription ended. Errors: TimeoutError."""
        if self.ended is not None:
            return None
        async with asyncio.timeout(patience_seconds):
            return await self._queue.get()


class Hub:
    """Reads the events stream once for everybody."""

    def __init__(self, client: redis.asyncio.Redis, queue_events: int) -> None:
        self._client = client
        self._queue_events = queue_events
        self._subscriptions: set[Subscription] = set()
        self._position: Id | None = None
        self._closing = False
        self._clients = 0

    @property
    def clients(self) -> int:
        """How many streams are open."""
        return self._clients

    @contextmanager
    def client(self) -> Iterator[None]:
        """Count one open stream while it lasts."""
        self._clients += 1
        try:
            yield
        finally:
            self._clients -= 1

    @property
    def closing(self) -> bool:
        """Whether the desk is about to end."""
        return self._closing

    def subscribe(self) -> Subscription:
        """Join the fan-out from here on; what came before is read with ``after``."""
        made = Subscription(self._queue_events)
        if self._closing:
            made.end(telemetry.StreamEnd.CLOSING)
        self._subscriptions.add(made)
        return made

    def leave(self, subscription: Subscription) -> None:
        """Leave the fan-out."""
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every subscription: the process is about to stop."""
        self._closing = True
        for subscription in self._subscriptions:
            subscription.end(telemetry.StreamEnd.CLOSING)

    async def bounds(self) -> Bounds:
        """Ask what the stream holds. Errors: redis.RedisError."""
        try:
            about: Any = await self._client.xinfo_stream(names.EVENTS)
        except redis.ResponseError:  # no such stream yet
            return Bounds(None, (0, 0), 0)
        first = about["first-entry"]
        return Bounds(
            parse_id(first[0].decode()) if first else None,
            parse_id(about["last-generated-id"].decode()),
            int(about["entries-added"]) - int(about["length"]),
        )

    async def after(self, place: Id) -> AsyncIterator[list[Event]]:
        """Read what the stream holds after a place, in chunks, to its end. Errors: redis.RedisError."""
        while True:
            records: Any = await self._client.xrange(names.EVENTS, f"({format_id(place)}", "+", count=_READ_COUNT)
            if not records:
                return
            events = [read_event(raw_id, fields.get(names.FIELD, b"")) for raw_id, fields in records]
            yield events
            place = events[-1].id

    async def run(self) -> None:
        """Read until cancelled. While the store is away clients are sent away to resume later."""
        attempt = 0
        while True:
            try:
                if self._position is None:
                    self._position = (await self.bounds()).last
                await self._read_once(self._position)
                attempt = 0
            except (redis.RedisError, OSError) as error:
                if attempt == 0:
                    telemetry.events_away(error)
                self._position = None
                for subscription in self._subscriptions:
                    subscription.end(telemetry.StreamEnd.STORE)
                await asyncio.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
                attempt += 1

    async def _read_once(self, position: Id) -> None:
        streams: Any = {names.EVENTS: format_id(position)}
        reply: Any = await self._client.xread(streams, count=_READ_COUNT, block=_BLOCK_MS)
        parts = reply.items() if isinstance(reply, dict) else reply or ()
        for _, records in parts:
            # RESP3 wraps a stream's records once more.
            flat = records[0] if records and isinstance(records[0], list) else records
            for raw_id, fields in cast("list[Any]", flat):
                event = read_event(raw_id, fields.get(names.FIELD, b""))
                self._position = event.id
                for subscription in self._subscriptions:
                    subscription.offer(event)
