"""The settings file as a whole: what each part declares, under its own heading."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from connectors.feeds.settings import FeedsSettings
from connectors.log.connect import check_url
from connectors.settings import read, setting, span_text
from connectors.sinks.settings import DeliverSettings
from pipelines.desk_settings import DeskSettings
from pipelines.ner.settings import NerSettings
from pipelines.stories.limits import JoinLimits

T = TypeVar("T")
# Languages with enough news about the world; every one more makes short texts less certain.
_LANGUAGES = tuple("en ru uk fa ar fr de es tr zh he pl pt it ja ko hi bg cs".split())


@dataclass(frozen=True, slots=True)
class ItemsSettings:
    """Settings under ``items``."""

    languages: tuple[str, ...] = setting(_LANGUAGES, help="Languages that detection chooses from, as two-letter codes.")
    only_languages: tuple[str, ...] = setting(
        (), help="Languages that are kept; entries in others are dropped (reason language). None keeps all."
    )
    page_entries: int = setting(500, minimum=1, maximum=5000, help="Entries that one page takes of each shard.")
    retained_items: int = setting(
        10_000, minimum=0, help="Items kept in the stream after they were read, for back-tests and late consumers."
    )
    rule_budget_microseconds: int = setting(
        50, minimum=1, help="What one rule may cost an item on average before it runs in the slow lane."
    )
    epoch: timedelta = setting(
        timedelta(minutes=10), minimum=timedelta(seconds=1), help="Length of one run of a pipeline."
    )


@dataclass(frozen=True, slots=True)
class StoriesSettings:
    """Settings under ``stories``."""

    join_threshold: float = setting(
        JoinLimits().threshold, minimum=0.0, maximum=1.0, help="Cosine above which an item joins a story."
    )
    names_threshold: float = setting(
        JoinLimits().names_threshold,
        minimum=0.0,
        maximum=100.0,
        help="Weight of shared names above which an item joins a story told in other languages.",
    )
    memory: timedelta = setting(
        JoinLimits().memory, minimum=timedelta(minutes=1), help="Silence after which a story is closed."
    )
    max_stories: int = setting(
        JoinLimits().max_stories, minimum=1, help="Stories open at a time; the longest silent are closed first."
    )
    page_items: int = setting(200, minimum=1, maximum=5000, help="Items that one page takes.")
    retained_events: int = setting(
        10_000, minimum=100, help="Events kept for streams that resume and for pages that are opened late."
    )
    tick: timedelta = setting(
        timedelta(seconds=5),
        minimum=timedelta(milliseconds=100),
        help="Silence after which a tick carries the clock on.",
    )

    def limits(self) -> JoinLimits:
        """When an item joins a story."""
        return JoinLimits(self.join_threshold, self.names_threshold, self.memory, self.max_stories)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run needs to know."""

    data_dir: str = setting(
        "wirewatch-data", help="Folder of the embedded store, metrics and logs; relative to where the command runs."
    )
    redis: str = setting(
        "",
        secret=True,
        help="URL of a Redis 7+ or Valkey 8+ (redis, rediss, unix, redis+sentinel); none starts an embedded one.",
    )
    redis_patience: timedelta = setting(
        timedelta(minutes=2), minimum=timedelta(seconds=1), help="How long processes wait for a store that is away."
    )
    rules: tuple[str, ...] = setting((), help="Rule files or folders; relative to the settings file.")
    names: tuple[str, ...] = setting(
        (),
        help="Files or folders with the desk's own persons, organisations and places; relative to the settings file.",
    )
    use_default_rules: bool = setting(
        True, help="Match the rules that come with wirewatch; only where rules names no files."
    )
    seen_memory: timedelta = setting(
        timedelta(days=14),
        minimum=timedelta(hours=1),
        help="How long entries, stories and alerts are remembered; about 2 to 3 KB of the store for each entry.",
    )
    feeds: FeedsSettings = field(default_factory=FeedsSettings)
    items: ItemsSettings = field(default_factory=ItemsSettings)
    stories: StoriesSettings = field(default_factory=StoriesSettings)
    deliver: DeliverSettings = field(default_factory=DeliverSettings)
    desk: DeskSettings = field(default_factory=DeskSettings)
    ner: NerSettings = field(default_factory=NerSettings)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Name each mistake that no single field shows."""
        if self.redis and (problem := check_url(self.redis)):
            yield "redis", problem
        if self.seen_memory < self.stories.memory:
            # A story that is found but forgotten would raise its alerts anew, under the keys of the first ones.
            yield "seen_memory", f"expected at least stories.memory, {span_text(self.stories.memory)}"
        if self.ner.is_on and self.ner.behind_items > self.items.retained_items:
            # What the stories pipeline has read is trimmed down to those, read by the lane or not.
            yield "ner", f"expected behind_items of at most items.retained_items, {self.items.retained_items}"


def load_settings(path: str | None) -> Settings:
    """Read a settings file, its relative paths taken from where it stands; the defaults without one.

    Errors: SettingsError with every fault.
    """
    if path is None:
        return Settings()
    settings = read(Settings, path)
    base = Path(path).resolve().parent
    return replace(
        settings,
        rules=_absolute(base, settings.rules),
        names=_absolute(base, settings.names),
        feeds=replace(settings.feeds, files=_absolute(base, settings.feeds.files)),
        deliver=replace(settings.deliver, sinks=tuple(_with_paths(base, sink) for sink in settings.deliver.sinks)),
        desk=_with_paths(base, settings.desk),
        ner=replace(settings.ner, models=_model_paths(base, settings.ner.models)),
    )


def _absolute(base: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(os.path.normpath(base / name) for name in names)


def _model_paths(base: Path, models: dict[str, str]) -> dict[str, str]:
    """Models with their folders made absolute; a name without a separator is a package's."""
    return {
        language: os.path.normpath(base / model) if os.sep in model else model for language, model in models.items()
    }


def _with_paths(base: Path, part: T) -> T:
    """Settings with their file fields made absolute."""
    changes = {
        each.name: os.path.normpath(base / value)
        for each in fields(part)  # type: ignore[arg-type]  # a dataclass by construction
        if (each.name.endswith("_file") or each.name == "path") and (value := getattr(part, each.name)) not in ("", "-")
    }
    return replace(part, **changes) if changes else part  # type: ignore[type-var]  # as above


def rule_files(settings: Settings) -> tuple[str, ...]:
    """Rule files of a run: the desk's own, else the ones that come with wirewatch."""
    if settings.rules or not settings.use_default_rules:
        return settings.rules
    from pipelines.rules.load import default_rules_path

    return (str(default_rules_path()),)
