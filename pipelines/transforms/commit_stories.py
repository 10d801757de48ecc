"""CommitStories: the stories pipeline's commit. Places, stories, alerts, outbox and cursor, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta

import apache_beam as beam
from apache_beam.pvalue import PCollection

from connectors.codec import encode, encode_small
from connectors.log import names
from connectors.log.log import Command, shared_log
from pipelines import telemetry
from pipelines.memory import guid_value, place_value, words_value
from pipelines.model import AlertEvent, EventKind, ItemEvent, Place, Story, StoryReport, Trace
from pipelines.stories.limits import JoinLimits
from pipelines.transforms.append_items import outcome_name
from pipelines.transforms.pages import Arrival, ItemPage, Settled
from pipelines.transforms.story_state import shared_state

PIPELINE = "stories"
# Long enough for a page that shows the story to be read to its end.
_QUIET_SECONDS = 300


def effects_of(page: ItemPage, seen_memory: timedelta, *, trace: bool = False) -> list[Command]:
    """Everything that a page changes in the store. Pure."""
    expiry_seconds = int(seen_memory.total_seconds())
    commands: list[Command] = []
    outcomes: Counter[str] = Counter()
    touched: dict[str, Story] = {}
    for arrival in page.arrivals:
        outcomes[arrival.outcome] += 1
        assert arrival.story is not None
        touched[arrival.story_id] = arrival.story
        commands += _arrival_effects(arrival, expiry_seconds)
        commands += _alert_effects(arrival, expiry_seconds)
    for story in touched.values():
        commands.append(("SET", names.story(story.story_id), encode_small(story), "EX", expiry_seconds))
        commands.append(("EXPIRE", names.reports(story.story_id), expiry_seconds))
        # An alert forgotten before its story would be raised once more, with the key of its first revision.
        for key in story.alerts:
            commands.append(("EXPIRE", names.alert(key), expiry_seconds))
            commands.append(("EXPIRE", names.history(key), expiry_seconds))
        if story.story_id in page.active:
            commands.append(("ZADD", names.STORIES, story.last_at.timestamp(), story.story_id))
    if page.closed:
        commands.append(("ZREM", names.STORIES, *page.closed))
        commands += _quiet_effects(page, touched)
    # Where the list grows, or nothing else happens: a busy stream has no ticks.
    raised_at = [alert.raised_at for arrival in page.arrivals for alert in arrival.raised]
    if raised_at or not page.source.records:
        # In seconds: an instant before the first year cannot be told.
        forgotten_at = max(raised_at, default=page.source.clock).timestamp() - expiry_seconds
        commands.append(("ZREMRANGEBYSCORE", names.ALERTS, "-inf", forgotten_at))
    for settled in page.settled:
        outcomes[outcome_name(settled.outcome, settled.reason)] += 1
        if settled.dead is not None:
            commands.append(("XADD", names.DEAD, "*", names.FIELD, encode(settled.dead)))
    counted = names.outcomes(PIPELINE)
    if page.source.records:
        commands.append(("HINCRBY", counted, "read", len(page.source.records)))
    commands.extend(("HINCRBY", counted, name, count) for name, count in sorted(outcomes.items()))
    if trace:
        commands += [_trace(arrival) for arrival in page.arrivals]
        commands += [_trace(settled) for settled in page.settled]
    return commands


def _quiet_effects(page: ItemPage, touched: Mapping[str, Story]) -> list[Command]:
    """Let closed stories that alerted nobody go soon: nobody was told of them, and they are most of all."""
    loud = page.closed_with_alerts | {story_id for story_id, story in touched.items() if story.alerts}
    quiet = [story_id for story_id in page.closed if story_id not in loud]
    keys = [key for story_id in quiet for key in (names.story(story_id), names.reports(story_id))]
    return [("EXPIRE", key, _QUIET_SECONDS) for key in keys]


def _arrival_effects(arrival: Arrival, expiry_seconds: int) -> list[Command]:
    item, report, story = arrival.item, arrival.report, arrival.story
    assert report is not None
    assert story is not None
    rules = tuple(match.rule for match in item.matches)
    raised = tuple(alert.key for alert in arrival.raised)
    place = Place(arrival.story_id, arrival.outcome, arrival.copy_of, rules, raised)
    kept = StoryReport(report, item.lead, arrival.countries)
    event = ItemEvent(EventKind.ITEM, item, report, story, arrival.outcome, rules, item.fetched_at)
    commands: list[Command] = [
        ("RPUSH", names.reports(arrival.story_id), encode_small(kept)),
        ("SET", names.place(item.item_id), place_value(place), "EX", expiry_seconds),
        ("SET", names.guid(item.feed_id, item.entry_id), guid_value(item), "EX", expiry_seconds),
        ("XADD", names.EVENTS, "*", names.FIELD, encode(event)),
    ]
    # The first to carry the words keeps them, an edit of a copy too; NX never fails, it only does nothing.
    words = words_value(item, arrival.source_id)
    commands.append(("SET", names.words(item.fingerprint), words, "EX", expiry_seconds, "NX"))
    return commands


def _alert_effects(arrival: Arrival, expiry_seconds: int) -> list[Command]:
    commands: list[Command] = []
    for alert in arrival.raised:
        encoded = encode(alert)
        event = AlertEvent(EventKind.ALERT, alert, alert.raised_at)
        commands += [
            ("SET", names.alert(alert.alert_id), encoded, "EX", expiry_seconds),
            ("RPUSH", names.history(alert.alert_id), encoded),
            ("EXPIRE", names.history(alert.alert_id), expiry_seconds),
            ("ZADD", names.ALERTS, alert.raised_at.timestamp(), alert.alert_id),
            ("XADD", names.OUTBOX, "*", names.FIELD, encoded),
            ("XADD", names.EVENTS, "*", names.FIELD, encode(event)),
        ]
    return commands


def _trace(part: Arrival | Settled) -> Command:
    item = part.item
    arrival = part if isinstance(part, Arrival) else None
    traced = Trace(
        origin=item.origin if item else "",
        stage=PIPELINE,
        outcome=part.outcome,
        reason=part.reason if isinstance(part, Settled) else "",
        story_id=part.story_id,
        copy_of=arrival.copy_of if arrival else "",
        alerts=arrival.raised if arrival else (),
    )
    return ("XADD", names.TRACE, "*", names.FIELD, encode(traced))


class _CommitStoriesFn(beam.DoFn):
    def __init__(self, redis_url: str, limits: JoinLimits, seen_memory: timedelta, trace: bool) -> None:
        self._redis_url = redis_url
        self._limits = limits
        self._seen_memory = seen_memory
        self._trace = trace

    def process(self, page: ItemPage) -> Iterator[None]:
        commands = effects_of(page, self._seen_memory, trace=self._trace)
        source = page.source
        if shared_log(self._redis_url).commit(source.stream, source.after, source.cursor, commands):
            shared_state(self._redis_url, self._limits).cursor = source.cursor
            telemetry.items_settled(page)
        # A generator that yields nothing: the tail after it needs a PCollection, not elements.
        yield from ()


class CommitStories(beam.PTransform[PCollection[ItemPage], PCollection[None]]):
    """Commit a page: reports, stories, alerts and their events, outbox, outcomes, cursor.

    Shape:   PCollection[ItemPage] -> PCollection[None], always empty.
    Promise: exactly one effect per item and one outbox entry per alert revision: one transaction on
             condition of the cursor. What the index learned from a page that failed is thrown away.
    Errors:  StoreAwayError once Redis is away for longer than the log waits.
    """

    def __init__(self, redis_url: str, limits: JoinLimits, seen_memory: timedelta, *, trace: bool = False) -> None:
        super().__init__()
        self._fn = _CommitStoriesFn(redis_url, limits, seen_memory, trace)

    def expand(self, pages: PCollection[ItemPage]) -> PCollection[None]:
        """Add the commit."""
        return pages | "Commit" >> beam.ParDo(self._fn).with_output_types(type(None))
