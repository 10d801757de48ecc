"""A rig for tests and benchmarks: both pipelines on a real store, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import redis

from connectors.codec import decode, encode
from connectors.keys import dedup_key, shard_of
from connectors.log import names
from connectors.log.log import forget_shared_logs
from connectors.records import Alert, Entry
from pipelines.graph import ItemsOptions, StoriesOptions, build_items, build_stories
from pipelines.serve import run_once
from pipelines.sources.labels import Labels, Source
from pipelines.transforms import stopping
from pipelines.transforms.namebook import shared_namebook
from pipelines.transforms.read_pages import SourceOptions
from pipelines.transforms.story_state import shared_state

START = datetime(2022, 11, 8, 9, 0, tzinfo=UTC)


def entry(feed: str, number: int, title: str, text: str = "", **changes: Any) -> Entry:
    """An entry of a feed, fetched ``number`` seconds after the start."""
    at = START + timedelta(seconds=number)
    made = Entry(
        feed_id=feed,
        entry_id=f"{feed}-{number}",
        link=f"https://{feed}.example/{number}",
        title=title,
        summary=text,
        content="",
        fetched_at=at,
        published_at=at,
        language="en",
    )
    return replace(made, **changes)


@dataclass
class Rig:
    """Both pipelines over one store, run in this process until their streams are empty."""

    url: str
    client: redis.Redis
    rule_file: Path
    sources: Mapping[str, Source] = field(default_factory=dict)
    beam_arguments: Sequence[str] = ()
    source: dict[str, Any] = field(default_factory=dict)

    def append(self, *entries: Entry) -> None:
        """Append entries as the poller does."""
        for each in entries:
            shard = shard_of(dedup_key(each.feed_id, each.entry_id, each.link))
            self.client.xadd(names.entries_stream(shard), {names.FIELD: encode(each)})

    def items_options(self, **source: Any) -> ItemsOptions:
        """Options of the items pipeline."""
        chosen = {"until_idle": True, "block_ms": 1} | self.source | source
        return ItemsOptions(
            SourceOptions(self.url, "items", **chosen),
            (str(self.rule_file),),
            ("en", "ru", "fa"),
            saved_rules_url=self.url,
            saved_names_url=self.url,
        )

    def stories_options(self, **source: Any) -> StoriesOptions:
        """Options of the stories pipeline."""
        chosen = {"until_idle": True, "block_ms": 1} | self.source | source
        return StoriesOptions(
            SourceOptions(self.url, "stories", **chosen),
            (str(self.rule_file),),
            Labels(self.sources),
            saved_rules_url=self.url,
        )

    def run(self) -> None:
        """Run both pipelines until their streams are empty."""
        items, stories = self.items_options(), self.stories_options()
        run_once(lambda pipeline: build_items(pipeline, items), self.beam_arguments)
        run_once(lambda pipeline: build_stories(pipeline, stories), self.beam_arguments)

    def outcomes(self, pipeline: str) -> dict[str, int]:
        """Exact outcomes of a pipeline."""
        raw = cast("dict[bytes, bytes]", self.client.hgetall(names.outcomes(pipeline)))
        return {name.decode(): int(count) for name, count in raw.items()}

    def outbox(self) -> list[Alert]:
        """Every alert revision that left the stories pipeline, in order."""
        records = cast("list[Any]", self.client.xrange(names.OUTBOX))
        return [decode(Alert, fields[names.FIELD]) for _, fields in records]

    def assert_nothing_vanished(self, appended: int) -> None:
        """Every entry read has one outcome, and stories read what items let through."""
        items, stories = self.outcomes("items"), self.outcomes("stories")
        assert items.pop("read") == appended == sum(items.values())
        passed = items.get("kept", 0) + items.get("updated", 0) + stories.pop("retried", 0)
        assert stories.pop("read") == passed == sum(stories.values())


def forget_process_state() -> None:
    """Forget what this process learned of an earlier test's store."""
    shared_state.cache_clear()
    shared_namebook.cache_clear()
    forget_shared_logs()
    stopping.forget_stop()
