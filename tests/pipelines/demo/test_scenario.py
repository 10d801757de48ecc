"""The bundled scenario: what it holds, and that its entries lead to what is expected of the rule and the joins."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from connectors.keys import canonical_url
from pipelines.demo.scenario import Kind, Scenario, load_expected, load_scenario


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario()


def test_it_has_enough_feeds_entries_languages_and_formats(scenario: Scenario) -> None:
    assert len(scenario.feeds) >= 12
    assert len(scenario.entries) >= 40
    languages = {feed.id: feed.language for feed in scenario.feeds}
    assert Counter(languages[entry.feed] for entry in scenario.entries).keys() == {"en", "ru", "uk", "fa", "ar"}
    assert {str(feed.format) for feed in scenario.feeds} == {"rss", "atom", "rdf", "json"}
    assert {feed.encoding for feed in scenario.feeds} == {"utf-8", "windows-1251", "windows-1256"}
    assert {entry.kind for entry in scenario.entries} == set(Kind)


def test_it_takes_less_than_a_minute(scenario: Scenario) -> None:
    assert scenario.duration <= timedelta(seconds=60)


def test_beats_are_four_seconds_apart(scenario: Scenario) -> None:
    """Feeds are polled each second, so reports of two beats cannot change places."""
    visits = [entry for entry in scenario.entries if entry.kind is Kind.VISIT]
    voices = {feed.id: feed.interest for feed in scenario.feeds}
    first: dict[str, timedelta] = {}
    last: dict[str, timedelta] = {}
    for entry in visits:
        assert entry.after is not None
        beat = voices[entry.feed].partition(":")[2] if voices[entry.feed].startswith("state:") else "independent"
        at = scenario.real(entry.after)
        first[beat] = min(first.get(beat, at), at)
        last[beat] = max(last.get(beat, at), at)
    assert first["RU"] - last["IR"] >= timedelta(seconds=4)
    assert first["independent"] - last["RU"] >= timedelta(seconds=4)


def test_every_link_leads_to_a_reserved_host(scenario: Scenario) -> None:
    assert {(urlsplit(entry.link).hostname or "").rpartition(".")[2] for entry in scenario.entries} == {"example"}


def test_repeats_name_the_page_they_repeat(scenario: Scenario) -> None:
    entries = {entry.id: entry for entry in scenario.entries}
    for entry in scenario.entries:
        if entry.kind in (Kind.AGAIN, Kind.EDIT):
            assert canonical_url(entry.link) == canonical_url(entries[entry.of].link)
        if entry.kind is Kind.AGAIN:
            assert "utm_source" in entry.link
        if entry.kind is Kind.EDIT:
            assert entry.title != entries[entry.of].title
        if entry.kind is Kind.COPY:
            origin = entries[entry.of]
            assert (entry.title, entry.summary) == (origin.title, origin.summary)
            assert canonical_url(entry.link) != canonical_url(origin.link)
    pages = Counter(
        canonical_url(entry.link) for entry in scenario.entries if entry.kind not in (Kind.AGAIN, Kind.EDIT)
    )
    assert set(pages.values()) == {1}


def test_expected_titles_are_those_of_reports(scenario: Scenario) -> None:
    titles = {entry.title for entry in scenario.entries if entry.kind is Kind.VISIT}
    assert [alert.title for alert in load_expected().alerts if alert.title not in titles] == []


def test_scenario_time_runs_at_its_pace(scenario: Scenario) -> None:
    assert scenario.real(timedelta(hours=3)) == 3 * scenario.hour
    assert scenario.told_at(2 * scenario.hour) == datetime(2022, 11, 8, 8, tzinfo=UTC)


def test_mistakes_of_a_scenario_are_named(scenario: Scenario) -> None:
    lost, late, mute = scenario.entries[:3]
    broken = dataclasses.replace(
        scenario,
        entries=(
            dataclasses.replace(lost, feed="nowhere"),
            dataclasses.replace(late, before=None, after=timedelta(days=1)),
            dataclasses.replace(mute, title=""),
        ),
    )
    assert dict(broken.faults()) == {
        lost.id: "no feed 'nowhere'",
        late.id: "expected a time before the scenario ends",
        mute.id: "expected a title and a summary",
    }
