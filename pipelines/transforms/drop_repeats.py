"""DropRepeats: decide for each item whether it is news, an edit, another sighting or a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import apache_beam as beam
from apache_beam.pvalue import PCollection

from connectors.codec import UnreadableRecordError, decode
from connectors.log import names
from connectors.log.log import shared_log
from connectors.log.pages import LogPage, Record
from pipelines.memory import guid_value, read_guid, read_place, read_words, words_value
from pipelines.model import DeadReason, Item, Outcome, Place
from pipelines.sources.labels import Labels
from pipelines.stories.repeats import Known, Repeat, repeat_of
from pipelines.transforms.known import known
from pipelines.transforms.pages import Arrival, ItemPage, Settled, buried

Mget = Callable[[Sequence[str]], list[bytes | None]]


def without_repeats(source: LogPage, labels: Labels, mget: Mget) -> ItemPage:
    """Read every item of a page and decide what it repeats, in order: the page itself is memory too."""
    read: list[tuple[Record, Item]] = []
    settled: list[Settled] = []
    for record in source.records:
        try:
            read.append((record, decode(Item, record.raw)))
        except UnreadableRecordError as error:
            settled.append(buried(source, record, "stories", DeadReason.UNREADABLE, str(error)))
    memory = _Memory([item for _, item in read], mget)
    arrivals: list[Arrival] = []
    for record, item in read:
        source_id = labels.source(item.feed_id).source_id
        repeat = repeat_of(item, source_id, memory.known(item))
        if repeat.outcome is Outcome.SEEN:
            settled.append(Settled(record, Outcome.SEEN, item=item, story_id=repeat.story_id))
            continue
        story_id = repeat.story_id or memory.story_of(repeat.copy_of)
        arrivals.append(Arrival(record, item, repeat.outcome, source_id, story_id, repeat.copy_of, repeat.is_edit))
        memory.learn(item, source_id, repeat)
    return ItemPage(source, tuple(arrivals), tuple(settled))


class _Memory:
    """What the store knows of a page's items, and what the page taught since."""

    def __init__(self, items: Sequence[Item], mget: Mget) -> None:
        keys = [key for item in items for key in (names.words(item.fingerprint), _guid_key(item))]
        self._values: dict[str, str] = {
            key: raw.decode() for key, raw in zip(keys, mget(keys), strict=True) if raw is not None
        }
        # Both kinds of values begin with an item.
        ids = {item.item_id for item in items} | {read_words(value)[0] for value in self._values.values()}
        ordered = sorted(ids)
        raws = mget([names.place(item_id) for item_id in ordered])
        self._places = known(Place, ordered, raws, read_place)

    def known(self, item: Item) -> Known:
        """What is known of one item now."""
        words_item_id, words_source = read_words(self._values.get(names.words(item.fingerprint), ""))
        guid_item_id, guid_marks = read_guid(self._values.get(_guid_key(item), ""))
        return Known(
            place=self._places.get(item.item_id),
            guid_item_id=guid_item_id,
            guid_place=self._places.get(guid_item_id),
            guid_marks=guid_marks,
            words_item_id=words_item_id,
            words_source=words_source,
            words_place=self._places.get(words_item_id),
        )

    def story_of(self, item_id: str) -> str:
        """Story in which an item was put."""
        place = self._places.get(item_id)
        return place.story_id if place else ""

    def learn(self, item: Item, source_id: str, repeat: Repeat) -> None:
        """Remember an item of this page for the ones after it.

        The story it will be joined to is not known yet: a repeat inside the page refers to the item.
        """
        self._values.setdefault(names.words(item.fingerprint), words_value(item, source_id))
        self._values[_guid_key(item)] = guid_value(item)
        story_id = repeat.story_id or pending(item.item_id)
        self._places[item.item_id] = Place(story_id, repeat.outcome, repeat.copy_of, ())


def pending(item_id: str) -> str:
    """Story id that stands for "wherever this item of the same page goes"."""
    return f"?{item_id}"


def _guid_key(item: Item) -> str:
    return names.guid(item.feed_id, item.entry_id)


class _DropRepeatsFn(beam.DoFn):
    def __init__(self, redis_url: str, labels: Labels) -> None:
        self._redis_url = redis_url
        self._labels = labels

    def process(self, source: LogPage) -> Iterator[ItemPage]:
        yield without_repeats(source, self._labels, shared_log(self._redis_url).mget)


class DropRepeats(beam.PTransform[PCollection[LogPage], PCollection[ItemPage]]):
    """Drop sightings across shards; mark copies and edits.

    Shape:   PCollection[LogPage] of items -> PCollection[ItemPage].
    Drops:   Outcome.SEEN: the same words from the same outlet. A copy from another outlet goes on.
    Promise: exact: this is the one ordered reader of all shards.
    """

    def __init__(self, redis_url: str, labels: Labels) -> None:
        super().__init__()
        self._redis_url = redis_url
        self._labels = labels

    def expand(self, pages: PCollection[LogPage]) -> PCollection[ItemPage]:
        """Add the step."""
        return pages | "Decide" >> beam.ParDo(_DropRepeatsFn(self._redis_url, self._labels)).with_output_types(ItemPage)
