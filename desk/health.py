"""``/healthz``: this process lives. ``/readyz``: the node takes in news and keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis
from fastapi import APIRouter
from starlette.responses import JSONResponse

from connectors.log import names
from connectors.settings import span_text
from desk.figures import Figures
from desk.state import DeskOf
from pipelines.desk_settings import DeskSettings

router = APIRouter(tags=["health"])
_PROBE_MS = 1000


@router.get("/healthz")
async def healthz() -> Mapping[str, str]:
    """Say that the process answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "Not ready, with the reasons."}})
async def readyz(desk: DeskOf) -> JSONResponse:
    """Say whether Redis answers, takes writes, and is not far behind."""
    try:
        figures = await desk.figures()
        reasons = unready(figures, desk.settings)
        probe: Any = desk.client
        await probe.set(names.PROBE, "1", px=_PROBE_MS)
    except redis.ResponseError as error:
        # MISCONF (disk full, AOF error), OOM, READONLY: it answers and takes no writes.
        reasons = [f"the store takes no writes: {error}"]
    except redis.RedisError as error:
        reasons = [f"the store does not answer: {type(error).__name__}"]
    status = {"status": "not ready" if reasons else "ready", "reasons": reasons}
    return JSONResponse(status, 503 if reasons else 200)


def unready(figures: Figures, settings: DeskSettings) -> list[str]:
    """List what keeps the node from being ready. Pure."""
    reasons = []
    if figures.store.aof_enabled and not figures.store.aof_ok:
        reasons.append("the store could not write its log to disk: is the disk full?")
    for lag in figures.lags:
        if lag.seconds > settings.ready_lag.total_seconds():
            limit = span_text(settings.ready_lag)
            reasons.append(f"{lag.stream}: the oldest unread entry is {lag.seconds:.0f} s old, limit {limit}")
        if lag.entries > settings.ready_lag_entries:
            reasons.append(f"{lag.stream}: {lag.entries} unread entries, limit {settings.ready_lag_entries}")
    return reasons
