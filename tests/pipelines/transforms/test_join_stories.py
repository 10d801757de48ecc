"""Joining: only the entries' own clock decides, wherever a page begins and ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.log.pages import Cursor, LogPage, Record
from pipelines.model import Item, Outcome
from pipelines.stories.index import StoryIndex
from pipelines.stories.limits import JoinLimits
from pipelines.testing import entry
from pipelines.text.normalize import normalize
from pipelines.transforms.join_stories import joined
from pipelines.transforms.pages import Arrival, ItemPage, Settled

TODAY = datetime(2026, 1, 1, tzinfo=UTC)
RECORD = Record("1-0", b"")
VISIT = "Patrushev arrives in Tehran for security talks with Shamkhani"


def item(number: int, title: str, **later: int) -> Item:
    made = entry("nour", number, title)
    return normalize(entry("nour", number, title, fetched_at=made.fetched_at + timedelta(**later)))


def page(*arrivals: Item, settled: tuple[Settled, ...] = (), records: bool = True) -> ItemPage:
    source = LogPage("items", Cursor(), Cursor("1-0", 1, 1), TODAY, (RECORD,) if records else ())
    return ItemPage(source, tuple(Arrival(RECORD, each, Outcome.KEPT, each.feed_id) for each in arrivals), settled)


def stories_of(index: StoryIndex, *pages: ItemPage) -> list[str]:
    return [arrival.story_id for each in pages for arrival in joined(each, index).arrivals]


def test_page_of_sightings_closes_nothing() -> None:
    index = StoryIndex(JoinLimits())
    [story_id] = stories_of(index, page(item(1, VISIT)))
    sighting = Settled(RECORD, Outcome.SEEN, item=item(2, VISIT), story_id=story_id)
    assert joined(page(settled=(sighting,)), index).closed == ()
    assert stories_of(index, page(item(3, VISIT + " again"))) == [story_id]


def test_tick_closes_what_was_silent_for_too_long() -> None:
    index = StoryIndex(JoinLimits())
    [story_id] = stories_of(index, page(item(1, VISIT)))
    assert joined(page(records=False), index).closed == (story_id,)


def test_late_items_join_the_same_stories_wherever_pages_end() -> None:
    items = [
        item(1, "Volcano erupts in Iceland, thousands leave their homes", days=5),
        item(2, VISIT),
        item(3, VISIT + " again"),
        item(4, "Parliament of Peru votes on the budget of next year", days=5),
    ]
    together = stories_of(StoryIndex(JoinLimits()), page(*items))
    assert together == stories_of(StoryIndex(JoinLimits()), *(page(each) for each in items))
    assert together[1] == together[2]
