"""``GET /stream``: chosen events as server-sent events that resume from ``Last-Event-ID``."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

import msgspec
import redis
from fastapi import APIRouter, Header, HTTPException, Query
from starlette.responses import Response

from desk import telemetry
from desk.hub import Bounds, Event, Hub, Id, Subscription, format_id, parse_id
from desk.read import Wanted
from desk.sse import HEARTBEAT, RETRY, Ended, EventStream, frame, position
from desk.state import DeskOf
from desk.telemetry import StreamEnd
from pipelines.model import EventKind

router = APIRouter(tags=["stream"])


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events a client asked for."""

    kinds: frozenset[str]
    wanted: Wanted

    def takes(self, event: Event) -> bool:
        """Say whether the client asked for this event."""
        return (
            event.kind != ""
            and (not self.kinds or event.kind in self.kinds)
            and self.wanted.takes(event.rules, event.countries)
        )


@router.get(
    "/stream",
    response_class=Response,
    responses={
        200: {
            "description": "Events `item` (ItemEvent) and `alert` (AlertEvent) as JSON, ids those of the stream;"
            " `gap` where events before the client's position are gone.",
            "content": {"text/event-stream": {}},
        },
        400: {"description": "Last-Event-ID is no event id."},
        503: {"description": "Too many open streams, or the store does not answer."},
    },
)
async def stream(
    desk: DeskOf,
    rule: Annotated[list[str], Query(description="only events of these rules")] = [],  # noqa: B006
    country: Annotated[list[str], Query(description="only events that name these countries (ISO codes)")] = [],  # noqa: B006
    kind: Annotated[list[EventKind], Query(description="only events of these kinds")] = [],  # noqa: B006
    last_event_id: Annotated[str, Header(description="resume after this event")] = "",
    since: Annotated[str, Query(description="as Last-Event-ID, for a first request")] = "",
) -> Response:
    """Send events as they happen; without a position from now on, else everything after it."""
    try:
        after = parse_id(last_event_id or since) if last_event_id or since else None
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    desk.refuse_when_full()
    choice = Choice(
        frozenset(one.value for one in kind), Wanted(frozenset(rule), frozenset(one.upper() for one in country))
    )
    # Asked before the answer begins: a store that is away is a 503, not a stream that ends at once.
    bounds = await desk.hub.bounds()
    frames = chosen(desk.hub, choice, after, bounds, desk.settings.heartbeat.total_seconds())
    return EventStream(frames, desk.settings.send_timeout)


async def chosen(
    hub: Hub, choice: Choice, after: Id | None, bounds: Bounds, heartbeat_seconds: float
) -> AsyncGenerator[bytes]:
    """Frames for one client: a gap if there is one, what it missed, then what happens.

    Errors: Ended when the client fell behind, the store went away or the desk closes.
    """
    with hub.client():
        try:
            async for part in _chosen(hub, choice, after, bounds, heartbeat_seconds):
                yield part
        except redis.RedisError as error:
            raise Ended(StreamEnd.STORE) from error


async def _chosen(
    hub: Hub, choice: Choice, after: Id | None, bounds: Bounds, heartbeat_seconds: float
) -> AsyncGenerator[bytes]:
    yield RETRY
    if after is not None and bounds.misses(after):
        telemetry.gap_announced()
        yield gap(after, bounds.first or bounds.last, "ahead" if after > bounds.last else "trimmed")
        if after > bounds.last:
            after = bounds.last
    at = bounds.last if after is None else after
    # Read up to the end before joining: a long way back must not fill the client's queue meanwhile.
    async for events in hub.after(at):
        if hub.closing:
            raise Ended(StreamEnd.CLOSING)
        yield b"".join(_frames(choice, events)) or position(format_id(events[-1].id))
        at = events[-1].id
    subscription = hub.subscribe()
    try:
        async for events in hub.after(at):
            yield b"".join(_frames(choice, events)) or position(format_id(events[-1].id))
            at = events[-1].id
        async for part in _live(subscription, choice, at, heartbeat_seconds):
            yield part
    finally:
        hub.leave(subscription)


async def _live(subscription: Subscription, choice: Choice, at: Id, heartbeat_seconds: float) -> AsyncGenerator[bytes]:
    told = at
    while True:
        try:
            event = await subscription.next(heartbeat_seconds)
        except TimeoutError:
            # Events that were not chosen move the position too, or a resume would read them again.
            yield position(format_id(at)) if at > told else HEARTBEAT
            told = at
            continue
        if event is None:
            raise Ended(subscription.ended or StreamEnd.CLOSING)
        if event.id <= at:
            continue
        at = event.id
        if choice.takes(event):
            told = at
            yield b"".join(_frames(choice, [event]))


def gap(after: Id, resumes_at: Id, reason: str) -> bytes:
    """Frame that tells of events that are no more."""
    told = {"after": format_id(after), "resumes_at": format_id(resumes_at), "reason": reason}
    return frame(msgspec.json.encode(told), event="gap")


def _frames(choice: Choice, events: list[Event]) -> list[bytes]:
    taken = [event for event in events if choice.takes(event)]
    telemetry.events_sent(len(taken))
    return [frame(event.raw, event=event.kind, event_id=format_id(event.id)) for event in taken]
