"""Waits for a Redis that is away, and ends what waits for a Redis that has nothing to say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import redis

from connectors.log.log import is_away
from connectors.sinks import telemetry

T = TypeVar("T")
_BACKOFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
_CANCEL_SECONDS = 0.05


async def patiently(part: str, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask Redis until it answers. Only for questions that may be asked twice.

    Errors: redis.RedisError for what waiting does not cure.
    """
    attempt = 0
    while True:
        try:
            return await ask()
        except redis.RedisError as error:
            await _bear(part, attempt, error)
            attempt += 1


async def keep_turning(part: str, turn: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Take turns until ``stop``; a turn that finds Redis away is followed by a wait, not by the end.

    A turn must itself end soon after ``stop``. Errors: whatever a turn raises, Redis being away excepted.
    """
    attempt = 0
    while not stop.is_set():
        try:
            await turn()
            attempt = 0
        except redis.RedisError as error:
            await _bear(part, attempt, error)
            attempt += 1


async def unless(stop: asyncio.Event, ask: Coroutine[Any, Any, T]) -> T | None:
    """Give what ``ask`` gives, or None as soon as ``stop`` is set; ``ask`` is then abandoned."""
    asking, stopping = asyncio.create_task(ask), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return asking.result() if asking.done() else None
    finally:
        await abandon(asking)
        await abandon(stopping)


async def abandon(task: asyncio.Task[Any]) -> None:
    """Cancel a task and see it out; its error, if any, stays in it.

    Asked for until it is done: the Redis client swallows a cancellation that meets one of its own
    time-outs, and would go on waiting.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
    if not task.cancelled():
        task.exception()  # looked at, or the loop would report it as forgotten


async def _bear(part: str, attempt: int, error: redis.RedisError) -> None:
    """Wait a little for a Redis that is away. Errors: the error, if waiting does not cure it."""
    if not is_away(error):
        raise error
    telemetry.store_away(part, attempt, error)
    await asyncio.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
