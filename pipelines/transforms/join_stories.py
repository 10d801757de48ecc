"""JoinStories: put every arrival into the story it belongs to, or open one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import apache_beam as beam
from apache_beam.pvalue import PCollection

from connectors.log.log import shared_log
from pipelines.stories.index import StoryIndex, words_of
from pipelines.stories.limits import JoinLimits
from pipelines.stories.tell import lead_countries
from pipelines.transforms.drop_repeats import pending
from pipelines.transforms.pages import Arrival, ItemPage
from pipelines.transforms.story_state import shared_state


def joined(page: ItemPage, index: StoryIndex) -> ItemPage:
    """Give every arrival its story, in order; the index learns from each."""
    arrivals: list[Arrival] = []
    closed: list[str] = []
    resolved: dict[str, str] = {}
    # The page's own clock only where it holds nothing; each entry's own where it does, late ones too: so
    # where a page ends decides nothing, and neither does the day of a replay.
    now: datetime | None = None if page.source.records else page.source.clock
    for arrival in page.arrivals:
        item = arrival.item
        now = item.fetched_at
        closed += index.close_silent(now)
        countries = lead_countries(item)
        words = words_of(item.title, item.lead, item.language, countries)
        story_id = resolved.get(arrival.story_id, arrival.story_id) or index.find(words) or item.item_id
        resolved[pending(item.item_id)] = story_id
        # A copy or an edit goes to its story even after that was closed; it opens it for nobody else.
        if story_id in index or not arrival.story_id:
            index.add(story_id, words, item.fetched_at)
        arrivals.append(replace(arrival, story_id=story_id, countries=countries))
    if now is not None:
        closed += index.close_silent(now)
    settled = tuple(replace(each, story_id=resolved.get(each.story_id, each.story_id)) for each in page.settled)
    active = frozenset(arrival.story_id for arrival in arrivals if arrival.story_id in index)
    return replace(page, arrivals=tuple(arrivals), settled=settled, active=active, closed=tuple(closed))


class _JoinStoriesFn(beam.DoFn):
    def __init__(self, redis_url: str, limits: JoinLimits) -> None:
        self._redis_url = redis_url
        self._limits = limits

    def process(self, page: ItemPage) -> Iterator[ItemPage]:
        log, source = shared_log(self._redis_url), page.source
        state = shared_state(self._redis_url, self._limits)
        if state.begin(log, source.stream, source.after):
            yield joined(page, state.index)
        else:
            log.refuse(source.stream)


class JoinStories(beam.PTransform[PCollection[ItemPage], PCollection[ItemPage]]):
    """Group items about one happening, at arrival.

    Shape:   PCollection[ItemPage] -> PCollection[ItemPage]; sets story_id and countries.
    Time:    fetched_at of the items; ticks close silent stories.
    Promise: story_id is the id of the first item, stable under replay; a stale page goes no further.
    Source:  single-pass clustering; docs/decisions/0004-story-join.md.
    """

    def __init__(self, redis_url: str, limits: JoinLimits) -> None:
        super().__init__()
        self._redis_url = redis_url
        self._limits = limits

    def expand(self, pages: PCollection[ItemPage]) -> PCollection[ItemPage]:
        """Add the step."""
        return pages | "Join" >> beam.ParDo(_JoinStoriesFn(self._redis_url, self._limits)).with_output_types(ItemPage)
