"""A web server on loopback that publishes the scenario's feeds on an accelerated clock."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from aiohttp import web

from connectors.feeds.feed import Feed, Tier, completed
from pipelines.demo.publish import Published, content_type, feed_bytes
from pipelines.demo.scenario import Kind, Scenario, ScenarioFeed
from pipelines.node import utc_now

Clock = Callable[[], datetime]
_LOOK_SECONDS = 0.1


class DemoServer:
    """Serves what the scenario has published so far, with validators, so that pollers may ask often.

    Until ``begin`` only what is older than the story is there. ``finished`` is set when the timeline is over.
    """

    def __init__(self, scenario: Scenario, clock: Clock) -> None:
        self.scenario = scenario
        self.finished = asyncio.Event()
        self.url = ""
        self._clock = clock
        self._made_at = clock()
        self._began_at: datetime | None = None
        self._feeds = {feed.path: feed for feed in scenario.feeds}
        self._runner: web.ServerRunner | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"

    def begin(self) -> None:
        """Start the story's clock."""
        self._began_at = self._clock()
        self._watch = asyncio.create_task(self._finish())

    async def stop(self) -> None:
        """Stop the clock and the server."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def elapsed(self) -> timedelta:
        """Real time since ``begin``, at most the scenario's duration."""
        if self._began_at is None:
            return timedelta(0)
        return min(self._clock() - self._began_at, self.scenario.duration)

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """The feeds as a catalogue lists them, with the addresses they have on this server."""
        return tuple(self._listed(feed) for feed in self.scenario.feeds)

    def _listed(self, feed: ScenarioFeed) -> Feed:
        return completed(
            Feed(
                id=feed.id,
                url=self.url + feed.path,
                title=feed.title,
                source=feed.source,
                language=feed.language,
                country=feed.country,
                interest=feed.interest,
                control=feed.control,
                tier=Tier.HOT,
                basis=feed.basis,
            )
        )

    def published(self, feed: ScenarioFeed) -> list[Published]:
        """What a feed holds now, newest first; an edit or a re-issue takes the place of what it repeats."""
        story_start = self._began_at or self._made_at
        elapsed = self.elapsed if self._began_at is not None else timedelta(-1)
        found: dict[str, Published] = {}
        for entry in self.scenario.of_feed(feed.id):
            if entry.after is None:
                at = self._made_at - (entry.before or timedelta(0))
            elif self.scenario.real(entry.after) <= elapsed:
                at = story_start + self.scenario.real(entry.after)
            else:
                continue
            found[entry.id] = Published(entry, at)
        replaced = {each.entry.of for each in found.values() if each.entry.kind in (Kind.EDIT, Kind.AGAIN)}
        shown = [each for name, each in found.items() if name not in replaced]
        return sorted(shown, key=lambda each: each.at, reverse=True)

    async def _finish(self) -> None:
        while self.elapsed < self.scenario.duration:  # noqa: ASYNC110  # the caller's clock sets no event
            await asyncio.sleep(_LOOK_SECONDS)
        self.finished.set()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        feed = self._feeds.get(request.path)
        if feed is None:
            return web.Response(status=404)
        entries = self.published(feed)
        body = feed_bytes(feed, entries, self.url + feed.path)
        changed_at = max((each.at for each in entries), default=self._made_at).replace(microsecond=0)
        headers = {
            "ETag": f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"',
            "Last-Modified": format_datetime(changed_at, usegmt=True),
            "Cache-Control": "max-age=1",
        }
        if _is_unchanged(request, headers["ETag"], changed_at):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers | {"Content-Type": content_type(feed)})


def _is_unchanged(request: web.BaseRequest, etag: str, changed_at: datetime) -> bool:
    """Say whether the asker holds this version; its date counts only where it sent no tag (RFC 9110 §13.2.2)."""
    if (tags := request.headers.get("If-None-Match")) is not None:
        return etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))
    if (since := request.headers.get("If-Modified-Since")) is not None:
        try:
            return parsedate_to_datetime(since) >= changed_at
        except ValueError:
            return False
    return False


async def serve(scenario: Scenario, host: str = "127.0.0.1", port: int = 0, *, clock: Clock = utc_now) -> DemoServer:
    """Start a server of that scenario; its story begins with ``begin``."""
    server = DemoServer(scenario, clock)
    await server.start(host, port)
    return server
