"""For tests of the desk: records, a newsroom that writes them as the pipelines do, a desk that really serves."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import redis

from connectors.codec import encode, encode_small
from connectors.keys import stable_id
from connectors.log import names
from connectors.records import Alert, AlertState, Entry, Evidence, Report
from desk.serve import build_server, listen, url_of
from pipelines.model import AlertEvent, EventKind, Item, ItemEvent, Outcome, Story, StoryReport
from pipelines.settings import Settings
from pipelines.text.normalize import normalize

START = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)


def make_report(number: int = 1, **changes: Any) -> Report:
    """A report, minutes after the first."""
    at = START + timedelta(minutes=number)
    base = Report(
        item_id=f"item{number}",
        feed_id=f"feed{number}",
        source=f"Outlet {number}",
        interest="private:outlet",
        control="private",
        title=f"Envoy lands in capital, report {number}",
        url=f"https://outlet.example/{number}",
        language="en",
        published_at=at,
        fetched_at=at + timedelta(seconds=2),
    )
    return dataclasses.replace(base, **changes)


def make_alert(alert_id: str = "a1", revision: int = 1, **changes: Any) -> Alert:
    """An alert revision on story s1."""
    title = "Envoy lands in capital for talks"
    base = Alert(
        alert_id=alert_id,
        revision=revision,
        rule="envoys",
        severity="high",
        state=AlertState.SINGLE_SOURCE,
        flags=(),
        story_id="s1",
        title=title,
        line="Outlet 1 says so; nobody else does yet.",
        url="https://outlet.example/1",
        interests=("private:outlet",),
        independent=1,
        reports=(make_report(1),),
        report_count=1,
        evidence=(Evidence("title", 0, 5, "Envoy"), Evidence("text", 4, 9, "envoy")),
        evidence_title=title,
        evidence_text="The envoy came by plane.",
        countries=("IR", "RU"),
        routes=(),
        raised_at=START + timedelta(minutes=revision),
        caused_fetched_at=START + timedelta(minutes=revision, seconds=-1),
        caused_published_at=START,
    )
    return dataclasses.replace(base, **changes)


def make_story(story_id: str = "s1", **changes: Any) -> Story:
    """A story with one report."""
    base = Story(
        story_id=story_id,
        title=f"Envoy lands in capital ({story_id})",
        language="en",
        first_at=START,
        last_at=START + timedelta(minutes=1),
        countries=("IR", "RU"),
        interests=("private:outlet",),
        independent=1,
        state=AlertState.SINGLE_SOURCE,
        flags=(),
        report_count=1,
        rules=("envoys",),
    )
    return dataclasses.replace(base, **changes)


@dataclass
class Newsroom:
    """Writes what the pipelines would write."""

    client: redis.Redis
    counts: dict[str, int] = field(default_factory=dict)

    def event(self, record: object) -> str:
        """Append an event; gives its id."""
        made: Any = self.client.xadd(names.EVENTS, {names.FIELD: encode(record)})
        return str(made.decode())

    def raise_alert(self, alert: Alert) -> str:
        """Keep an alert revision and tell of it."""
        self.client.set(names.alert(alert.alert_id), encode(alert))
        self.client.rpush(names.history(alert.alert_id), encode(alert))
        self.client.zadd(names.ALERTS, {alert.alert_id: alert.raised_at.timestamp()})
        return self.event(AlertEvent(EventKind.ALERT, alert, alert.raised_at))

    def keep_item(self, number: int, title: str) -> None:
        """Append an item to those that the stream keeps."""
        item = normalize(Entry("feed", str(number), f"https://example.org/{number}", title, "", "", START))
        self.client.xadd(names.ITEMS, {names.FIELD: encode(item)})

    def tell(self, story: Story, report: Report | None = None, **item: Any) -> str:
        """Keep a story with one more report and tell of it."""
        report = report or make_report(1)
        self.client.set(names.story(story.story_id), encode_small(story))
        self.client.rpush(names.reports(story.story_id), encode_small(StoryReport(report, "", story.countries)))
        self.client.zadd(names.STORIES, {story.story_id: story.last_at.timestamp()})
        made = Item(
            item_id=report.item_id,
            entry_id=report.item_id,
            feed_id=report.feed_id,
            url=report.url,
            link=report.url,
            title=report.title,
            lead="",
            text="",
            language=report.language,
            published_at=report.published_at,
            fetched_at=report.fetched_at,
            event_at=report.fetched_at,
            time_flags=(),
            fingerprint=stable_id(report.title),
        )
        made = dataclasses.replace(made, **item)
        return self.event(ItemEvent(EventKind.ITEM, made, report, story, Outcome.KEPT, story.rules, report.fetched_at))


@dataclass(frozen=True)
class Answer:
    """What the desk said."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)


def ask(url: str, method: str = "GET", data: Mapping[str, str] | bytes | None = None, **headers: str) -> Answer:
    """Ask the desk once, with a form or bytes, following nowhere; header names with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def asked() -> Answer:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(method, url, headers=named, data=data, allow_redirects=False) as answer,
        ):
            return Answer(answer.status, answer.headers, await answer.text())

    return asyncio.run(asked())


@contextmanager
def serving(node: Settings, redis_url: str, listen_on: str = "127.0.0.1") -> Iterator[str]:
    """Serve a desk in a thread on a free port while the block runs; gives its address.

    ``listen_on`` is where it really listens, whatever address the settings name.
    """
    server = build_server(node, redis_url)
    opened = listen(dataclasses.replace(node.desk, host=listen_on, port=0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([opened])), daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.005)
        if not server.started:
            raise RuntimeError("the desk did not start")
        yield url_of(opened).rstrip("/")
    finally:
        server.should_exit = True
        thread.join(10)
        opened.close()
    if thread.is_alive():
        raise RuntimeError("the desk did not stop")


@dataclass
class Told:
    """One event as a stream client sees it."""

    event: str = ""
    id: str = ""
    data: str = ""
    comment: str = ""


@asynccontextmanager
async def listening(url: str, **headers: str) -> AsyncIterator[AsyncIterator[Told]]:
    """Open a stream; gives its events, comments and id-only blocks included, as they come."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    timeout = aiohttp.ClientTimeout(total=60, sock_read=20)
    async with aiohttp.ClientSession() as session, session.get(url, headers=named, timeout=timeout) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {await answer.text()}")
        yield _blocks(answer.content)


async def _blocks(content: aiohttp.StreamReader) -> AsyncIterator[Told]:
    told, data = Told(), list[str]()
    async for raw in content:
        name, _, value = raw.decode().rstrip("\n").partition(":")
        value = value.removeprefix(" ")
        if raw == b"\n":
            told.data = "\n".join(data)
            yield told
            told, data = Told(), []
        elif name == "data":
            data.append(value)
        elif name in ("event", "id"):
            setattr(told, name, value)
        elif not name:
            told.comment = value
