"""The scenario through the pure parts, in the order in which it is told: one story, and nothing strange in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources

import pytest

from connectors.records import Entry
from pipelines.demo.scenario import Kind, Scenario, ScenarioEntry, load_expected, load_scenario
from pipelines.entities.find import find_entities
from pipelines.rules.load import load_rules
from pipelines.rules.matcher import RuleSet
from pipelines.stories.index import StoryIndex, words_of
from pipelines.stories.ladder import counts, standing
from pipelines.stories.limits import JoinLimits
from pipelines.stories.tell import states_of
from pipelines.text.normalize import normalize
from pipelines.text.tokens import tokenize

_START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_OWN_WORDS = (Kind.EARLIER, Kind.VISIT, Kind.ASIDE, Kind.NOISE)


def _told_at(scenario: Scenario, entry: ScenarioEntry) -> datetime:
    if entry.after is None:
        return _START - (entry.before or timedelta(0))
    return _START + scenario.real(entry.after)


def _countries(entry: ScenarioEntry, language: str) -> frozenset[str]:
    found = find_entities(tokenize(entry.title, entry.summary), language)
    return frozenset(state for entity in found for state in states_of(entity))


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario()


@pytest.fixture(scope="module")
def stories(scenario: Scenario) -> dict[str, str]:
    """Entry id -> id of the entry that began its story."""
    languages = {feed.id: feed.language for feed in scenario.feeds}
    index, placed = StoryIndex(JoinLimits()), {}
    told = sorted(
        (entry for entry in scenario.entries if entry.kind in _OWN_WORDS), key=lambda e: (_told_at(scenario, e), e.id)
    )
    for entry in told:
        language = languages[entry.feed]
        words = words_of(entry.title, entry.summary, language, _countries(entry, language))
        placed[entry.id] = index.find(words) or entry.id
        index.add(placed[entry.id], words, _told_at(scenario, entry))
    return placed


def test_every_report_of_the_visit_names_both_countries(scenario: Scenario) -> None:
    languages = {feed.id: feed.language for feed in scenario.feeds}
    for entry in scenario.entries:
        if entry.kind not in (Kind.EARLIER, Kind.NOISE, Kind.ASIDE):
            assert _countries(entry, languages[entry.feed]) >= {"RU", "IR"}, entry.id


def test_the_visit_is_one_story_in_five_languages(scenario: Scenario, stories: dict[str, str]) -> None:
    visits = {entry.id for entry in scenario.entries if entry.kind is Kind.VISIT}
    assert {stories[visit] for visit in visits} == {"nour-fa-visit"}


def test_nothing_else_joins_the_visit(scenario: Scenario, stories: dict[str, str]) -> None:
    visits = {entry.id for entry in scenario.entries if entry.kind is Kind.VISIT}
    assert {entry for entry, story in stories.items() if story == "nour-fa-visit"} == visits


def test_reports_climb_the_ladder_as_expected(scenario: Scenario) -> None:
    interests = {feed.id: feed.interest or "unknown:x" for feed in scenario.feeds}
    visits = sorted(
        (entry for entry in scenario.entries if entry.kind is Kind.VISIT), key=lambda e: _told_at(scenario, e)
    )
    heard: list[str] = []
    steps: list[tuple[str, tuple[str, ...], tuple[str, ...], int]] = []
    for entry in visits:
        interest = interests[entry.feed]
        if counts(interest) and interest not in heard:
            heard.append(interest)
        now = standing(interests[visits[0].feed], heard, {"RU", "IR"})
        if not steps or (steps[-1][0], steps[-1][1]) != (now.state, now.flags):
            steps.append((now.state, now.flags, tuple(heard), now.independent))
    [alert] = load_expected().alerts
    assert steps == [(step.state, step.flags, step.interests, step.independent) for step in alert.revisions]


def test_the_rule_matches_the_visit_and_nothing_else(scenario: Scenario) -> None:
    with resources.as_file(resources.files("pipelines.demo") / "data" / "rules.yaml") as path:
        rules = RuleSet.compile(load_rules([path]))
    languages = {feed.id: feed.language for feed in scenario.feeds}
    matched = set()
    for entry in scenario.entries:
        item = normalize(Entry(entry.feed, entry.guid, entry.link, entry.title, entry.summary, "", _START, language=""))
        tokens = tokenize(item.title, item.text)
        entities = find_entities(tokens, languages[entry.feed])
        if rules.match(replace(item, language=languages[entry.feed], entities=entities), tokens):
            matched.add(entry.id)
    wanted = (Kind.VISIT, Kind.COPY, Kind.AGAIN, Kind.EDIT)
    assert matched == {entry.id for entry in scenario.entries if entry.kind in wanted}
