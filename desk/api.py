"""The JSON API under ``/api/v1``. Answers are the records themselves, as OpenAPI describes them."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from connectors.codec import encode
from connectors.errors import RetryableError, SettingsError
from connectors.feeds.state import FeedState
from desk.figures import Figures, Lag, read_feeds
from desk.read import AlertDetail, AlertPage, StoryDetail, StoryPage, Wanted, parse_place
from desk.state import DeskOf

router = APIRouter(prefix="/api/v1", tags=["api"], responses={503: {"description": "The store does not answer."}})

Limit = Annotated[int, Query(ge=1, le=200, description="how many at most")]
Before = Annotated[str, Query(max_length=200, description="`next` of the answer before")]
Rules = Annotated[list[str], Query(description="only of these rules")]
Countries = Annotated[list[str], Query(description="only with these countries (ISO codes)")]


class Record(Response):
    """A record in msgspec's JSON, the form in which it also travels elsewhere."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode the record."""
        return encode(content)


def _wanted(rule: list[str], country: list[str]) -> Wanted:
    return Wanted(frozenset(rule), frozenset(one.upper() for one in country))


def _place(before: str) -> str:
    try:
        return parse_place(before)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error


@router.get("/stories", response_model=StoryPage)
async def stories(
    desk: DeskOf,
    limit: Limit = 50,
    before: Before = "",
    rule: Rules = [],  # noqa: B006
    country: Countries = [],  # noqa: B006
) -> Response:
    """List stories, newest report first."""
    return Record(await desk.reader.stories(limit, _place(before), _wanted(rule, country)))


@router.get("/stories/{story_id}", response_model=StoryDetail, responses={404: {"description": "No such story."}})
async def story(desk: DeskOf, story_id: str) -> Response:
    """Read a story with its reports and alerts."""
    return Record(_found(await desk.reader.story(story_id), "story"))


@router.get("/alerts", response_model=AlertPage)
async def alerts(
    desk: DeskOf,
    limit: Limit = 50,
    before: Before = "",
    rule: Rules = [],  # noqa: B006
    country: Countries = [],  # noqa: B006
) -> Response:
    """List alerts in their last revision, newest first."""
    return Record(await desk.reader.alerts(limit, _place(before), _wanted(rule, country)))


@router.get("/alerts/{alert_id}", response_model=AlertDetail, responses={404: {"description": "No such alert."}})
async def alert(desk: DeskOf, alert_id: str) -> Response:
    """Read an alert with its history."""
    return Record(_found(await desk.reader.alert(alert_id), "alert"))


def _found(detail: object | None, what: str) -> object:
    if detail is None:
        raise HTTPException(404, f"no such {what}, or no longer kept")
    return detail


@router.get("/feeds", response_model=list[FeedState])
async def feeds(desk: DeskOf) -> Response:
    """List every feed's state, the unwell first."""
    return Record(await read_feeds(desk.client))


@router.get("/ops", response_model=Figures)
async def ops(desk: DeskOf) -> Response:
    """Read the node's figures."""
    return Record(await desk.figures())


@router.get("/ops/lag", response_model=list[Lag])
async def lag(desk: DeskOf) -> Response:
    """Read how far each stream's reader is behind."""
    return Record((await desk.figures()).lags)


@router.get(
    "/why",
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
        400: {"description": "No link."},
    },
    response_class=Response,
)
async def why(desk: DeskOf, url: Annotated[str, Query(max_length=4000, description="any link")]) -> Response:
    """Say what became of a link: not fetched, a copy, in which story, which rules missed it and by what."""
    # Brings the rule engine with it, which a desk that nobody asks can do without.
    from pipelines.why import explain

    try:
        return Record(await asyncio.to_thread(explain, desk.redis_url, url, desk.node))
    except SettingsError as error:
        raise HTTPException(400, str(error)) from error
    except RetryableError as error:
        raise HTTPException(503, str(error)) from error
