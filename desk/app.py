"""Builds the desk: one FastAPI application over one Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import redis
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from connectors.log.connect import connect_async
from desk import api, health, metrics, names, names_api, pages, render, rules, rules_api, stream, telemetry
from desk.figures import Figures, Sampler, read_figures
from desk.hub import Hub
from desk.live import Board
from desk.read import Reader
from desk.security import Gate, Guard, HostCheck, read_token
from desk.state import Desk
from pipelines.settings import Settings


def create_app(node: Settings, redis_url: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """Build the application; it connects when it starts and not before.

    Errors: SettingsError for an address that demands a token without one, or a bad token or URL.
    """
    settings = node.desk
    gate = Gate(read_token(settings), clock)
    client = connect_async(redis_url)
    reader, templates = Reader(client), render.environment()
    hub = Hub(client, settings.stream_queue_events)
    sampler = Sampler(client, time.monotonic)

    async def figures() -> Figures:
        return await read_figures(client, node.deliver, clock())

    board = Board(hub, reader, sampler, templates, clock, figures, settings.refresh)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(hub.run()), asyncio.create_task(sampler.run())]
        try:
            yield
        finally:
            hub.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.aclose()

    app = FastAPI(
        title="wirewatch",
        version=_version(),
        description="Stories, alerts and who says so. Streams resume from `Last-Event-ID`.",
        lifespan=lifespan,
        # FastAPI's own documentation pages load scripts from elsewhere; the description is enough.
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.desk = Desk(node, redis_url, client, reader, hub, board, sampler, templates, clock, figures)
    app.state.gate = gate
    for module in (api, rules_api, names_api, stream, health, metrics, pages, rules, names):
        app.include_router(module.router)
    app.add_exception_handler(redis.RedisError, _store_away)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(Guard, gate=gate, hosts=HostCheck(settings))
    return app


def _version() -> str:
    try:
        return version("wirewatch")
    except PackageNotFoundError:
        return "0"


async def _store_away(request: Request, error: Exception) -> Response:
    telemetry.request_failed(request.url.path, error)
    return _fault(request, 503, "the store does not answer", {"Retry-After": "2"})


async def _failed(request: Request, error: Exception) -> Response:
    telemetry.request_failed(request.url.path, error)
    return _fault(request, 500, "the desk failed at this; its log says why", {})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _fault(request, error.status_code, str(error.detail), dict(error.headers or {}))


def _fault(request: Request, status: int, message: str, headers: dict[str, str]) -> Response:
    """Answer with a page for browsers and with JSON for everybody else."""
    if "text/html" in request.headers.get("accept", ""):
        desk: Desk = request.app.state.desk
        page = desk.page("fault.html", status, status=status, message=message)
        page.headers.update(headers)
        return page
    return JSONResponse({"detail": message}, status, headers)
