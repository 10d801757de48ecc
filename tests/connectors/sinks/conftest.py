"""Alerts to send, settings to send them with, and a deliver loop that runs for the length of a block."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from aiohttp import web

from connectors.codec import decode, encode
from connectors.contract import Sink
from connectors.log import names
from connectors.records import Alert, AlertState, DeadLetter, Evidence, Report
from connectors.registry import SINKS
from connectors.sinks.deliver import run_deliver
from connectors.sinks.post import open_session
from connectors.sinks.secrets import read_secrets
from connectors.sinks.settings import DeliverSettings, SinkKind, SinkSettings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
AT = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)


def new_alert(alert_id: str = "a1", revision: int = 1, **changes: Any) -> Alert:
    report = Report(
        "i1", "nour", "Nour News", "state:IR", "CaPu", "Patrushev in Tehran", "https://nour.example/1", "en", AT, AT
    )
    fields: dict[str, Any] = {
        "alert_id": alert_id,
        "revision": revision,
        "rule": "russia-iran-contacts",
        "severity": "high",
        "state": AlertState.SINGLE_SOURCE,
        "flags": (),
        "story_id": "s1",
        "title": "Patrushev lands in Tehran",
        "line": "Only Nour News, tied to Iran's security council, says so.",
        "url": "https://nour.example/1",
        "interests": ("state:IR",),
        "independent": 0,
        "reports": (report,),
        "report_count": 1,
        "evidence": (Evidence("text", 0, 9, "Patrushev"),),
        "evidence_title": "Patrushev lands in Tehran",
        "evidence_text": "Patrushev landed in Tehran on Tuesday.",
        "countries": ("IR", "RU"),
        "routes": (),
        "raised_at": AT,
        "caused_fetched_at": AT,
        "caused_published_at": None,
    }
    return Alert(**(fields | changes))


def webhook(name: str, url: str, **changes: Any) -> SinkSettings:
    return SinkSettings(name=name, kind=SinkKind.WEBHOOK, url=url, secret=SECRET, **changes)


def deliver_settings(*sinks: SinkSettings, **changes: Any) -> DeliverSettings:
    fields: dict[str, Any] = {
        "retry": tuple(timedelta(milliseconds=ms) for ms in (0, 50, 50, 50)),
        "lease": timedelta(milliseconds=600),
        "allow_networks": ("127.0.0.0/8",),
    }
    return DeliverSettings(sinks=sinks, **(fields | changes))


@asynccontextmanager
async def delivering(
    settings: DeliverSettings, url: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    running = asyncio.create_task(run_deliver(settings, url, stop, clock))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(running, 5)


async def until(is_true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: Any


class Service:
    """A web service on loopback that records what is posted and answers as it is told."""

    def __init__(self, answer: Callable[[Request], web.Response | Awaitable[web.Response]]) -> None:
        self._answer = answer
        self.requests: list[Request] = []
        self.url = ""

    async def __aenter__(self) -> Service:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        found = Request(request.path, dict(request.headers), json.loads(await request.read() or b"null"))
        self.requests.append(found)
        answer = self._answer(found)
        return answer if isinstance(answer, web.Response) else await answer


@asynccontextmanager
async def opened(settings: SinkSettings, *, allow: bool = True) -> AsyncIterator[Sink]:
    """A sink over the real guarded session, which may talk to loopback if ``allow``."""
    async with open_session(("127.0.0.0/8",) if allow else ()) as session:
        sink = SINKS[settings.kind](settings, read_secrets(settings), session, lambda: datetime.now(UTC))
        try:
            yield sink
        finally:
            await sink.close()


class Kit:
    """What the tests of this folder share."""

    secret = SECRET
    at = AT
    alert = staticmethod(new_alert)
    webhook = staticmethod(webhook)
    settings = staticmethod(deliver_settings)
    until = staticmethod(until)
    service = Service
    opened = staticmethod(opened)

    def __init__(self, url: str, client: redis.Redis) -> None:
        self.url = url
        self.client = client

    def put(self, *alerts: Alert) -> None:
        """Raise alerts: append them to the outbox."""
        for alert in alerts:
            self.client.xadd(names.OUTBOX, {names.FIELD: encode(alert)})

    def delivering(self, settings: DeliverSettings, **more: Any) -> AbstractAsyncContextManager[asyncio.Event]:
        return delivering(settings, self.url, **more)

    def waiting(self, sink: str) -> int:
        return int(self.client.xlen(names.queue(sink)))

    def outcomes(self, sink: str) -> dict[str, int]:
        found: Any = self.client.hgetall(names.outcomes(f"deliver:{sink}"))
        return {key.decode(): int(count) for key, count in found.items()}

    def letters(self) -> list[DeadLetter]:
        found: Any = self.client.xrange(names.DEAD)
        return [decode(DeadLetter, fields[names.FIELD]) for _, fields in found]


@pytest.fixture
def kit(redis_url: str, client: redis.Redis) -> Kit:
    return Kit(redis_url, client)


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port of loopback on which nobody listens, and nobody else will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
