"""A web server on loopback for tests: answers are scripted per path, requests are remembered."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable
from types import TracebackType

from aiohttp import web

LOOPBACK = ("127.0.0.0/8",)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RawHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LocalServer:
    """Serves scripted answers; a path without a script is a 404."""

    def __init__(self, *, host: str = "127.0.0.1", ssl_context: ssl.SSLContext | None = None) -> None:
        self._host = host
        self._ssl = ssl_context
        self._scripts: dict[str, Handler] = {}
        self._runner: web.ServerRunner | None = None
        self._port = 0
        # Path -> the headers of each request, oldest first.
        self.requests: dict[str, list[dict[str, str]]] = defaultdict(list)

    async def __aenter__(self) -> LocalServer:
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0, ssl_context=self._ssl)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def url(self, path: str) -> str:
        """Absolute URL of a path on this server."""
        return f"http{'s' if self._ssl else ''}://{self._host}:{self._port}{path}"

    def script(self, path: str, handler: Handler) -> str:
        """Answer that path with a handler; gives its URL."""
        self._scripts[path] = handler
        return self.url(path)

    def serve(self, path: str, body: bytes = b"", status: int = 200, headers: dict[str, str] | None = None) -> str:
        """Answer that path with the same answer each time; gives its URL."""

        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=body, status=status, headers=headers)

        return self.script(path, answer)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests[request.path].append(dict(request.headers))
        handler = self._scripts.get(request.path)
        if handler is None:
            return web.Response(status=404)
        return await handler(request)  # type: ignore[arg-type]  # no handler here needs a router


class RawServer:
    """Runs a handler over each bare connection, for answers that no decent server gives."""

    def __init__(self, handler: RawHandler, *, host: str = "127.0.0.1") -> None:
        self._handler = handler
        self._host = host
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> RawServer:
        self._server = await asyncio.start_server(self._serve, self._host, 0)
        self.url = f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._handler(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            writer.close()
            self._tasks.discard(task)
