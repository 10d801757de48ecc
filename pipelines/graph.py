"""The whole topology in reading order: two pipelines, the same on every runner.

After the source only ParDo and Map, so that one page travels one fused stage and its last step commits
all it did. The Flatten of one input is the tail that some runners need behind a step without output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import apache_beam as beam

from connectors.log import names
from pipelines.sources.labels import Labels
from pipelines.stories.limits import JoinLimits
from pipelines.transforms.append_items import AppendItems
from pipelines.transforms.commit_stories import CommitStories
from pipelines.transforms.detect_language import DetectLanguage
from pipelines.transforms.drop_repeats import DropRepeats
from pipelines.transforms.drop_seen import DropSeen
from pipelines.transforms.find_entities import FindEntities
from pipelines.transforms.join_stories import JoinStories
from pipelines.transforms.match_rules import RULE_BUDGET_SECONDS, MatchRules
from pipelines.transforms.normalize_entries import NormalizeEntries
from pipelines.transforms.page_coder import register_page_coder
from pipelines.transforms.raise_alerts import RaiseAlerts
from pipelines.transforms.read_pages import ReadPages, SourceOptions
from pipelines.transforms.weigh_sources import WeighSources


@dataclass(frozen=True, slots=True)
class ItemsOptions:
    """What the items pipeline is built from."""

    source: SourceOptions
    rule_files: tuple[str, ...]
    # Languages that detection chooses from, and those that are kept; () keeps all.
    languages: tuple[str, ...]
    only_languages: tuple[str, ...] = ()
    seen_memory: timedelta = timedelta(days=30)
    # Groups of streams; each group is one reader.
    groups: tuple[tuple[str, ...], ...] = (tuple(names.entries_streams()),)
    trace: bool = False
    # Store with rules that people saved; "" for the files' alone.
    saved_rules_url: str = ""
    # What one rule may cost an item before it runs in the slow lane.
    rule_budget_seconds: float = RULE_BUDGET_SECONDS
    # A desk's own lists of names.
    name_files: tuple[str, ...] = ()
    # Store with names that people saved; "" for the files' alone.
    saved_names_url: str = ""


@dataclass(frozen=True, slots=True)
class StoriesOptions:
    """What the stories pipeline is built from."""

    source: SourceOptions
    rule_files: tuple[str, ...]
    labels: Labels
    limits: JoinLimits = field(default_factory=JoinLimits)
    seen_memory: timedelta = timedelta(days=30)
    trace: bool = False
    saved_rules_url: str = ""


def build_items(p: Any, options: ItemsOptions) -> Any:
    """Entries to items: normalise, drop what was seen, language, entities, rules, append."""
    register_page_coder()
    url = options.source.redis_url
    return (
        p
        # Two or more groups would put a Reshuffle, and so a stage, before the source.
        | "Shards" >> beam.Create(list(options.groups), reshuffle=False)
        | "ReadPages" >> ReadPages(options.source)
        | "NormalizeEntries" >> NormalizeEntries()
        | "DropSeen" >> DropSeen(url)
        | "DetectLanguage" >> DetectLanguage(options.languages, options.only_languages)
        | "FindEntities" >> FindEntities(options.name_files, options.saved_names_url)
        | "MatchRules" >> MatchRules(options.rule_files, options.saved_rules_url, options.rule_budget_seconds)
        | "AppendItems" >> AppendItems(url, options.seen_memory, trace=options.trace)
        | "End" >> _End()
    )


def build_stories(p: Any, options: StoriesOptions) -> Any:
    """Items to stories and alerts: drop repeats, join, weigh sources, raise, commit."""
    register_page_coder()
    url = options.source.redis_url
    return (
        p
        | "Items" >> beam.Create([(names.ITEMS,)], reshuffle=False)
        | "ReadPages" >> ReadPages(options.source)
        | "DropRepeats" >> DropRepeats(url, options.labels)
        | "JoinStories" >> JoinStories(url, options.limits)
        | "WeighSources" >> WeighSources(url, options.labels)
        | "RaiseAlerts" >> RaiseAlerts(url, options.rule_files, options.saved_rules_url)
        | "CommitStories" >> CommitStories(url, options.limits, options.seen_memory, trace=options.trace)
        | "End" >> _End()
    )


class _End(beam.PTransform[Any, Any]):
    """The tail: a runner may spin on a fused stage that ends without it."""

    def expand(self, nothing: Any) -> Any:
        return (nothing,) | "Flatten" >> beam.Flatten()
