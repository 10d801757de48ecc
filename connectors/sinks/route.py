"""Copies alerts from the outbox into the queues of the sinks that they are routed to.

One transaction carries a batch's queue entries and the outbox's new cursor, on condition that the
cursor still stands where the batch began: a crash, a lost reply or a second deliver process can
neither lose a revision nor queue it twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import redis.asyncio

from connectors.codec import UnreadableRecordError, decode, encode
from connectors.contract import FailReason
from connectors.log import names
from connectors.log.pages import Cursor, Record
from connectors.records import Alert, DeadLetter
from connectors.sinks import telemetry
from connectors.sinks.patience import unless

_COUNT = 100
_BLOCK_MS = 1000
STAGE = "deliver"


class Router:
    """Reads the outbox from its committed cursor, whoever moved it."""

    def __init__(
        self, client: redis.asyncio.Redis, sinks: Sequence[str], clock: Callable[[], datetime], stop: asyncio.Event
    ) -> None:
        self._client: Any = client
        self._sinks = tuple(sinks)
        self._clock = clock
        self._stop = stop
        # None: unknown, to be read from Redis.
        self._cursor: Cursor | None = None

    async def turn(self) -> None:
        """Route one batch; waits at most a second for one. Errors: redis.RedisError; safe to repeat."""
        key = names.cursor(names.OUTBOX)
        before, self._cursor = self._cursor, None
        if before is None:
            before = Cursor.parse(await self._client.get(key))
        reading = self._client.xread({names.OUTBOX: before.last_id}, count=_COUNT, block=_BLOCK_MS)
        reply = await unless(self._stop, reading)
        if not reply:
            self._cursor = before
            return
        records = [Record(raw_id.decode(), fields.get(names.FIELD, b"")) for raw_id, fields in reply[0][1]]
        after = before.moved(records[-1].id, len(records))
        plans = [plan(record, self._sinks, self._clock()) for record in records]
        async with self._client.pipeline(transaction=True) as transaction:
            try:
                await transaction.watch(key)
                if Cursor.parse(await transaction.get(key)) != before:
                    return
                transaction.multi()
                for sinks, letters in plans:
                    self._add(transaction, sinks, letters)
                transaction.set(key, str(after))
                await transaction.execute()
            except redis.WatchError:
                return  # another process was first, or the reply was lost: the cursor tells
        self._cursor = after
        for sinks, letters in plans:
            telemetry.alert_routed(sinks)
            for letter in letters:
                telemetry.alert_unroutable(letter.stage, FailReason(letter.reason), letter.detail)

    def _add(self, transaction: Any, sinks: dict[str, bytes], letters: list[DeadLetter]) -> None:
        for sink, raw in sinks.items():
            transaction.xadd(names.queue(sink), {names.FIELD: raw})
            transaction.hincrby(names.outcomes(f"deliver:{sink}"), "queued", 1)
        for letter in letters:
            transaction.xadd(names.DEAD, {names.FIELD: encode(letter)})
            transaction.hincrby(names.outcomes(STAGE), f"dead:{letter.reason}", 1)
        transaction.hincrby(names.outcomes(STAGE), "read", 1)


def plan(record: Record, sinks: Sequence[str], now: datetime) -> tuple[dict[str, bytes], list[DeadLetter]]:
    """Say into which queues an outbox record goes, and what of it is a dead letter.

    A route to a sink that is not set up is a dead letter of that sink's queue: ``dead retry``
    delivers it once the sink is there.
    """
    raw = record.raw
    try:
        routes = decode(Alert, raw).routes or tuple(sinks)
    except UnreadableRecordError as error:
        text = raw.decode(errors="replace")
        return {}, [DeadLetter(STAGE, FailReason.UNREADABLE, str(error), text, names.OUTBOX, now)]
    queued = {sink: raw for sink in sinks if sink in routes}
    detail = "no sink of this name is set up"
    return queued, [
        DeadLetter(f"{STAGE}:{route}", FailReason.UNKNOWN_SINK, detail, raw.decode(), names.queue(route), now)
        for route in dict.fromkeys(routes)
        if route not in sinks
    ]
