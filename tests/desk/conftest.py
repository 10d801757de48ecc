"""A desk that really serves: uvicorn in a thread on a free port, over the real store."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from connectors.codec import encode
from connectors.keys import stable_id
from connectors.log import names
from connectors.records import Alert, AlertState, Evidence, Report
from desk.serve import build_server, listen, url_of
from pipelines.desk_settings import DeskSettings
from pipelines.model import AlertEvent, EventKind, Item, ItemEvent, Outcome, Story, StoryReport
from pipelines.settings import Settings

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

    def tell(self, story: Story, report: Report | None = None, **item: Any) -> str:
        """Keep a story with one more report and tell of it."""
        report = report or make_report(1)
        self.client.set(names.story(story.story_id), encode(story))
        self.client.rpush(names.reports(story.story_id), encode(StoryReport(report, "", story.countries)))
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


@pytest.fixture
def newsroom(client: redis.Redis) -> Newsroom:
    """Writes records into the emptied store."""
    return Newsroom(client)


StartDesk = Callable[..., str]


@pytest.fixture
def start_desk(redis_url: str) -> Iterator[StartDesk]:
    """Start desks with chosen settings; gives the address of each."""
    running: list[tuple[Any, threading.Thread]] = []

    def start(url: str = redis_url, listen_on: str = "127.0.0.1", **changes: Any) -> str:
        settings = dataclasses.replace(DeskSettings(port=0), **changes)
        server = build_server(Settings(desk=settings), url)
        opened = listen(dataclasses.replace(settings, host=listen_on))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([opened])), daemon=True)
        thread.start()
        running.append((server, thread))
        until = time.monotonic() + 20
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.005)
        assert server.started
        return url_of(opened).rstrip("/")

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def desk(start_desk: StartDesk) -> str:
    """Address of a desk on loopback."""
    return start_desk()
