"""Commands on what stands in the store: dead letters and sinks."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import redis.asyncio

from connectors.log.connect import connect_async, unanswered
from connectors.sinks.dead import list_dead, retry_dead
from connectors.sinks.health import enable_sink

T = TypeVar("T")


def print_dead(redis_url: str, limit: int) -> int:
    """Print the newest dead letters, one JSON object a line."""

    async def ask(client: redis.asyncio.Redis) -> list[Any]:
        return await list_dead(client, limit)

    for entry in _ask(redis_url, ask):
        letter = entry.letter
        line = {
            "id": entry.id,
            "stage": letter.stage,
            "reason": letter.reason,
            "detail": letter.detail,
            "stream": letter.stream,
            "died_at": letter.died_at.isoformat(),
            "payload": letter.payload,
        }
        print(json.dumps(line, ensure_ascii=False))
    return 0


def retry_letters(redis_url: str, ids: Sequence[str], *, everything: bool) -> int:
    """Put dead letters back where they came from, and say how many."""
    if everything == bool(ids):
        print("wirewatch: expected ids of dead letters, or --all", file=sys.stderr)
        return 2

    async def ask(client: redis.asyncio.Redis) -> int:
        return await retry_dead(client, None if everything else list(ids))

    moved = _ask(redis_url, ask)
    print(f"{moved} put back")
    return 0 if everything or moved == len(set(ids)) else 1


def enable(redis_url: str, name: str) -> int:
    """Let a disabled sink be served again."""

    async def ask(client: redis.asyncio.Redis) -> bool:
        return await enable_sink(client, name)

    was_disabled = _ask(redis_url, ask)
    print(f"sink {name} is served again" if was_disabled else f"sink {name} was not disabled")
    return 0


def _ask(redis_url: str, question: Callable[[redis.asyncio.Redis], Awaitable[T]]) -> T:
    """Ask the store one question. Errors: RetryableError where it does not answer."""

    async def ask() -> T:
        client = connect_async(redis_url)
        try:
            return await question(client)
        except redis.RedisError as error:
            raise unanswered(error) from error
        finally:
            await client.aclose()

    return asyncio.run(ask())
