"""Serves one of the two pipelines: epoch after epoch, until asked to stop."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import apache_beam as beam
import structlog
from apache_beam.options.pipeline_options import PipelineOptions

from connectors.errors import Fault, SettingsError
from connectors.feeds.catalogue import load_feeds
from connectors.feeds.feed import Feed
from connectors.log import names
from connectors.log.log import StoreAwayError, shared_log
from connectors.telemetry import FileKind, files_refused
from pipelines import telemetry
from pipelines.graph import ItemsOptions, StoriesOptions, build_items, build_stories
from pipelines.settings import Settings, rule_files
from pipelines.sources.labels import Labels
from pipelines.transforms import stopping
from pipelines.transforms.read_pages import SourceOptions
from pipelines.transforms.rulebook import shared_rulebook

_logger = structlog.get_logger()
# Never bare DirectRunner: it looks for other runners first, and one of them is downloaded.
DEFAULT_RUNNER = "--runner=FnApiRunner"
# Objects made before the collector looks at the youngest: about what one page makes.
_COLLECT_AFTER = 20_000


def items_options(settings: Settings, redis_url: str, **source: Any) -> ItemsOptions:
    """Options of the items pipeline as the settings have them."""
    options: dict[str, Any] = {
        "page_records": settings.items.page_entries,
        "turn_seconds": settings.items.epoch.total_seconds(),
        "patience_seconds": settings.redis_patience.total_seconds(),
    }
    return ItemsOptions(
        SourceOptions(redis_url, "items", **(options | source)),
        rule_files(settings),
        settings.items.languages,
        settings.items.only_languages,
        settings.seen_memory,
        saved_rules_url=redis_url,
        rule_budget_seconds=settings.items.rule_budget_microseconds / 1e6,
        name_files=settings.names,
        saved_names_url=redis_url,
    )


def stories_options(settings: Settings, redis_url: str, feeds: Sequence[Feed], **source: Any) -> StoriesOptions:
    """Options of the stories pipeline as the settings have them."""
    options: dict[str, Any] = {
        "page_records": settings.stories.page_items,
        "turn_seconds": settings.items.epoch.total_seconds(),
        "tick_seconds": settings.stories.tick.total_seconds(),
        "keep_records": settings.items.retained_items,
        "capped": ((names.EVENTS, settings.stories.retained_events),),
        "trimmed": (names.OUTBOX,),
        "patience_seconds": settings.redis_patience.total_seconds(),
    }
    return StoriesOptions(
        SourceOptions(redis_url, "stories", **(options | source)),
        rule_files(settings),
        Labels.of_feeds(feeds),
        settings.stories.limits(),
        settings.seen_memory,
        saved_rules_url=redis_url,
    )


def run_once(build: Callable[[Any], Any], beam_arguments: Sequence[str]) -> None:
    """Run one epoch of a graph to its end. Errors: SettingsError for options of no runner; whatever ended it."""
    arguments = list(beam_arguments)
    if not any(argument.startswith("--runner") for argument in arguments):
        arguments.insert(0, DEFAULT_RUNNER)
    try:
        pipeline = beam.Pipeline(options=PipelineOptions(arguments))
    except ValueError as error:
        raise SettingsError([Fault("--", 0, "", str(error))]) from error
    build(pipeline)
    _settle_memory()
    pipeline.run().wait_until_finish()


def _settle_memory() -> None:
    """Keep what lives as long as the process (Beam, tables, models) out of the collector's rounds.

    Looking at it again and again, and finding nothing to collect, costs a tenth of a busy pipeline's time.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)


def serve(stage: str, settings: Settings, redis_url: str, beam_arguments: Sequence[str]) -> None:
    """Serve "items" or "stories" until SIGTERM or SIGINT.

    Errors: SettingsError at the start for rules or feed lists with mistakes, or a store that would
    break the promises; StoreAwayError once Redis stays away. The supervisor starts it again.
    """
    stopping.stop_on_signals()
    shared_log(redis_url).gives_up = stopping.stop_requested
    try:
        _serve(stage, settings, redis_url, beam_arguments)
    except StoreAwayError:
        if not stopping.stop_requested():
            raise
    _logger.info("pipeline_stopped", stage=stage)


def _serve(stage: str, settings: Settings, redis_url: str, beam_arguments: Sequence[str]) -> None:
    log = shared_log(redis_url, settings.redis_patience.total_seconds())
    rulebook = shared_rulebook(rule_files(settings), redis_url)
    if stage == "items":
        # Half a minute where numba has compiled nothing yet: before anything is read, and not in its way.
        rulebook.current()
    if problems := log.check():
        raise SettingsError([Fault("redis", 0, "", problem) for problem in problems])
    feeds = load_feeds(settings.feeds)
    _logger.info("pipeline_started", stage=stage)
    while not stopping.stop_requested():
        telemetry.epoch_started(stage)
        if stage == "items":
            items = items_options(settings, redis_url, ends_with_turn=True)
            run_once(partial(build_items, options=items), beam_arguments)
        else:
            # Labels follow the feed lists at each epoch; lists with mistakes leave the last good ones.
            try:
                feeds = load_feeds(settings.feeds)
            except SettingsError as error:
                files_refused(FileKind.FEEDS, error)
            stories = stories_options(settings, redis_url, feeds, ends_with_turn=True)
            run_once(partial(build_stories, options=stories), beam_arguments)
