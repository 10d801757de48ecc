"""The deliver process: one router, and one worker for each sink."""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import redis.asyncio

from connectors.errors import SettingsError
from connectors.log import names
from connectors.log.connect import connect_async
from connectors.registry import SINKS
from connectors.sinks import telemetry
from connectors.sinks.patience import abandon, keep_turning
from connectors.sinks.post import Clock, open_session
from connectors.sinks.route import Router
from connectors.sinks.secrets import read_secrets, secret_faults
from connectors.sinks.settings import DeliverSettings
from connectors.sinks.worker import SinkWorker

_STOP_SECONDS = 4.0
_CLOSE_SECONDS = 0.5


async def run_deliver(settings: DeliverSettings, redis_url: str, stop: asyncio.Event, clock: Clock) -> None:
    """Carry alerts from the outbox to the sinks until ``stop``; returns within five seconds of it.

    Delivery: exactly once into each sink's queue, at least once out of it, always with the same
    ``alert.key``. Acked: an outbox entry when its queue entries are committed, a queue entry when
    its outcome is. Parallelism: several processes are safe; each sink is served by one of them.
    Redis away: waits. Errors: SettingsError for secret files that cannot be used.
    """
    if faults := secret_faults(settings.sinks):
        raise SettingsError(faults)
    client = connect_async(redis_url)
    token = f"{os.getpid()}-{uuid.uuid4().hex}"
    sink_names = [sink.name for sink in settings.sinks]
    telemetry.sinks_opened(sink_names)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(client.aclose)
        session = await stack.enter_async_context(open_session(settings.allow_networks))
        workers = []
        for each in settings.sinks:
            secrets = read_secrets(each)
            sink = SINKS[each.kind](each, secrets, session, clock)
            stack.push_async_callback(_close, sink.close)
            workers.append(SinkWorker(each, settings, sink, secrets, client, clock, token, stop))
        router = Router(client, sink_names, clock, stop)
        turns = {"start": lambda: _name_orphans(client, sink_names, stop), "router": router.turn}
        parts = [keep_turning(part, turn, stop) for part, turn in turns.items()]
        parts += [keep_turning(name, worker.turn, stop) for name, worker in zip(sink_names, workers, strict=True)]
        await _run_until(stop, parts)


async def _run_until(stop: asyncio.Event, parts: list[Coroutine[Any, Any, None]]) -> None:
    """Run all parts until ``stop``, and some seconds longer if need be. Errors: the first of a part."""
    running = {asyncio.create_task(part) for part in parts}
    stopping = asyncio.create_task(stop.wait())
    try:
        # Without being told to stop, a part ends only by an error.
        await asyncio.wait({stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await asyncio.wait(running, timeout=_STOP_SECONDS)
    finally:
        for task in (stopping, *running):
            await abandon(task)
    for task in running:
        if not task.cancelled():
            task.result()


async def _close(close: Callable[[], Awaitable[None]]) -> None:
    """Close a sink, but do not wait for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await close()


async def _name_orphans(client: redis.asyncio.Redis, sink_names: list[str], stop: asyncio.Event) -> None:
    """Say, once, which queues hold alerts for sinks that the settings no longer name."""
    opened: Any = client
    for name in sorted(raw.decode() for raw in await opened.smembers(names.SINKS)):
        if name not in sink_names and (waiting := await opened.xlen(names.queue(name))):
            telemetry.sink_orphaned(name, waiting)
    await stop.wait()
