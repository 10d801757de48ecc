"""Lists dead letters and puts them back where they came from, whichever stage they died in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from connectors.codec import UnreadableRecordError, decode
from connectors.log import names
from connectors.records import DeadLetter

_COUNT = 500
# Streams that a letter may go back to: never a key of another type, whatever the letter says.
_STREAMS = re.compile(r"entries:\d+|queue:[a-z0-9][a-z0-9_-]{0,63}|" + re.escape(names.ITEMS) + "|" + names.OUTBOX)
# Deleting the letter is the condition of putting its payload back: a repetition does neither.
_RETRY = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[3])
if KEYS[2] == ARGV[4] then redis.call('HINCRBY', ARGV[5], 'retried', 1) end
return 1
"""


@dataclass(frozen=True, slots=True)
class DeadEntry:
    """A dead letter and its id in the stream of them."""

    id: str
    letter: DeadLetter


async def list_dead(client: redis.asyncio.Redis, limit: int = 100) -> list[DeadEntry]:
    """The newest ``limit`` dead letters, newest first. Errors: redis.RedisError."""
    opened: Any = client
    entries = await opened.xrevrange(names.DEAD, count=limit)
    return [found for raw_id, fields in entries if (found := _entry(raw_id, fields)) is not None]


async def retry_dead(client: redis.asyncio.Redis, ids: Sequence[str] | None = None) -> int:
    """Put letters back into the streams they came from, all of them for ``ids`` None; gives how many.

    Each moves in one step: an alert goes back into its own sink's queue only, with a new set of
    tries and its old key. Unknown ids and letters that name no stream of ours stay where they are.
    Errors: redis.RedisError; asking again goes on where it ended.
    """
    opened: Any = client
    moved = 0
    if ids is not None:
        for each in ids:
            if re.fullmatch(r"\d+-\d+", each):
                for raw_id, fields in await opened.xrange(names.DEAD, min=each, max=each):
                    moved += await _retry(opened, raw_id, fields)
        return moved
    # What dies again meanwhile is added behind this mark, and left for the next time.
    newest = await opened.xrevrange(names.DEAD, count=1)
    begin = "-"
    while newest:
        entries = await opened.xrange(names.DEAD, min=begin, max=newest[0][0], count=_COUNT)
        for raw_id, fields in entries:
            moved += await _retry(opened, raw_id, fields)
            begin = f"({raw_id.decode()}"
        if len(entries) < _COUNT:
            break
    return moved


async def _retry(client: Any, raw_id: bytes, fields: dict[bytes, bytes]) -> int:
    found = _entry(raw_id, fields)
    if found is None or not _STREAMS.fullmatch(found.letter.stream):
        return 0
    return int(
        await client.eval(
            _RETRY,
            2,
            names.DEAD,
            found.letter.stream,
            found.id,
            names.FIELD,
            found.letter.payload.encode(),
            # What the stories pipeline reads beyond what items let through is counted, so that sums still agree.
            names.ITEMS,
            names.outcomes("stories"),
        )
    )


def _entry(raw_id: bytes, fields: dict[bytes, bytes]) -> DeadEntry | None:
    try:
        return DeadEntry(raw_id.decode(), decode(DeadLetter, fields.get(names.FIELD, b"")))
    except UnreadableRecordError:
        return None  # not one of ours; it stays, and counts in the stream's length
