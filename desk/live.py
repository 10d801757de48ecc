"""Live updates of open pages: changed cards rendered once for everybody, sent as they are.

The board joins the fan-out while pages are open. It gathers events for a moment, so that fifty
items a second are two quiet updates and not fifty.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import jinja2
import redis
from markupsafe import Markup

from connectors.codec import UnreadableRecordError, decode
from connectors.records import Alert
from desk.figures import Figures, Sampler
from desk.hub import Event, Hub, Id, Subscription, format_id
from desk.read import Reader, Wanted
from desk.sse import RETRY, Ended, frame, position
from desk.telemetry import StreamEnd
from pipelines.model import AlertEvent, EventKind

# Stories in one update, and alert and story cards on a page.
CARDS = 40
CARD_REPORTS = 50
_GATHER_SECONDS = 0.25
# A page that missed more than this loads anew.
_CATCH_UP_EVENTS = 2000
_QUEUE = 64


@dataclass(frozen=True, slots=True)
class Card:
    """One rendered card, and what pages narrow their lists by."""

    html: str
    rules: tuple[str, ...]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """What changed up to one event: cards to put in place, and the ids for pages that watch one."""

    up_to: Id
    cards: tuple[Card, ...]
    changed: frozenset[str]


class Page:
    """One open page's place at the board."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Update | str | None] = asyncio.Queue(_QUEUE + 1)
        self.ended: StreamEnd | None = None

    def offer(self, what: Update | str) -> None:
        """Queue an update or a status line; end the page where it does not keep up."""
        if self.queue.qsize() >= _QUEUE:
            self.end(StreamEnd.SLOW)
        elif self.ended is None:
            self.queue.put_nowait(what)

    def end(self, reason: StreamEnd) -> None:
        """End it: the browser comes back by itself."""
        if self.ended is None:
            self.ended = reason
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


class Board:
    """Renders updates while pages are open."""

    def __init__(
        self,
        hub: Hub,
        reader: Reader,
        sampler: Sampler,
        templates: jinja2.Environment,
        clock: Callable[[], datetime],
        figures: Callable[[], Awaitable[Figures]],
        refresh: timedelta,
    ) -> None:
        self._hub = hub
        self._reader = reader
        self._sampler = sampler
        self._templates = templates
        self._clock = clock
        self._figures = figures
        self._refresh_seconds = refresh.total_seconds()
        self._pages: set[Page] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def join(self) -> Page:
        """Add a page; the first one starts the work."""
        page = Page()
        self._pages.add(page)
        if len(self._pages) == 1:
            subscription = self._hub.subscribe()
            self._tasks = [
                asyncio.create_task(self._follow(subscription)),
                asyncio.create_task(self._pulse()),
            ]
        return page

    def leave(self, page: Page) -> None:
        """Take a page away; the last one ends the work."""
        if page in self._pages:
            self._pages.remove(page)
            if not self._pages:
                self._stop()

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _follow(self, subscription: Subscription) -> None:
        """Gather and tell until the subscription ends; then send every page away, to come back."""
        try:
            await self._gather(subscription)
        except redis.RedisError:
            subscription.end(StreamEnd.STORE)
        finally:
            self._hub.leave(subscription)
        pages, self._pages = self._pages, set()
        for page in pages:
            page.end(subscription.ended or StreamEnd.CLIENT)
        self._stop()

    async def _gather(self, subscription: Subscription) -> None:
        events: list[Event] = []
        until = 0.0
        loop = asyncio.get_running_loop()
        while True:
            wait = max(0.001, until - loop.time()) if events else 3600.0
            with suppress(TimeoutError):
                event = await subscription.next(wait)
                if event is None:
                    return
                until = until if events else loop.time() + _GATHER_SECONDS
                events.append(event)
            if events and loop.time() >= until:
                self._tell(await self.update(events))
                events = []

    async def _pulse(self) -> None:
        while True:
            with suppress(redis.RedisError):
                self._tell(self.status(await self._figures()))
            await asyncio.sleep(self._refresh_seconds)

    def _tell(self, what: Update | str) -> None:
        for page in self._pages:
            page.offer(what)

    def status(self, figures: Figures, *, live: bool = True) -> Markup:
        """Render the line in the page's head."""
        template = self._templates.get_template("_status.html")
        return Markup(template.render(figures=figures, rate=self._sampler.rate(60), live=live))

    async def update(self, events: Sequence[Event]) -> Update:
        """Render what these events changed. Errors: redis.RedisError."""
        now = self._clock()
        stories = list(dict.fromkeys(event.story_id for event in reversed(events) if event.story_id))[:CARDS]
        cards: list[Card] = []
        records = await self._reader.stories_by_id(stories)
        reports = await self._reader.reports(stories, CARD_REPORTS)
        template = self._templates.get_template("_story.html")
        for story, told in reversed(list(zip(records, reports, strict=True))):
            if story is not None:
                html = template.render(story=story, reports=told, live=True, now=now)
                cards.append(Card(html, story.rules, story.countries))
        alerts = list(_last_alerts(events).values())
        template = self._templates.get_template("_alert.html")
        announce = self._templates.get_template("_announce.html")
        for alert, steps in zip(alerts, await self._reader.steps(alerts), strict=True):
            html = template.render(alert=alert, steps=steps, live=True, now=now) + announce.render(alert=alert)
            cards.append(Card(html, (alert.rule,), alert.countries))
        changed = {f"story-{story}" for story in stories} | {f"alert-{alert.alert_id}" for alert in alerts}
        return Update(events[-1].id, tuple(cards), frozenset(changed))

    async def frames(self, after: Id, watch: str, wanted: Wanted | None) -> AsyncGenerator[bytes]:
        """Frames for one page that was rendered at the event ``after``; ``wanted`` is None for one without lists.

        Errors: Ended when the page fell behind, the store went away or the desk closes.
        """
        with self._hub.client():
            page = self.join()
            try:
                yield RETRY
                missed = await self._missed(after)
                if missed is None:
                    yield frame("reload", event="stale")
                elif missed:
                    update = await self.update(missed)
                    after = update.up_to
                    yield _framed(update, watch, wanted)
                while (what := await page.queue.get()) is not None:
                    if isinstance(what, str):
                        yield frame(what, event="pulse")
                    elif what.up_to > after:
                        after = what.up_to
                        yield _framed(what, watch, wanted)
                raise Ended(page.ended or StreamEnd.CLIENT)
            except redis.RedisError as error:
                raise Ended(StreamEnd.STORE) from error
            finally:
                self.leave(page)

    async def _missed(self, after: Id) -> list[Event] | None:
        """Events since the page was rendered; None where they are too many or gone."""
        if (await self._hub.bounds()).misses(after):
            return None
        missed: list[Event] = []
        async for events in self._hub.after(after):
            missed += events
            if len(missed) > _CATCH_UP_EVENTS:
                return None
        return missed


def _framed(update: Update, watch: str, wanted: Wanted | None) -> bytes:
    event_id = format_id(update.up_to)
    frames = b""
    cards = [card.html for card in update.cards if wanted and wanted.takes(card.rules, card.countries)]
    if cards:
        frames += frame("\n".join(cards), event="cards", event_id=event_id)
    if watch and watch in update.changed:
        frames += frame(watch, event="changed", event_id=event_id)
    return frames or position(event_id)


def _last_alerts(events: Sequence[Event]) -> dict[str, Alert]:
    """The last revision of each alert among events, in order of appearance."""
    found: dict[str, Alert] = {}
    for event in events:
        if event.kind == EventKind.ALERT.value:
            with suppress(UnreadableRecordError):
                alert = decode(AlertEvent, event.raw).alert
                if alert.alert_id not in found or alert.revision >= found[alert.alert_id].revision:
                    found[alert.alert_id] = alert
    return found
