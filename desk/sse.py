"""Server-sent events on the wire: frames, and a response that notices clients who stop reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from desk import telemetry
from desk.telemetry import StreamEnd

HEARTBEAT = b": alive\n\n"
# Milliseconds that a browser waits before it comes back.
RETRY = b"retry: 2000\n\n"


def frame(data: bytes | str, *, event: str = "", event_id: str = "") -> bytes:
    """Build one event; every line of the data gets its own field, as the format demands."""
    raw = data.encode() if isinstance(data, str) else data
    head = (f"id: {event_id}\n" if event_id else "") + (f"event: {event}\n" if event else "")
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return head.encode() + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"


def position(event_id: str) -> bytes:
    """Build a heartbeat that moves the client's last id on without an event."""
    return f": alive\nid: {event_id}\n\n".encode()


class Ended(Exception):
    """Raised by a stream's source to end it for a reason that is counted."""

    def __init__(self, reason: StreamEnd) -> None:
        super().__init__(reason.value)
        self.reason = reason


class EventStream(Response):
    """Sends frames as they come. A client that refuses to read for ``send_timeout`` is dropped."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes], send_timeout: timedelta) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._frames = frames
        self._send_seconds = send_timeout.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run until the frames end, the client leaves or stops reading."""
        telemetry.stream_opened()
        reason = StreamEnd.CLIENT
        pump = asyncio.create_task(self._pump(send))
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                reason = pump.result()
        finally:
            for task in (pump, gone):
                task.cancel()
            await asyncio.gather(pump, gone, return_exceptions=True)
            telemetry.stream_ended(reason)

    async def _pump(self, send: Send) -> StreamEnd:
        reason = StreamEnd.CLIENT
        try:
            async with asyncio.timeout(self._send_seconds):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with aclosing(self._frames) as frames:
                try:
                    async for one in frames:
                        await self._body(send, one)
                except Ended as ended:
                    reason = ended.reason
            await self._body(send, b"", more=False)
        except TimeoutError:  # the transport is full and stays full: the server closes it
            return StreamEnd.SLOW
        except OSError:
            return StreamEnd.CLIENT
        return reason

    async def _body(self, send: Send, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._send_seconds):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
