"""The demo's feed server: readable files, the accelerated clock, conditional requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import feedparser
import pytest

from connectors.feeds.parse import parse_feed
from connectors.testing import FakeClock
from pipelines.demo.publish import Published, content_type, feed_bytes
from pipelines.demo.scenario import Format, Kind, Scenario, ScenarioFeed, load_scenario
from pipelines.demo.server import DemoServer, serve

_NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario()


def served(scenario: Scenario, use: Callable[[DemoServer, FakeClock, aiohttp.ClientSession], Awaitable[None]]) -> None:
    """Run a use of a started server."""

    async def run() -> None:
        clock = FakeClock(_NOW)
        server = await serve(scenario, clock=clock)
        try:
            async with aiohttp.ClientSession() as session:
                await use(server, clock, session)
        finally:
            await server.stop()

    asyncio.run(run())


def _feed(scenario: Scenario, feed_id: str) -> ScenarioFeed:
    return next(feed for feed in scenario.feeds if feed.id == feed_id)


def _everything(scenario: Scenario, feed: ScenarioFeed) -> list[Published]:
    return [Published(entry, _NOW) for entry in scenario.of_feed(feed.id)]


def test_every_xml_feed_reads_back_with_its_words(scenario: Scenario) -> None:
    for feed in scenario.feeds:
        if feed.format is Format.JSON:
            continue
        parsed = feedparser.parse(feed_bytes(feed, _everything(scenario, feed), "http://127.0.0.1/feed"))
        assert not parsed.bozo, (feed.id, parsed.get("bozo_exception"))
        assert parsed.encoding == feed.encoding, feed.id
        got = [(entry.title, entry.link) for entry in parsed.entries]
        assert got == [(entry.title, entry.link) for entry in scenario.of_feed(feed.id)], feed.id
        for entry, original in zip(parsed.entries, scenario.of_feed(feed.id), strict=True):
            assert original.summary in entry.summary
            # What RSS 1.0 calls dc:date, feedparser calls updated.
            told = entry.updated_parsed if feed.format is Format.RDF else entry.published_parsed
            assert told[:6] == _NOW.timetuple()[:6]


def test_windows_encodings_hold_their_texts_without_references(scenario: Scenario) -> None:
    for feed_id in ("tass-ru", "harbour-ar"):
        feed = _feed(scenario, feed_id)
        assert b"&#" not in feed_bytes(feed, _everything(scenario, feed), "http://127.0.0.1/feed")


def test_before_the_story_begins_only_older_news_is_there(scenario: Scenario) -> None:
    async def use(server: DemoServer, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        clock.now += timedelta(minutes=5)
        shown = [each.entry.kind for feed in scenario.feeds for each in server.published(feed)]
        assert set(shown) == {Kind.EARLIER}
        assert server.elapsed == timedelta(0)

    served(scenario, use)


def test_an_entry_is_published_when_its_hour_comes(scenario: Scenario) -> None:
    feed = _feed(scenario, "nournews-fa")
    entry = next(entry for entry in scenario.of_feed(feed.id) if entry.id == "nour-fa-visit")
    assert entry.after is not None
    due = scenario.real(entry.after)

    async def use(server: DemoServer, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        server.begin()
        clock.now = _NOW + due - timedelta(milliseconds=1)
        assert server.published(feed) == []
        clock.now = _NOW + due
        assert server.published(feed) == [Published(entry, _NOW + due)]

    served(scenario, use)


def test_an_edit_takes_the_place_of_the_page(scenario: Scenario) -> None:
    feed = _feed(scenario, "rt-en")

    async def use(server: DemoServer, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        server.begin()
        clock.now += scenario.duration
        links = [each.entry.link for each in server.published(feed)]
        assert len(links) == len(set(links))
        ids = [each.entry.id for each in server.published(feed)]
        assert "rt-edit" in ids
        assert "rt-visit" not in ids

    served(scenario, use)


def test_the_timeline_ends(scenario: Scenario) -> None:
    async def use(server: DemoServer, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        server.begin()
        clock.now += scenario.duration
        await asyncio.wait_for(server.finished.wait(), 10)

    served(scenario, use)


def test_an_unchanged_feed_is_a_304_and_a_changed_one_is_not(scenario: Scenario) -> None:
    async def use(server: DemoServer, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        url = server.url + _feed(scenario, "cnn").path
        async with session.get(url) as first:
            assert first.status == 200
            assert first.headers["Cache-Control"] == "max-age=1"
            tag, date = first.headers["ETag"], first.headers["Last-Modified"]
        for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'}, {"If-Modified-Since": date}):
            async with session.get(url, headers=headers) as again:
                assert (again.status, await again.read()) == (304, b"")
        server.begin()
        clock.now += scenario.duration
        async with session.get(url, headers={"If-None-Match": tag, "If-Modified-Since": date}) as changed:
            assert changed.status == 200
            assert "Patrushev" in await changed.text()
        async with session.get(url, headers={"If-Modified-Since": "yesterday"}) as odd:
            assert odd.status == 200

    served(scenario, use)


def test_an_unknown_path_is_a_404(scenario: Scenario) -> None:
    async def use(server: DemoServer, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        async with session.get(f"{server.url}/nothing.xml") as response:
            assert response.status == 404

    served(scenario, use)


def test_feeds_are_listed_with_their_addresses_and_labels(scenario: Scenario) -> None:
    async def use(server: DemoServer, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        listed = {feed.id: feed for feed in server.feeds}
        assert listed["tass-ru"].url == f"{server.url}/tass-ru.xml"
        assert listed["tass-ru"].interest == "state:RU"
        assert listed["volga-ru"].interest == "unknown:volga-portal"
        for feed in server.feeds:
            async with session.get(feed.url) as response:
                assert response.status == 200, feed.id

    served(scenario, use)


def test_every_feed_passes_the_systems_own_parser(scenario: Scenario) -> None:
    for feed in scenario.feeds:
        body = feed_bytes(feed, _everything(scenario, feed), "http://127.0.0.1/feed")
        parsed = parse_feed(body, base_url="http://127.0.0.1/feed", content_type=content_type(feed))
        assert parsed.faults == (), feed.id
        got = [(entry.title, entry.link, entry.entry_id, entry.published_at) for entry in parsed.entries]
        # RSS 1.0 names an entry by the page it is about.
        wanted = [
            (entry.title, entry.link, entry.link if feed.format is Format.RDF else entry.guid, _NOW)
            for entry in scenario.of_feed(feed.id)
        ]
        assert got == wanted, feed.id
