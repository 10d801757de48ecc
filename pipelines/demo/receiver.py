"""A webhook receiver on loopback that checks signatures and remembers what came, in order of arrival."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from connectors.records import Alert
from connectors.sinks.signature import read_keys, verify
from pipelines.demo.delivery import Delivery

_PATH = "/alerts"


class _Body(msgspec.Struct):
    data: Alert


def new_secret() -> str:
    """Make a signing secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class WebhookReceiver:
    """Takes webhooks; what is unsigned or unreadable is refused and counted."""

    def __init__(self, secret: str, on_delivery: Callable[[Delivery], None] | None = None) -> None:
        self.deliveries: list[Delivery] = []
        self.refused = 0
        self.url = ""
        self._key = read_keys(secret)[0]
        self._on_delivery = on_delivery
        self._runner: web.ServerRunner | None = None
        self._came = asyncio.Event()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}{_PATH}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def quiet(self, seconds: float) -> None:
        """Return when nothing came for that long."""
        while True:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), seconds)
            except TimeoutError:
                return

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        message_id = request.headers.get("webhook-id", "")
        now = datetime.now(UTC)
        signed = verify(
            self._key,
            message_id,
            request.headers.get("webhook-timestamp", ""),
            request.headers.get("webhook-signature", ""),
            body,
            now,
        )
        if request.method != "POST" or request.path != _PATH or not signed:
            self.refused += 1
            return web.Response(status=401)
        try:
            alert = msgspec.json.decode(body, type=_Body).data
        except msgspec.DecodeError:
            self.refused += 1
            return web.Response(status=400)
        delivery = Delivery(message_id, alert, now)
        self.deliveries.append(delivery)
        self._came.set()
        if self._on_delivery is not None:
            self._on_delivery(delivery)
        return web.Response(status=204)
