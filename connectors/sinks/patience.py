"""Waits for a Redis that is away, and for the order to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import redis

from connectors.log.log import is_away
from connectors.sinks import telemetry

T = TypeVar("T")
_BACKOFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)


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

    A turn under way when ``stop`` comes is cancelled: it must be safe to abandon anywhere.
    Errors: whatever a turn raises, Redis being away excepted.
    """
    stopping = asyncio.create_task(stop.wait())
    attempt = 0
    try:
        while not stop.is_set():
            turning = asyncio.ensure_future(turn())
            try:
                await asyncio.wait({turning, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _cancelled(turning)
            error = None if turning.cancelled() else turning.exception()
            if isinstance(error, redis.RedisError):
                await _bear(part, attempt, error)
                attempt += 1
            elif error is not None:
                raise error
            else:
                attempt = 0
    finally:
        await _cancelled(stopping)


async def _cancelled(task: asyncio.Future[Any]) -> None:
    """End a task and see it out; its error, if any, stays in it."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


async def _bear(part: str, attempt: int, error: redis.RedisError) -> None:
    """Wait a little for a Redis that is away. Errors: the error, if waiting does not cure it."""
    if not is_away(error):
        raise error
    telemetry.store_away(part, attempt, error)
    await asyncio.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
