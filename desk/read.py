"""Reads stories and alerts from Redis for the page and the API. Writes nothing, decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

import redis.asyncio

from connectors.codec import UnreadableRecordError, decode
from connectors.log import names
from connectors.records import Alert, AlertState
from pipelines.model import Story, StoryReport

T = TypeVar("T")
_CHUNK = 100
# A filter that nothing matches must not walk the whole store.
_WALK_LIMIT = 5000
_REPORT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class StoryPage:
    """Stories, newest report first. ``next`` continues the list; "" at its end."""

    stories: tuple[Story, ...]
    next: str


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Alerts in their last revision, newest first. ``next`` continues the list; "" at its end."""

    alerts: tuple[Alert, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Step:
    """One revision of an alert as its history shows it."""

    revision: int
    state: AlertState
    flags: tuple[str, ...]
    line: str
    raised_at: datetime
    interests: tuple[str, ...] = ()
    independent: int = 0


@dataclass(frozen=True, slots=True)
class StoryDetail:
    """A story with its reports, oldest first, and the alerts raised on it."""

    story: Story
    reports: tuple[StoryReport, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """An alert in its last revision, with its revisions, oldest first."""

    alert: Alert
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; empty fields narrow nothing."""

    rules: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()

    def takes(self, rules: Sequence[str], countries: Sequence[str]) -> bool:
        """Say whether something with these rules and countries belongs to the list."""
        return (not self.rules or not self.rules.isdisjoint(rules)) and (
            not self.countries or not self.countries.isdisjoint(countries)
        )


EVERYTHING = Wanted()


class Reader:
    """Questions to the store. Errors: redis.RedisError where it does not answer."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.client = client

    async def stories(self, limit: int, before: str = "", wanted: Wanted = EVERYTHING) -> StoryPage:
        """List stories by their last report, newest first, starting after ``before``."""
        found, following = await self._list(
            names.STORIES, self.stories_by_id, lambda one: wanted.takes(one.rules, one.countries), limit, before
        )
        return StoryPage(tuple(found), following)

    async def alerts(self, limit: int, before: str = "", wanted: Wanted = EVERYTHING) -> AlertPage:
        """List alerts by their last revision, newest first, starting after ``before``."""
        found, following = await self._list(
            names.ALERTS, self.alerts_by_id, lambda one: wanted.takes((one.rule,), one.countries), limit, before
        )
        return AlertPage(tuple(found), following)

    async def story(self, story_id: str) -> StoryDetail | None:
        """Everything about one story; None where there is none (any more)."""
        (story,) = await self.stories_by_id([story_id])
        if story is None:
            return None
        (reports,) = await self.reports([story_id], _REPORT_LIMIT)
        alerts = await self.alerts_by_id(story.alerts)
        return StoryDetail(story, reports, tuple(alert for alert in alerts if alert is not None))

    async def alert(self, alert_id: str) -> AlertDetail | None:
        """Everything about one alert; None where there is none (any more)."""
        (alert,) = await self.alerts_by_id([alert_id])
        if alert is None:
            return None
        (steps,) = await self.steps([alert])
        return AlertDetail(alert, steps)

    async def stories_by_id(self, story_ids: Sequence[str]) -> list[Story | None]:
        """Read stories in the order asked; None for those that expired."""
        return await self._records(Story, [names.story(story_id) for story_id in story_ids])

    async def alerts_by_id(self, alert_ids: Sequence[str]) -> list[Alert | None]:
        """Read alerts in the order asked; None for those that expired."""
        return await self._records(Alert, [names.alert(alert_id) for alert_id in alert_ids])

    async def reports(self, story_ids: Sequence[str], limit: int) -> list[tuple[StoryReport, ...]]:
        """Read the first reports of each story, oldest first."""
        lists = await self._lists([names.reports(story_id) for story_id in story_ids], limit)
        return [decoded(StoryReport, raws) for raws in lists]

    async def steps(self, alerts: Sequence[Alert]) -> list[tuple[Step, ...]]:
        """Read each alert's history; the last revision alone where no history is kept."""
        lists = await self._lists([names.history(alert.alert_id) for alert in alerts], _REPORT_LIMIT)
        return [decoded(Step, raws) or (_step(alert),) for alert, raws in zip(alerts, lists, strict=True)]

    async def _list(
        self,
        key: str,
        read: Callable[[Sequence[str]], Awaitable[list[T | None]]],
        takes: Callable[[T], bool],
        limit: int,
        before: str,
    ) -> tuple[list[T], str]:
        found: list[T] = []
        walked = 0
        async for chunk in self._walk(key, before, min(_CHUNK, limit + 1)):
            records = await read([member for member, _ in chunk])
            for (member, score), record in zip(chunk, records, strict=True):
                walked += 1
                if record is not None and takes(record):
                    found.append(record)
                if len(found) >= limit or walked >= _WALK_LIMIT:
                    return found, f"{score!r}|{member}"
        return found, ""

    async def _walk(self, key: str, before: str, size: int) -> AsyncIterator[list[tuple[str, float]]]:
        """Walk a sorted set downwards from a place in it, ties in one fixed order."""
        top, _, last_member = before.partition("|")
        offset = 0
        while True:
            answer = await self.client.zrange(
                key, cast(Any, top or "+inf"), cast(Any, "-inf"), byscore=True, desc=True,
                offset=offset, num=size, withscores=True,
            )  # fmt: skip
            pairs = [(raw.decode(), float(score)) for raw, score in cast("list[Any]", answer)]
            offset += len(pairs)
            fresh = [pair for pair in pairs if not top or pair[1] != float(top) or pair[0] < last_member]
            if fresh:
                yield fresh
            if len(pairs) < size:
                return

    async def _records(self, kind: type[T], keys: Sequence[str]) -> list[T | None]:
        if not keys:
            return []
        raws = cast("list[bytes | None]", await self.client.mget(keys))
        found = [decoded(kind, [raw]) if raw is not None else () for raw in raws]
        return [records[0] if records else None for records in found]

    async def _lists(self, keys: Sequence[str], limit: int) -> list[list[bytes]]:
        if not keys:
            return []
        pipeline: Any = self.client.pipeline(transaction=False)  # half typed in redis-py
        for key in keys:
            pipeline.lrange(key, 0, limit - 1)
        return cast("list[list[bytes]]", await pipeline.execute())


def parse_place(before: str) -> str:
    """Check a ``next`` value that came back from outside. Errors: ValueError."""
    if before:
        score, bar, member = before.partition("|")
        if not (bar and member) or not abs(float(score)) < 1e15:
            raise ValueError(f"expected the next value of an earlier answer, got {before[:80]!r}")
    return before


def decoded(kind: type[T], raws: Sequence[bytes]) -> tuple[T, ...]:
    """Decode records; what another version wrote and this one cannot read is left out of the view."""
    found = []
    for raw in raws:
        try:
            found.append(decode(kind, raw))
        except UnreadableRecordError:
            continue
    return tuple(found)


def _step(alert: Alert) -> Step:
    return Step(
        alert.revision, alert.state, alert.flags, alert.line, alert.raised_at, alert.interests, alert.independent
    )
