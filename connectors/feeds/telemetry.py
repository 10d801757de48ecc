"""What the poller says of itself: each event is one count and, where one is due, one log line."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from prometheus_client import Counter, Histogram

from connectors.feeds.faults import ParseFault
from connectors.feeds.fetch import Failed, Fetched, FetchResult, Unchanged
from connectors.feeds.update import Update
from connectors.http.errors import ErrorClass

_logger = structlog.get_logger()
_LAG_LIMIT = timedelta(days=1)


class PollOutcome(StrEnum):
    """What became of a poll."""

    # A body with new or edited entries, and one without.
    NEWS = "news"
    NO_NEWS = "no_news"
    # A 304, and the same bytes again.
    NOT_MODIFIED = "not_modified"
    SAME_BODY = "same_body"
    FAILED = "failed"
    # Another poller committed this feed in the meantime: nothing of this poll was kept.
    STALE = "stale"
    # A fault of this program.
    BROKEN = "broken"


class EntryKind(StrEnum):
    """Why an entry was appended."""

    NEW = "new"
    EDITED = "edited"


_POLLED = Counter("wirewatch_feeds_polled_total", "Polls by what became of them.", ["outcome"])
_FAILED = Counter("wirewatch_feeds_failed_total", "Polls that gave no feed, by class of error.", ["error"])
_FAULTS = Counter("wirewatch_feed_faults_found_total", "Faults of feeds that were read nevertheless or not.", ["fault"])
_MOVED = Counter("wirewatch_feeds_moved_total", "Feeds whose publisher moved them for good.")
_APPENDED = Counter("wirewatch_entries_appended_total", "Entries appended to the log.", ["kind"])
_CUT = Counter("wirewatch_entries_cut_total", "Entries left out because one answer held too many.")
_PAUSED = Counter("wirewatch_polling_paused_total", "Times that polling paused because too many entries waited.")
_DURATION = Histogram(
    "wirewatch_fetch_duration_seconds",
    "Time from the start of a request to its last byte, waiting for the host's turn included.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
)
_BYTES = Histogram(
    "wirewatch_feed_bytes",
    "Size of bodies after decompression.",
    buckets=(1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7),
)
_LAG = Histogram(
    "wirewatch_entry_lag_seconds",
    "Time from an entry's publication to its fetch, for new entries not older than a day.",
    buckets=(1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600, 10800, 43200, 86400),
)

for _outcome in PollOutcome:
    _POLLED.labels(_outcome)
for _error in ErrorClass:
    _FAILED.labels(_error)
for _fault in ParseFault:
    _FAULTS.labels(_fault)
for _entry_kind in EntryKind:
    _APPENDED.labels(_entry_kind)


def feed_polled(result: FetchResult, update: Update, seconds: float, *, is_committed: bool) -> None:
    """Count a poll and say what it brought."""
    outcome = PollOutcome.STALE if not is_committed else _outcome_of(result, update)
    state = update.state
    _POLLED.labels(outcome).inc()
    _DURATION.observe(seconds)
    if isinstance(result, Fetched):
        _BYTES.observe(len(result.body))
    elif isinstance(result, Unchanged) and result.is_whole:
        _BYTES.observe(result.body_bytes)
    if state.error is not None:
        _FAILED.labels(state.error).inc()
    if isinstance(result, Fetched):
        for fault in state.faults:
            _FAULTS.labels(fault).inc()
    _CUT.inc(update.cut)
    if is_committed:
        _entries_appended(update)
    _logger.info(
        "feed_polled",
        feed_id=state.feed_id,
        outcome=outcome.value,
        entries_new=update.new,
        entries_edited=update.edited,
        entries_seen=update.listed - update.new - update.edited,
        next_due_at=state.next_due_at.isoformat(timespec="seconds") if state.next_due_at else "",
        duration_seconds=round(seconds, 3),
        **({"reason": state.reason} if state.reason else {}),
        **({"faults": [fault.value for fault in state.faults]} if state.faults and isinstance(result, Fetched) else {}),
        **({"entries_cut": update.cut} if update.cut else {}),
    )


def _outcome_of(result: FetchResult, update: Update) -> PollOutcome:
    if isinstance(result, Failed) or update.state.error is not None:
        return PollOutcome.FAILED
    if isinstance(result, Unchanged):
        return PollOutcome.SAME_BODY if result.is_whole else PollOutcome.NOT_MODIFIED
    return PollOutcome.NEWS if update.entries else PollOutcome.NO_NEWS


def _entries_appended(update: Update) -> None:
    _APPENDED.labels(EntryKind.NEW).inc(update.new)
    _APPENDED.labels(EntryKind.EDITED).inc(update.edited)
    for entry in update.entries:
        if entry.published_at is not None:
            lag = entry.fetched_at - entry.published_at
            if timedelta(0) <= lag <= _LAG_LIMIT:
                _LAG.observe(lag.total_seconds())


def feed_moved(feed_id: str, to: str) -> None:
    """Say that a publisher moved a feed for good, and that it is asked there from now on."""
    _MOVED.inc()
    _logger.warning("feed_moved", feed_id=feed_id, to=to)


def poll_broke(feed_id: str, error: Exception) -> None:
    """Say that this program failed over a feed: a bug, with its traceback."""
    _POLLED.labels(PollOutcome.BROKEN).inc()
    _logger.error("poll_broke", feed_id=feed_id, exc_info=error)


def polling_paused(waiting: int, limit: int) -> None:
    """Say that nothing is polled until the items pipeline has caught up."""
    _PAUSED.inc()
    _logger.warning("polling_paused", entries_waiting=waiting, limit=limit)


def polling_resumed(waiting: int) -> None:
    """Say that polling goes on."""
    _logger.info("polling_resumed", entries_waiting=waiting)


def poller_started(feeds: int, at: datetime) -> None:
    """Say how many feeds are polled."""
    _logger.info("poller_started", feeds=feeds, at=at.isoformat(timespec="seconds"))


def feeds_reloaded(added: int, removed: int, feeds: int) -> None:
    """Say that the feed lists changed."""
    _logger.info("feeds_reloaded", added=added, removed=removed, feeds=feeds)


def poller_stopped() -> None:
    """Say that the poller ended cleanly."""
    _logger.info("poller_stopped")
