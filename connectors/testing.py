"""Fakes that the tests and the demo share: a clock that is set by hand, an alert, a receiver of webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

import msgspec
from aiohttp import web

from connectors.records import Alert, AlertState
from connectors.sinks.signature import read_keys, verify


class FakeClock:
    """Gives the instant that it was set to; stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Say the instant."""
        return self.now

    def advance(self, span: timedelta) -> None:
        """Move on."""
        self.now += span


def plain_alert(at: datetime, **changes: Any) -> Alert:
    """The least an alert can be, of that instant; ``changes`` are fields that matter to who asks."""
    least: dict[str, Any] = {
        "alert_id": "a1",
        "revision": 1,
        "rule": "russia-iran-contacts",
        "severity": "high",
        "state": AlertState.SINGLE_SOURCE,
        "flags": (),
        "story_id": "s1",
        "title": "A visit",
        "line": "",
        "url": "",
        "interests": ("state:IR",),
        "independent": 0,
        "reports": (),
        "report_count": 1,
        "evidence": (),
        "evidence_title": "",
        "evidence_text": "",
        "countries": ("RU", "IR"),
        "routes": (),
        "raised_at": at,
        "caused_fetched_at": at,
        "caused_published_at": at,
    }
    return Alert(**(least | changes))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook as it came in."""

    # Header webhook-id: the alert's idempotency key.
    key: str
    # Decoded JSON body; {} where it was none.
    body: Mapping[str, Any]
    raw: bytes
    headers: Mapping[str, str]
    # True where the signature is good and the time is near.
    is_signed: bool
    received_at: datetime


class WebhookReceiver:
    """Small web server on loopback that verifies and records webhooks; ``async with`` runs it.

    ``answer`` says with which status and headers each delivery is answered; 204 by default. A
    delivery counts as recorded before it is answered.
    """

    def __init__(
        self,
        secret: str,
        *,
        answer: Callable[[Delivery], tuple[int, dict[str, str]]] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        host: str = "127.0.0.1",
        port: int = 0,
        recorded: Callable[[Delivery], None] | None = None,
    ) -> None:
        self._key = read_keys(secret)[0]
        self._answer = answer or (lambda delivery: (204, {}))
        self._clock = clock
        self._host = host
        self._port = port
        self._recorded = recorded
        self._runner: web.AppRunner | None = None
        self.deliveries: list[Delivery] = []

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://{self._host}:{self._port}/hook"

    @property
    def keys(self) -> list[str]:
        """Idempotency keys in order of arrival, repetitions included."""
        return [delivery.key for delivery in self.deliveries]

    async def __aenter__(self) -> WebhookReceiver:
        app = web.Application()
        app.router.add_post("/hook", self._receive)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        raw, now = await request.read(), self._clock()
        headers = {name.lower(): value for name, value in request.headers.items()}
        key = headers.get("webhook-id", "")
        is_signed = verify(
            self._key, key, headers.get("webhook-timestamp", ""), headers.get("webhook-signature", ""), raw, now
        )
        try:
            body = msgspec.json.decode(raw, type=dict[str, Any])
        except msgspec.DecodeError:
            body = {}
        delivery = Delivery(key, body, raw, headers, is_signed, now)
        self.deliveries.append(delivery)
        if self._recorded is not None:
            self._recorded(delivery)
        status, more = self._answer(delivery) if is_signed else (401, {})
        return web.Response(status=status, headers=more)
