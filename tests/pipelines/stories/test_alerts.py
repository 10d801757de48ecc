"""Alerts: one per rule and story, revised when who says so changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.records import AlertState, Evidence, Report
from pipelines.model import FIRST, Item, Match, Story
from pipelines.sources.labels import Source
from pipelines.stories.alerts import RuleTerms, alert_id, first_alert, is_due, line, revised
from pipelines.stories.tell import opened, report_of, told_on

NOW = datetime(2022, 11, 8, 9, 0, tzinfo=UTC)
NOUR = Source("nour-news", "Nour News", "state:IR", "SC")
TASS = Source("tass", "TASS", "state:RU", "SC")
CNN = Source("cnn", "CNN", "private:cnn", "private")
TERMS = RuleTerms("visits", "high")


def item(number: int = 1) -> Item:
    return Item(
        item_id=f"item-{number}",
        entry_id=str(number),
        feed_id="nour",
        url=f"https://news.example/{number}",
        link=f"https://news.example/{number}",
        title="Patrushev lands in Tehran",
        lead="",
        text="Nikolai Patrushev arrived.",
        language="en",
        published_at=NOW,
        fetched_at=NOW + timedelta(seconds=number),
        event_at=NOW,
        time_flags=(),
        fingerprint=f"words-{number}",
    )


def report(source: Source, number: int = 1, copy_of: str = "") -> Report:
    return report_of(item(number), source, copy_of=copy_of, is_edit=False)


def story_of(*sources: Source) -> Story:
    story = opened("story", report(sources[0]), ("RU", "IR"))
    for number, source in enumerate(sources[1:], 2):
        story = told_on(story, report(source, number), ("RU", "IR"), ())
    return story


def test_first_match_is_due_and_the_same_state_again_is_not() -> None:
    story = story_of(NOUR)
    assert is_due(None, story, TERMS)
    alert = first_alert(story, item(), Match("visits", "v1", ()), [report(NOUR)], TERMS, NOW)
    assert not is_due(alert, told_on(story, report(NOUR, 2), (), ()), TERMS)


def test_confirmation_revises_the_same_alert() -> None:
    story = story_of(NOUR)
    first = first_alert(story, item(), Match("visits", "v1", ()), [report(NOUR)], TERMS, NOW)
    confirmed = told_on(story, report(TASS, 2), (), ())
    assert is_due(first, confirmed, TERMS)
    second = revised(first, confirmed, item(2), [report(NOUR), report(TASS, 2)], TERMS, NOW)
    assert (second.alert_id, second.revision, second.state) == (first.alert_id, 2, AlertState.PARTY_CONFIRMED)
    assert second.evidence == first.evidence
    assert second.caused_fetched_at == item(2).fetched_at


def test_copy_never_revises_and_is_nobodys_voice() -> None:
    story = story_of(NOUR)
    first = first_alert(story, item(), Match("visits", "v1", ()), [report(NOUR)], TERMS, NOW)
    copied = told_on(story, report(CNN, 2, copy_of="item-1"), (), ())
    assert copied.report_count == 2
    assert copied.interests == ("state:IR",)
    assert not is_due(first, copied, TERMS)


@pytest.mark.parametrize("source", [NOUR, Source("blog", "A blog", "unknown:blog", "")], ids=["heard", "unlabelled"])
def test_country_that_only_a_heard_or_unlabelled_voice_names_confirms_nothing(source: Source) -> None:
    story = told_on(opened("story", report(NOUR), ("IR",)), report(TASS, 2), ("IR",), ())
    again = told_on(story, report(source, 3), ("IR", "RU"), ())
    assert again.countries == ("IR", "RU")
    assert (again.state, again.flags) == (story.state, story.flags) == (AlertState.SINGLE_SOURCE, ())
    # The next voice is weighed with all that is known by then.
    assert told_on(again, report(CNN, 4), (), ()).flags == ("party-confirmed",)


def test_story_that_begins_with_a_copy_has_no_voice_yet() -> None:
    story = opened("story", report(CNN, copy_of="let-go"), ("RU", "IR"))
    assert (story.interests, story.independent) == ((), 0)


def test_flag_alone_makes_a_revision_due() -> None:
    independent = story_of(NOUR, CNN)
    first = first_alert(independent, item(), Match("visits", "v1", ()), [report(NOUR)], TERMS, NOW)
    assert first.flags == ()
    assert is_due(first, told_on(independent, report(TASS, 3), (), ()), TERMS)


def test_rule_fires_only_in_the_states_it_names() -> None:
    only_independent = replace(TERMS, when=frozenset({AlertState.INDEPENDENT}))
    assert not is_due(None, story_of(NOUR), only_independent)
    assert is_due(None, story_of(NOUR, CNN), only_independent)


def test_rule_that_fires_first_fires_in_any_state_and_then_no_more() -> None:
    only_first = replace(TERMS, when=frozenset({FIRST}))
    assert is_due(None, story_of(NOUR, CNN), only_first)
    alert = first_alert(story_of(NOUR), item(), Match("visits", "v1", ()), [report(NOUR)], only_first, NOW)
    assert not is_due(alert, story_of(NOUR, CNN), only_first)


def test_alert_id_names_rule_and_story() -> None:
    assert alert_id("visits", "story") == alert_id("visits", "story")
    assert len({alert_id("visits", "a"), alert_id("visits", "b"), alert_id("talks", "a")}) == 3


def test_line_says_who_says_so_in_order() -> None:
    story = story_of(NOUR, TASS, CNN)
    said = line(story, [report(NOUR), report(TASS, 4), report(CNN, 7), report(CNN, 9)])
    assert said == (
        "First: Nour News (state of Iran); +3 s TASS (state of Russia); +6 s CNN (independent newsroom)"
        " — 1 independent of 3 interests."
    )


def test_evidence_beyond_the_text_that_travels_is_left_out() -> None:
    inside, outside = Evidence("text", 0, 8, "Nikolai"), Evidence("text", 700, 708, "arrived")
    alert = first_alert(story_of(NOUR), item(), Match("visits", "v1", (inside, outside)), [report(NOUR)], TERMS, NOW)
    assert alert.evidence == (inside,)
