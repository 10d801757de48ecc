"""The stories commit: what it keeps alive, what it lets go, and that pages may end anywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from connectors.log import names
from connectors.log.pages import Cursor, LogPage, Record
from connectors.records import Alert
from pipelines.graph import build_items, build_stories
from pipelines.memory import read_place
from pipelines.model import Match, Outcome
from pipelines.serve import run_once
from pipelines.sources.labels import Labels, Source
from pipelines.stories.alerts import RuleTerms
from pipelines.stories.tell import lead_countries
from pipelines.testing import START, Rig, entry, forget_process_state
from pipelines.text.normalize import normalize
from pipelines.transforms.commit_stories import effects_of
from pipelines.transforms.pages import Arrival, ItemPage
from pipelines.transforms.raise_alerts import with_alerts
from pipelines.transforms.weigh_sources import weighed

SOURCES = {
    "nour": Source("nour-news", "Nour News", "state:IR", "SC"),
    "cnn": Source("cnn", "CNN", "private:cnn", "private"),
    "blog": Source("blog", "A blog", "unknown:blog", ""),
}
MEMORY = timedelta(days=14)
TITLE = "Patrushev lands in Tehran for talks about security"


def page(feed: str, days: int = 0) -> ItemPage:
    """A page on which a feed tells the story so many days after the start."""
    at = START + timedelta(days=days)
    item = replace(normalize(entry(feed, 1, TITLE, fetched_at=at)), matches=(Match("visits", "v1", ()),))
    record = Record("1-0", b"")
    source = LogPage("items", Cursor(), Cursor("1-0", 1, 1), at, (record,))
    source_id, countries = SOURCES[feed].source_id, lead_countries(item)
    arrival = Arrival(record, item, Outcome.KEPT, source_id, "story", countries=countries)
    return ItemPage(source, (arrival,), ())


def raise_on(told: ItemPage, alerts: dict[str, Alert]) -> ItemPage:
    return with_alerts(told, alerts, RuleTerms, lambda story_id: ())


def test_alert_lives_as_long_as_its_story() -> None:
    labels = Labels(SOURCES)
    first = raise_on(weighed(page("nour"), labels, {}), {})
    story, [alert] = first.arrivals[0].story, first.arrivals[0].raised
    assert story is not None
    later = raise_on(weighed(page("blog", days=13), labels, {"story": story}), {alert.alert_id: alert})
    assert later.arrivals[0].raised == ()
    commands = effects_of(later, MEMORY)
    # Else the next report would raise revision 1 once more.
    seconds = int(MEMORY.total_seconds())
    assert ("EXPIRE", names.alert(alert.alert_id), seconds) in commands
    assert ("EXPIRE", names.history(alert.alert_id), seconds) in commands


def test_list_of_alerts_is_cut_where_it_grows() -> None:
    labels = Labels(SOURCES)
    commands = effects_of(raise_on(weighed(page("nour"), labels, {}), {}), MEMORY)
    assert ("ZREMRANGEBYSCORE", names.ALERTS, "-inf", (START - MEMORY).timestamp()) in commands


@pytest.mark.parametrize("is_one_page", [True, False], ids=["one page", "a page each"])
def test_words_of_an_edited_copy_are_known_wherever_pages_end(
    redis_url: str, client: redis.Redis, tmp_path: Path, is_one_page: bool
) -> None:
    rule_file = tmp_path / "rules.yaml"
    rule_file.write_text("rules:\n  - {name: visits, query: country:IR AND land*}\n")
    forget_process_state()
    rig = Rig(redis_url, client, rule_file, SOURCES)
    new_words = "UPDATE: Patrushev has landed in Tehran, says his office, for two days of talks"
    entries = [
        entry("nour", 1, TITLE),
        entry("cnn", 2, TITLE),
        entry("cnn", 3, new_words, link="https://cnn.example/2"),
        entry("blog", 4, new_words),
    ]
    for each in entries:
        # One after the other through items, whose shards keep no order among themselves.
        rig.append(each)
        run_once(lambda pipeline: build_items(pipeline, rig.items_options()), ())
        if not is_one_page:
            run_once(lambda pipeline: build_stories(pipeline, rig.stories_options()), ())
    run_once(lambda pipeline: build_stories(pipeline, rig.stories_options()), ())
    raws: Any = client.keys("place:*")
    places = [client.get(raw) for raw in raws]
    forget_process_state()
    copies = [raw for raw in places if isinstance(raw, bytes) and read_place(raw).copy_of]
    assert len(copies) == 2


def test_story_whose_reports_expired_while_all_was_off_leaves_the_list(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    rule_file = tmp_path / "rules.yaml"
    rule_file.write_text("rules:\n  - {name: visits, query: country:IR AND land*}\n")
    forget_process_state()
    client.zadd(names.STORIES, {"expired": (START - MEMORY).timestamp()})
    rig = Rig(redis_url, client, rule_file, SOURCES)
    rig.append(entry("nour", 1, TITLE))
    rig.run()
    forget_process_state()
    assert client.zscore(names.STORIES, "expired") is None
    assert client.zcard(names.STORIES) == 1
