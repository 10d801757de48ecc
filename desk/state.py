"""What one desk process holds open, as its routes get it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast

import jinja2
import redis.asyncio
from fastapi import Depends, HTTPException, Request
from starlette.responses import HTMLResponse

from desk import telemetry
from desk.figures import Figures, Sampler
from desk.hub import Hub
from desk.live import Board
from desk.read import Reader
from desk.telemetry import Refusal
from pipelines.desk_settings import DeskSettings
from pipelines.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a route needs."""

    node: Settings
    redis_url: str
    client: redis.asyncio.Redis
    reader: Reader
    hub: Hub
    board: Board
    sampler: Sampler
    templates: jinja2.Environment
    clock: Callable[[], datetime]
    figures: Callable[[], Awaitable[Figures]]

    @property
    def settings(self) -> DeskSettings:
        """The desk's own settings."""
        return self.node.desk

    def refuse_when_full(self) -> None:
        """Turn a stream client away while too many are open. Errors: HTTPException 503."""
        if self.hub.clients >= self.settings.stream_clients:
            telemetry.request_refused(Refusal.FULL, "")
            raise HTTPException(503, "too many open streams", {"Retry-After": "5"})

    def page(self, template: str, code: int = 200, **values: Any) -> HTMLResponse:
        """Render a template as an answer."""
        body = self.templates.get_template(template).render(now=self.clock(), **values)
        return HTMLResponse(body, code, {"Cache-Control": "no-store"})


def desk_of(request: Request) -> Desk:
    """Find the desk of a request."""
    return cast(Desk, request.app.state.desk)


DeskOf = Annotated[Desk, Depends(desk_of)]
