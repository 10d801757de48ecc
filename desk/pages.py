"""The pages for people: desk, one alert, one story, feeds, operations, the way in."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from desk.assets import assets
from desk.figures import read_feeds
from desk.forms import read_form
from desk.hub import format_id, parse_id
from desk.live import CARD_REPORTS, CARDS
from desk.read import Wanted, parse_place
from desk.security import COOKIE, SESSION, Gate, local_path
from desk.sse import EventStream
from desk.state import Desk, DeskOf

router = APIRouter(include_in_schema=False)
_LOGIN_BODY_BYTES = 4096
_WRONG_TOKEN_SECONDS = 1.0
_YEAR = "public, max-age=31536000, immutable"


async def frame_values(desk: Desk) -> dict[str, Any]:
    """What every page's frame shows. Read before the page's content: nothing falls in between."""
    since = format_id((await desk.hub.bounds()).last)
    return {"since": since, "status_line": desk.board.status(await desk.figures(), live=False)}


@router.get("/")
async def board(
    desk: DeskOf,
    rule: Annotated[str, Query(max_length=200)] = "",
    country: Annotated[str, Query(max_length=2)] = "",
) -> Response:
    """Alerts and stories, newest first, live."""
    frame = await frame_values(desk)
    wanted = _wanted(rule, country)
    alerts = await desk.reader.alerts(CARDS, wanted=wanted)
    stories = await desk.reader.stories(CARDS, wanted=wanted)
    return desk.page(
        "board.html",
        **frame,
        rule=rule,
        country=country.upper(),
        alerts=zip(alerts.alerts, await desk.reader.steps(alerts.alerts), strict=True),
        alerts_next=alerts.next,
        stories=zip(
            stories.stories,
            await desk.reader.reports([story.story_id for story in stories.stories], CARD_REPORTS),
            strict=True,
        ),
        stories_next=stories.next,
    )


def _wanted(rule: str, country: str) -> Wanted:
    return Wanted(frozenset({rule} if rule else ()), frozenset({country.upper()} if country else ()))


@router.get("/more/{kind}")
async def more(
    desk: DeskOf,
    kind: str,
    before: Annotated[str, Query(max_length=200)],
    rule: Annotated[str, Query(max_length=200)] = "",
    country: Annotated[str, Query(max_length=2)] = "",
) -> Response:
    """Older cards, put under those that are there."""
    try:
        place, wanted = parse_place(before), _wanted(rule, country)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    asked: dict[str, Any] = {"kind": kind, "rule": rule, "country": country}
    if kind == "alerts":
        alerts = await desk.reader.alerts(CARDS, place, wanted)
        steps = await desk.reader.steps(alerts.alerts)
        return desk.page("_more.html", **asked, cards=zip(alerts.alerts, steps, strict=True), next=alerts.next)
    if kind == "stories":
        stories = await desk.reader.stories(CARDS, place, wanted)
        reports = await desk.reader.reports([story.story_id for story in stories.stories], CARD_REPORTS)
        return desk.page("_more.html", **asked, cards=zip(stories.stories, reports, strict=True), next=stories.next)
    raise HTTPException(404, "no such list")


@router.get("/alerts/{alert_id}")
async def alert_page(desk: DeskOf, alert_id: str) -> Response:
    """One alert with everything behind it."""
    frame = await frame_values(desk)
    detail = await desk.reader.alert(alert_id)
    if detail is None:
        raise HTTPException(404, "no such alert, or no longer kept")
    return desk.page("alert.html", **frame, alert=detail.alert, steps=detail.steps)


@router.get("/stories/{story_id}")
async def story_page(desk: DeskOf, story_id: str) -> Response:
    """One story: who reported what, when."""
    frame = await frame_values(desk)
    detail = await desk.reader.story(story_id)
    if detail is None:
        raise HTTPException(404, "no such story, or no longer kept")
    alerts = zip(detail.alerts, await desk.reader.steps(detail.alerts), strict=True)
    reports = [told.report for told in detail.reports]
    return desk.page("story.html", **frame, story=detail.story, reports=reports, alerts=alerts)


@router.get("/feeds")
async def feeds_page(desk: DeskOf) -> Response:
    """Every feed's health, with reasons."""
    frame = await frame_values(desk)
    return desk.page("feeds.html", **frame, feeds=await read_feeds(desk.client))


@router.get("/ops")
async def ops_page(desk: DeskOf) -> Response:
    """Throughput, lag, outcomes, queues, the store."""
    frame = await frame_values(desk)
    figures = await desk.figures()
    return desk.page("ops.html", **frame, figures=figures, rates=desk.sampler.rates(), rate=desk.sampler.rate(60))


@router.get("/live")
async def live(
    desk: DeskOf,
    since: Annotated[str, Query(max_length=50)],
    watch: Annotated[str, Query(max_length=200)] = "",
    cards: bool = False,
    rule: Annotated[str, Query(max_length=200)] = "",
    country: Annotated[str, Query(max_length=2)] = "",
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Updates of one open page."""
    try:
        after = parse_id(last_event_id or since)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    desk.refuse_when_full()
    await desk.hub.bounds()
    return EventStream(
        desk.board.frames(after, watch, _wanted(rule, country) if cards else None), desk.settings.send_timeout
    )


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """A shipped script or style; its address changes with its content."""
    asset = assets().get(name)
    if asset is None:
        raise HTTPException(404, "no such file")
    return Response(asset.body, media_type=asset.media_type, headers={"Cache-Control": _YEAR})


@router.get("/login")
async def login_page(desk: DeskOf, next: str = "/") -> HTMLResponse:
    """Ask for the token."""
    return desk.page("login.html", next=local_path(next), wrong=False)


@router.post("/login")
async def login(desk: DeskOf, request: Request) -> Response:
    """Check the token and open a session."""
    form = await read_form(request, _LOGIN_BODY_BYTES, "a token")
    onward = local_path(form.get("next", "/"))
    gate: Gate = request.app.state.gate
    if not gate.is_open and not gate.takes(form.get("token", "").strip()):
        await asyncio.sleep(_WRONG_TOKEN_SECONDS)
        return desk.page("login.html", 403, next=onward, wrong=True)
    answer = RedirectResponse(onward, 303)
    if not gate.is_open:
        answer.set_cookie(
            COOKIE,
            gate.session(),
            max_age=int(SESSION.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return answer
