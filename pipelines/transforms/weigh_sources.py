"""WeighSources: tell each story on, and place it on the ladder of who says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from connectors.log import names
from connectors.log.log import shared_log
from pipelines.model import Story
from pipelines.sources.labels import Labels
from pipelines.stories.tell import opened, report_of, told_on
from pipelines.transforms.known import known
from pipelines.transforms.pages import Arrival, ItemPage


def weighed(page: ItemPage, labels: Labels, stories: dict[str, Story]) -> ItemPage:
    """Fold every arrival into its story, in order; ``stories`` are the ones known before the page."""
    stories = dict(stories)
    arrivals: list[Arrival] = []
    for arrival in page.arrivals:
        item, source = arrival.item, labels.source(arrival.item.feed_id)
        report = report_of(item, source, copy_of=arrival.copy_of, is_edit=arrival.is_edit)
        rules = tuple(match.rule for match in item.matches)
        before = stories.get(arrival.story_id)
        story = (
            told_on(before, report, arrival.countries, rules)
            if before is not None
            else replace(opened(arrival.story_id, report, arrival.countries), rules=rules)
        )
        stories[story.story_id] = story
        arrivals.append(replace(arrival, report=report, story=story))
    with_alerts = frozenset(story_id for story_id in page.closed if story_id in stories and stories[story_id].alerts)
    return replace(page, arrivals=tuple(arrivals), closed_with_alerts=with_alerts)


class _WeighSourcesFn(beam.DoFn):
    def __init__(self, redis_url: str, labels: Labels) -> None:
        self._redis_url = redis_url
        self._labels = labels

    def process(self, page: ItemPage) -> Iterator[ItemPage]:
        ids = list(dict.fromkeys([*(arrival.story_id for arrival in page.arrivals), *page.closed]))
        raws = shared_log(self._redis_url).mget([names.story(story_id) for story_id in ids])
        stories = known(Story, ids, raws)
        yield weighed(page, self._labels, stories)


class WeighSources(beam.PTransform[PCollection[ItemPage], PCollection[ItemPage]]):
    """Say whose voice each report is and where its story stands.

    Shape:   PCollection[ItemPage] -> PCollection[ItemPage]; sets report and story.
    Promise: interests are counted once each, copies never; unlabelled sources count nowhere.
    """

    def __init__(self, redis_url: str, labels: Labels) -> None:
        super().__init__()
        self._redis_url = redis_url
        self._labels = labels

    def expand(self, pages: PCollection[ItemPage]) -> PCollection[ItemPage]:
        """Add the step."""
        return pages | "Weigh" >> beam.ParDo(_WeighSourcesFn(self._redis_url, self._labels)).with_output_types(ItemPage)
