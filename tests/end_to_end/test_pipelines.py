"""Entries in, one alert out: both pipelines through the real runners and a real store."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment
from prometheus_client import REGISTRY

from connectors.codec import decode, encode
from connectors.log import names
from connectors.log.connect import connect_async
from connectors.log.pages import Cursor, LogPage
from connectors.records import AlertState, DeadLetter, Entry
from connectors.sinks.dead import retry_dead
from desk.testing import ask, serving
from pipelines.graph import build_items, build_stories
from pipelines.memory import read_place
from pipelines.model import ItemEvent, Outcome
from pipelines.rules.model import Severity
from pipelines.saved_rules import SavedRule, SavedRules
from pipelines.serve import DEFAULT_RUNNER, run_once
from pipelines.settings import Settings
from pipelines.stories.limits import JoinLimits
from pipelines.testing import START, Rig, entry, forget_process_state
from pipelines.transforms import namebook, read_pages, stopping
from pipelines.why import explain

OTHERS = (
    "Wheat harvest falls short in Punjab",
    "Striking dockers close Marseille harbour",
    "Volcano covers Javanese villages with ash",
    "Parliament in Lima dismisses its speaker",
    "Astronomers photograph a distant comet",
)
PORTABLE = ("--runner=PortableRunner", "--job_endpoint=embed", "--environment_type=LOOPBACK")
TITLE = "Russia's Patrushev lands in Iran"
TEXT = "Security Council secretary Nikolai Patrushev arrived in Tehran, invited by Ali Shamkhani, {} says."


def the_story() -> list[Entry]:
    """The party, a copy of it, the other party twice, a newsroom, and noise around them."""
    return [
        entry("nour", 1, TITLE, TEXT.format("Nour News")),
        entry("blog", 2, TITLE, TEXT.format("Nour News")),
        entry("cnn", 3, "Iran beat Russia in straight sets", "The volleyball team won the final in Tehran."),
        entry("tass", 4, "Patrushev arrives in Iran for security talks", TEXT.format("the Russian agency")),
        entry("ria", 5, "Russian Security Council chief Patrushev arrived in Iran", TEXT.format("the agency")),
        entry("cnn", 6, "Russian security chief Patrushev visits Iran amid drone row", TEXT.format("an official")),
        entry("nour", 1, TITLE, TEXT.format("Nour News")),
    ]


@pytest.mark.parametrize("runner", [(DEFAULT_RUNNER,), PORTABLE], ids=["in process", "portable job endpoint"])
def test_story_becomes_one_alert_that_upgrades(rig: Rig, runner: tuple[str, ...]) -> None:
    rig.beam_arguments = runner
    for each in the_story():
        rig.append(each)
        rig.run()
    alerts = rig.outbox()
    assert len({alert.alert_id for alert in alerts}) == 1
    assert [(alert.revision, alert.state, alert.flags) for alert in alerts] == [
        (1, AlertState.SINGLE_SOURCE, ()),
        (2, AlertState.PARTY_CONFIRMED, ()),
        (3, AlertState.INDEPENDENT, ("party-confirmed",)),
    ]
    assert alerts[-1].interests == ("state:IR", "state:RU", "private:cnn")
    assert {words.words for words in alerts[0].evidence} >= {"lands"}
    rig.assert_nothing_vanished(7)
    assert rig.outcomes("items") == {"read": 7, "kept": 6, "seen": 1}


def test_rule_saved_from_the_page_raises_alerts_of_its_own(rig: Rig) -> None:
    saved = SavedRule("talks", "talks AND country:IR", Severity.CRITICAL, (), ("desk",), "Ana", START)
    SavedRules(rig.client).save(saved, seen=0)
    rig.append(*the_story())
    rig.run()
    raised = {alert.rule: alert for alert in rig.outbox()}
    assert set(raised) == {"visits", "talks"}
    assert (raised["talks"].severity, raised["talks"].routes) == ("critical", ("desk",))
    assert {evidence.words for evidence in raised["talks"].evidence} >= {"talks", "Iran", "Tehran"}
    told = explain(rig.url, "https://cnn.example/3", Settings(rules=(str(rig.rule_file),)))
    assert told["missed"]["talks"] == "talks is not in the item"


def test_name_saved_over_the_api_is_found_in_what_comes_next(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namebook, "_LOOK_SECONDS", 0.0)
    rig.append(entry("tass", 1, "Minsk sends Primerov", "Ivan Primerov is on his way."))
    rig.run()
    with serving(Settings(), rig.url) as desk:
        body = json.dumps({"names": {"ru": "Иван Примеров"}, "country": "BY", "author": "Ana"}).encode()
        assert ask(f"{desk}/api/v1/names/persons/ivan-example", "PUT", body).status == 200
    rig.append(entry("cnn", 2, "Primerov lands", "Ivan Primerov was met by nobody."))
    rig.run()
    client: Any = rig.client
    told = [decode(ItemEvent, fields[names.FIELD]) for _, fields in client.xrange(names.EVENTS)]
    found = [any(entity.id == "person:ivan-example" for entity in one.item.entities) for one in told]
    assert found == [False, True]


def test_copy_is_in_the_story_and_confirms_nothing(rig: Rig) -> None:
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    rig.run()
    rig.append(entry("cnn", 2, TITLE, TEXT.format("Nour News")))
    rig.run()
    [alert] = rig.outbox()
    assert alert.state is AlertState.SINGLE_SOURCE
    events: Any = rig.client.xrange(names.EVENTS)
    copied = decode(ItemEvent, events[-1][1][names.FIELD])
    assert copied.report.copy_of
    assert copied.story.report_count == 2
    assert copied.story.interests == ("state:IR",)


def test_edited_headline_is_an_update_of_the_same_item(rig: Rig) -> None:
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    rig.run()
    rig.append(entry("nour", 1, "UPDATE: " + TITLE, TEXT.format("Nour News")))
    rig.run()
    assert rig.outcomes("items") == {"read": 2, "kept": 1, "updated": 1}
    assert rig.outcomes("stories") == {"read": 2, "kept": 1, "updated": 1}
    assert len(rig.outbox()) == 1
    places: Any = rig.client.keys("place:*")
    assert len(places) == 1
    assert read_place(rig.client.get(places[0])).outcome is Outcome.UPDATED  # type: ignore[arg-type]  # sync client


def test_poison_entry_is_a_dead_letter_and_the_page_goes_on(rig: Rig) -> None:
    rig.client.xadd(names.entries_stream(0), {names.FIELD: b'{"feed_id": 3'})
    rig.client.xadd(names.entries_stream(0), {"other": b"no record"})
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    rig.run()
    rig.assert_nothing_vanished(3)
    assert rig.outcomes("items")["dead:unreadable"] == 2
    dead: Any = rig.client.xrange(names.DEAD)
    letter = decode(DeadLetter, dead[0][1][names.FIELD])
    assert (letter.stage, letter.stream, letter.payload) == ("items", "entries:0", '{"feed_id": 3')
    assert len(rig.outbox()) == 1


def test_entry_whose_clock_has_no_zone_or_no_past_stops_nobody(rig: Rig) -> None:
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    zoneless = START.replace(tzinfo=None)
    rig.append(entry("cnn", 2, OTHERS[0], fetched_at=zoneless, published_at=None))
    rig.append(entry("tass", 3, TITLE + " again", TEXT.format("TASS"), fetched_at=datetime.min.replace(tzinfo=UTC)))
    rig.run()
    rig.assert_nothing_vanished(3)
    assert rig.outcomes("items") == {"read": 3, "kept": 2, "dead:unreadable": 1}


def test_empty_entry_is_dropped_with_its_reason(rig: Rig) -> None:
    rig.append(entry("nour", 1, "", "", link=""))
    rig.run()
    assert rig.outcomes("items") == {"read": 1, "dropped:empty": 1}


def test_restart_between_any_two_entries_changes_nothing(rig: Rig) -> None:
    for each in the_story():
        rig.append(each)
        rig.run()
        forget_process_state()
    assert [alert.revision for alert in rig.outbox()] == [1, 2, 3]
    rig.assert_nothing_vanished(7)


def test_whole_backlog_at_once_is_accounted_for(rig: Rig) -> None:
    entries = [entry("cnn", number, f"Headline number {number} about matter {number % 7}") for number in range(1200)]
    rig.append(*entries)
    rig.append(*entries[:100])
    rig.run()
    rig.assert_nothing_vanished(1300)
    assert rig.outcomes("items") == {"read": 1300, "kept": 1200, "seen": 100}


class _Twice(beam.DoFn):
    """Submits every page twice, as a runner that replays bundles does."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Beam's

    def process(self, page: Any) -> Any:
        yield page
        yield page


@pytest.mark.parametrize("stage", ["items", "stories"])
def test_every_page_submitted_twice_changes_nothing(rig: Rig, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = read_pages.ReadPages

    class Doubled(beam.PTransform[Any, Any]):
        def __init__(self, options: Any) -> None:
            super().__init__()
            self._options = options

        def expand(self, streams: Any) -> Any:
            pages = streams | "Once" >> real(self._options)
            return pages | "Twice" >> beam.ParDo(_Twice()) if self._options.pipeline == stage else pages

    monkeypatch.setattr("pipelines.graph.ReadPages", Doubled)
    rig.source = {"page_records": 2}
    rig.append(*the_story())
    rig.run()
    rig.assert_nothing_vanished(7)
    keys = [alert.key for alert in rig.outbox()]
    assert len(keys) == len(set(keys)) >= 1


def test_source_goes_on_over_many_turns(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards against a falsy restriction, with which Beam ends the source after its first turn."""
    turns = itertools.count(1)

    class Counted(read_pages._Turn):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            if next(turns) == 3:
                rig.append(entry("cnn", 2, "Another headline of another matter"))

        def next_pages(self) -> list[LogPage]:
            if rig.outcomes("items").get("read") == 2:
                stopping.request_stop()
            return super().next_pages()

    monkeypatch.setattr(read_pages, "_Turn", Counted)
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    options = rig.items_options(turn_seconds=0.2, until_idle=False)
    run_once(lambda pipeline: build_items(pipeline, options), ())
    assert rig.outcomes("items") == {"read": 2, "kept": 2}
    assert next(turns) >= 3


@pytest.mark.parametrize("stage", ["items", "stories"])
def test_graph_is_two_stages_and_one_holds_all_from_source_to_tail(rig: Rig, stage: str) -> None:
    pipeline = beam.Pipeline(options=PipelineOptions([DEFAULT_RUNNER]))
    if stage == "items":
        build_items(pipeline, rig.items_options())
    else:
        build_stories(pipeline, rig.stories_options())
    proto = pipeline.to_runner_api(default_environment=EmbeddedPythonEnvironment.default())
    _, stages = FnApiRunner().create_stages(proto)
    assert len(stages) == 2
    fused = [{transform.unique_name for transform in each.transforms} for each in stages]
    [main] = [each for each in fused if any("ReadPages" in name and "Process" in name for name in each)]
    commit = "AppendItems/Commit" if stage == "items" else "CommitStories/Commit"
    assert any(commit in name for name in main)
    assert any(name.startswith("End/") for name in main)


def test_process_counters_count_what_was_committed(rig: Rig) -> None:
    labels = {"stage": "items", "outcome": "kept", "reason": ""}
    before = REGISTRY.get_sample_value("wirewatch_records_settled_total", labels) or 0.0
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    rig.run()
    assert REGISTRY.get_sample_value("wirewatch_records_settled_total", labels) == before + 1


def test_entries_trimmed_unread_are_an_outcome_of_their_own(rig: Rig) -> None:
    rig.append(*[entry("cnn", number, f"Headline {number}", link="", entry_id="same") for number in range(6)])
    [stream] = [stream for stream in names.entries_streams() if rig.client.exists(stream)]
    rig.client.xtrim(stream, maxlen=2, approximate=False)
    rig.run()
    items = rig.outcomes("items")
    assert items["lost"] == 4
    assert items["read"] == 2


def test_closed_stories_that_alerted_nobody_are_let_go_and_others_stay(rig: Rig) -> None:
    rig.append(
        entry("nour", 1, TITLE, TEXT.format("Nour News")),
        *[entry("cnn", number, title) for number, title in enumerate(OTHERS, 2)],
    )
    options = replace(rig.stories_options(), limits=JoinLimits(max_stories=2))
    items = rig.items_options()
    run_once(lambda pipeline: build_items(pipeline, items), ())
    run_once(lambda pipeline: build_stories(pipeline, options), ())
    assert rig.client.zcard(names.STORIES) == 2
    client: Any = rig.client  # its answers are typed for every way of decoding
    ids = [key.decode().partition(":")[2] for key in client.keys("story:*")]
    assert len(ids) > 3
    soon = {story_id for story_id in ids if rig.client.ttl(names.story(story_id)) <= 300}
    assert soon == {story_id for story_id in ids if rig.client.ttl(names.reports(story_id)) <= 300}
    [alert] = rig.outbox()
    active = {raw.decode() for raw in client.zrange(names.STORIES, 0, -1)}
    assert soon == set(ids) - active - {alert.story_id}
    assert alert.story_id not in active


def test_reader_of_items_trims_the_outbox_below_the_cursor_of_deliver(rig: Rig) -> None:
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    rig.run()
    client: Any = rig.client
    [(record_id, _)] = client.xrange(names.OUTBOX)
    rig.source = {"trimmed": (names.OUTBOX,)}
    rig.run()
    assert rig.client.xlen(names.OUTBOX) == 1
    rig.client.set(names.cursor(names.OUTBOX), str(Cursor(record_id.decode(), 1, 1)))
    rig.run()
    assert rig.client.xlen(names.OUTBOX) == 0


def test_unreadable_state_is_left_out_and_the_items_go_on(rig: Rig) -> None:
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    rig.run()
    client: Any = rig.client
    for pattern in ("story:*", "alert:*", "place:*"):
        for key in client.keys(pattern):
            client.set(key, b'{"version": "of another time"}')
    for key in client.keys("reports:*"):
        client.rpush(key, b"no report")
    forget_process_state()
    rig.append(entry("tass", 2, "Patrushev arrives in Iran for security talks", TEXT.format("the Russian agency")))
    rig.run()
    rig.assert_nothing_vanished(2)


def test_dead_item_comes_back_and_the_sums_agree(rig: Rig) -> None:
    rig.append(entry("nour", 1, TITLE, TEXT.format("Nour News")))
    items = rig.items_options()
    run_once(lambda pipeline: build_items(pipeline, items), ())
    client: Any = rig.client
    [(_, fields)] = client.xrange(names.ITEMS)
    client.xadd(names.ITEMS, {names.FIELD: b"no item"})
    rig.run()
    [(dead_id, dead)] = client.xrange(names.DEAD)
    letter = replace(decode(DeadLetter, dead[names.FIELD]), payload=fields[names.FIELD].decode())
    client.xdel(names.DEAD, dead_id)
    client.xadd(names.DEAD, {names.FIELD: encode(letter)})

    async def retry() -> int:
        opened = connect_async(rig.url)
        try:
            return await retry_dead(opened)
        finally:
            await opened.aclose()

    assert asyncio.run(retry()) == 1
    rig.run()
    stories = rig.outcomes("stories")
    assert stories["retried"] == 1
    # The record that was added by hand, and the one that came back.
    assert stories["read"] == rig.outcomes("items")["kept"] + 1 + stories["retried"]
