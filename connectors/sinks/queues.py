"""The Redis side of one sink: its queue, tries, health and lease. Every change is one atomic step.

A queue entry's deletion is the fence: whatever settles an alert does so on condition that it
deletes the entry, so two workers by mistake, or a reply that was lost, settle it once. A failed try
is told from its repetition by what it would store.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, cast

import msgspec
import redis.asyncio

from connectors.codec import UnreadableRecordError, decode, encode
from connectors.log import names
from connectors.records import DeadLetter
from connectors.sinks.lanes import Lanes
from connectors.sinks.retry import Tries

_LOAD_COUNT = 500
_READ_COUNT = 100
# Longer than a story lives (14 days of silence), so that its last revision still finds the first message.
_REFERENCE_LIFE = timedelta(days=30)

_SETTLE = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HINCRBY', KEYS[3], ARGV[2], 1)
if ARGV[3] ~= '' then redis.call('XADD', KEYS[5], '*', ARGV[4], ARGV[3]) end
if ARGV[5] ~= '' then redis.call('SET', KEYS[6], ARGV[5], 'PX', ARGV[6]) end
for place = 7, #ARGV, 2 do redis.call('HSET', KEYS[4], ARGV[place], ARGV[place + 1]) end
return 1
"""
_POSTPONE = """
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
if redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2] then return 1 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[3], 'failed', 1)
for place = 3, #ARGV, 2 do redis.call('HSET', KEYS[4], ARGV[place], ARGV[place + 1]) end
return 1
"""
_HOLD = """
local holder, disabled = redis.call('GET', KEYS[1]), redis.call('HEXISTS', KEYS[2], 'disabled_at')
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'kept', disabled}
elseif holder then
  return {'other', disabled}
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'taken', disabled}
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


class Lease(StrEnum):
    """What came of asking for a sink's lease."""

    # Held without a break since it was last asked for.
    KEPT = "kept"
    # Ours now; others may have had it in between.
    TAKEN = "taken"
    OTHER = "other"


class _Head(msgspec.Struct):
    """As much of a queued alert as its place in line needs."""

    alert_id: str


class SinkQueue:
    """One sink's keys. Errors: redis.RedisError from every method; all may be asked again."""

    def __init__(self, client: redis.asyncio.Redis, sink: str) -> None:
        self._client: Any = client
        self._sink = sink
        self.stream = names.queue(sink)
        self._retries = names.retries(sink)
        self._outcomes = names.outcomes(f"deliver:{sink}")
        self._health = names.sink(sink)
        self._lease = names.lease(f"deliver:{sink}")

    async def load(self) -> tuple[Lanes, str]:
        """Read the whole queue with its tries; gives the last id read."""
        await self._client.sadd(names.SINKS, self._sink)
        raw_tries = cast("Mapping[bytes, bytes]", await self._client.hgetall(self._retries))
        lanes, last_id = Lanes(), "0-0"
        while True:
            begin = f"({last_id}" if last_id != "0-0" else "-"
            entries = await self._client.xrange(self.stream, min=begin, count=_LOAD_COUNT)
            for raw_id, fields in entries:
                last_id = raw_id.decode()
                lanes.add(last_id, _lane(last_id, fields), _tries(raw_tries.get(raw_id)))
            if len(entries) < _LOAD_COUNT:
                return lanes, last_id

    async def read(self, last_id: str, block_ms: int) -> list[tuple[str, str]]:
        """Id and lane of what arrived after ``last_id``; waits at most ``block_ms`` for something."""
        reply = await self._client.xread({self.stream: last_id}, count=_READ_COUNT, block=block_ms)
        return [
            (raw_id.decode(), _lane(raw_id.decode(), fields)) for _, found in reply or [] for raw_id, fields in found
        ]

    async def fetch(self, entry_id: str, alert_id: str) -> tuple[bytes | None, str]:
        """Raw record of an entry, None if it is gone, and the reference of an earlier revision."""
        async with self._client.pipeline(transaction=False) as both:
            both.xrange(self.stream, min=entry_id, max=entry_id)
            both.get(names.reference(self._sink, alert_id))
            found, reference = await both.execute()
        raw = found[0][1].get(names.FIELD, b"") if found else None
        return raw, (reference or b"").decode()

    async def settle(
        self, entry_id: str, outcome: str, health: Mapping[str, str], *, alert_id: str = "", reference: str = ""
    ) -> bool:
        """Count an outcome and forget the entry; False if it had been settled before."""
        return await self._settle(entry_id, outcome, b"", health, alert_id, reference)

    async def bury(self, entry_id: str, letter: DeadLetter, health: Mapping[str, str]) -> bool:
        """Make a dead letter of an entry; False if it had been settled before."""
        return await self._settle(entry_id, f"dead:{letter.reason}", encode(letter), health, "", "")

    async def _settle(
        self, entry_id: str, outcome: str, letter: bytes, health: Mapping[str, str], alert_id: str, reference: str
    ) -> bool:
        keys = [self.stream, self._retries, self._outcomes, self._health, names.DEAD]
        keys.append(names.reference(self._sink, alert_id))
        life_ms = int(_REFERENCE_LIFE.total_seconds() * 1000)
        arguments = [entry_id, outcome, letter, names.FIELD, reference, life_ms, *_flat(health)]
        return bool(await self._client.eval(_SETTLE, len(keys), *keys, *arguments))

    async def postpone(self, entry_id: str, tries: Tries, health: Mapping[str, str]) -> bool:
        """Keep an entry for another try; False if it had been settled."""
        keys = [self.stream, self._retries, self._outcomes, self._health]
        return bool(await self._client.eval(_POSTPONE, len(keys), *keys, entry_id, encode(tries), *_flat(health)))

    async def disable(self, health: Mapping[str, str]) -> None:
        """Mark the sink as wanting nothing more."""
        await self._client.hset(self._health, mapping=dict(health))

    async def hold(self, token: str, span: timedelta) -> tuple[Lease, bool]:
        """Take or renew the sink's lease; says beside it whether the sink is disabled."""
        span_ms = int(span.total_seconds() * 1000)
        state, disabled = await self._client.eval(_HOLD, 2, self._lease, self._health, token, span_ms)
        return Lease(state.decode()), bool(disabled)

    async def release(self, token: str) -> None:
        """Give the lease back, if it is still ours."""
        await self._client.eval(_RELEASE, 1, self._lease, token)


def _flat(mapping: Mapping[str, str]) -> list[str]:
    return [part for pair in mapping.items() for part in pair]


def _lane(entry_id: str, fields: Mapping[bytes, bytes]) -> str:
    """Lane of a raw entry; what cannot be read is a lane of its own."""
    try:
        return decode(_Head, fields.get(names.FIELD, b"")).alert_id
    except UnreadableRecordError:
        return entry_id


def _tries(raw: bytes | None) -> Tries | None:
    """Stored tries; what cannot be read counts as never tried."""
    if raw is None:
        return None
    try:
        return decode(Tries, raw)
    except UnreadableRecordError:
        return None
