"""The processes of a node as the command line starts them: the whole node, the poller, delivery, the lane, the desk."""

from __future__ import annotations

import asyncio
import importlib.metadata
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.embedded import EmbeddedStore
from pipelines.settings import Settings


def utc_now() -> datetime:
    """The wall clock, handed to whatever needs one."""
    return datetime.now(UTC)


def run_node(settings: Settings, *, config: str | None, log_level: str) -> int:
    """Start everything on this node and keep it running until SIGTERM or Ctrl-C.

    Errors: EmbeddedStoreError where the store cannot be started or its folder is in use.
    """
    from pipelines.supervise import NER, PARTS, Supervisor, empty_metrics

    data_dir = Path(settings.data_dir)
    store = None
    if not settings.redis:
        store = EmbeddedStore(data_dir)
        store.start()
    empty_metrics(data_dir / "metrics")
    arguments = ["--data-dir", str(data_dir), "--log-level", log_level]
    arguments += ["--redis", settings.redis or (store.url if store else "")]
    if config:
        arguments += ["--config", config]
    supervisor = Supervisor(arguments, store, (*PARTS, NER) if settings.ner.is_on else PARTS)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: supervisor.stop())
    return supervisor.run()


def serve_poll(settings: Settings, redis_url: str) -> int:
    """Serve the poller."""
    from connectors.feeds.catalogue import load_feeds
    from connectors.feeds.poll import run_poller
    from connectors.feeds.pool import ParsePool

    feeds = load_feeds(settings.feeds)

    async def serve(stop: asyncio.Event) -> None:
        async with ParsePool(settings.feeds.parse_workers, max_body_bytes=settings.feeds.body_bytes) as pool:
            await run_poller(settings.feeds, feeds, redis_url, stop, utc_now, pool)

    return _until_stopped(serve)


def serve_deliver(settings: Settings, redis_url: str) -> int:
    """Serve delivery."""
    from connectors.sinks.deliver import run_deliver

    return _until_stopped(lambda stop: run_deliver(settings.deliver, redis_url, stop, utc_now))


def serve_ner(settings: Settings, redis_url: str) -> int:
    """Serve the lane for names that no list has."""
    from pipelines.ner.serve import serve

    serve(settings.ner, redis_url, settings.redis_patience.total_seconds())
    return 0


def serve_desk(settings: Settings, redis_url: str) -> int:
    """Serve the desk, found by its entry point: imports go from the desk to the pipelines only."""
    [entry] = importlib.metadata.entry_points(group="wirewatch.commands", name="desk")
    serve: Callable[[Any, str], int] = entry.load()
    return serve(settings, redis_url)


def _until_stopped(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> int:
    """Run an asyncio process until SIGTERM or SIGINT ask for its end."""

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, stop.set)
        await serve(stop)

    asyncio.run(run())
    sys.stdout.flush()
    return 0
