"""ReadPages: an unbounded splittable DoFn over Redis streams, a page an element.

The restriction holds no position: the committed cursor in Redis is the position, so a replayed or
restored bundle starts where the last commit ended. Facts about the runners: docs/decisions/0002-source.md.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import uuid4

import apache_beam as beam
from apache_beam.io import iobase
from apache_beam.pvalue import PCollection
from apache_beam.transforms.core import RestrictionProvider

from connectors.keys import stable_id
from connectors.log import names
from connectors.log.log import RedisLog, shared_log
from connectors.log.pages import Cursor, LogPage
from pipelines.transforms import stopping

# A restriction must be truthy: Beam 2.77 drops a residual that is not, and the source ends unsaid.
_TURN = "turn"
_LEASE_MS = 10_000
_HOUSEKEEPING_SECONDS = 10.0
_WAIT_FOR_LEASE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How one pipeline reads its streams."""

    redis_url: str
    # Name of the pipeline: whose outcomes count a loss, and whose lease it is.
    pipeline: str
    # Records a page takes of each stream.
    page_records: int = 500
    # How long a read waits for records; below redis-py's socket time-out, at most 1000.
    block_ms: int = 100
    # A turn is one call of process(): as long as the epoch where no checkpoint waits.
    turn_seconds: float = 600.0
    # End the source with the turn, so that the run ends: where a run is an epoch of its process.
    ends_with_turn: bool = False
    # End the source once its streams are empty: for replays and tests.
    until_idle: bool = False
    # Without records for this long a tick carries the clock on; 0 for never.
    tick_seconds: float = 0.0
    # How long the store may be away.
    patience_seconds: float = 120.0
    # Other streams that this reader keeps to about so many records, and those it trims below their own cursors.
    capped: tuple[tuple[str, int], ...] = ()
    trimmed: tuple[str, ...] = ()
    # Read records that stay in the stream for those who come later.
    keep_records: int = 0


@lru_cache(maxsize=1)
def _token(pid: int) -> str:
    """Token of this process for its leases: in containers, process ids are the same everywhere."""
    return f"{pid}-{uuid4().hex}"


class _TurnTracker(iobase.RestrictionTracker):
    """Hands the whole restriction over at the end of a turn, nothing finer."""

    def __init__(self, restriction: str) -> None:
        self._restriction = restriction
        self._is_over = False

    def current_restriction(self) -> str:
        return self._restriction

    def try_claim(self, position: int | None) -> bool:
        """Claim going on; None ends the source for good."""
        self._is_over = self._is_over or position is None
        return not self._is_over

    def try_split(self, fraction_of_remainder: float) -> tuple[str, str] | None:
        if fraction_of_remainder != 0 or self._is_over:
            return None
        self._is_over = True
        return self._restriction, self._restriction

    def check_done(self) -> None:
        if not self._is_over:
            raise ValueError("the turn was neither ended nor handed over")

    def current_progress(self) -> Any:
        return iobase.RestrictionProgress(fraction=float(self._is_over))

    def is_bounded(self) -> bool:
        return False


class _TurnProvider(RestrictionProvider):
    def initial_restriction(self, element: Any) -> str:
        return _TURN

    def create_tracker(self, restriction: str) -> _TurnTracker:
        return _TurnTracker(restriction)

    def restriction_size(self, element: Any, restriction: str) -> int:
        return 1

    def truncate(self, element: Any, restriction: str) -> None:
        """Drain: nothing more is read."""


# Beam reads the parameter's default to know what to pass.
_TRACKER = beam.DoFn.RestrictionParam(_TurnProvider())


class _ReadPagesFn(beam.DoFn):
    def __init__(self, options: SourceOptions) -> None:
        self._options = options

    @beam.DoFn.unbounded_per_element()
    def process(self, streams: tuple[str, ...], tracker: Any = _TRACKER) -> Iterator[LogPage]:
        options = self._options
        turn = _Turn(shared_log(options.redis_url, options.patience_seconds), options, streams)
        while not turn.is_over():
            ends = stopping.stop_requested() or (options.ends_with_turn and turn.is_late())
            if not tracker.try_claim(None if ends else 1):
                turn.release()
                return
            pages = turn.next_pages()
            if not pages and options.until_idle:
                tracker.try_claim(None)
                turn.release()
                return
            for page in pages:
                # Comes back when the fused commit is through.
                yield page
                if turn.passed(page):
                    break
        tracker.defer_remainder()


class _Turn:
    """One call of process(): what is read next, and when it is over."""

    def __init__(self, log: RedisLog, options: SourceOptions, streams: tuple[str, ...]) -> None:
        self._log = log
        self._options = options
        self._streams = streams
        self._group = f"{options.pipeline}:{stable_id(*streams)}"
        self._token = _token(os.getpid())
        self._leave_at = time.monotonic() + options.turn_seconds
        self._at: dict[str, Cursor] = {}
        self._housekeeping_at = 0.0
        self._tick_at = time.monotonic() + options.tick_seconds
        log.refused.difference_update(streams)

    def is_over(self) -> bool:
        """A stale page ends the turn: the next one starts at the committed cursors."""
        if not self._log.refused.isdisjoint(self._streams):
            return True
        return self.is_late() and not self._options.ends_with_turn

    def is_late(self) -> bool:
        """Say whether the turn has had its time."""
        return time.monotonic() >= self._leave_at

    def next_pages(self) -> list[LogPage]:
        """Pages to pass on now; none where nothing came or another process holds the lease."""
        if not self._log.hold(self._group, self._token, _LEASE_MS):
            self._at = {}
            stopping.wait(_WAIT_FOR_LEASE_SECONDS)
            return []
        if not self._at:
            self._at = self._log.cursors(self._streams)
        now = time.monotonic()
        if now >= self._housekeeping_at:
            self._housekeep()
            self._housekeeping_at = now + _HOUSEKEEPING_SECONDS
        pages = self._log.read(self._at, count=self._options.page_records, block_ms=self._options.block_ms)
        now = time.monotonic()
        if pages:
            self._tick_at = now + self._options.tick_seconds
        elif self._options.tick_seconds and now >= self._tick_at:
            self._tick_at = now + self._options.tick_seconds
            return [self._log.tick(stream, self._at[stream]) for stream in self._streams]
        return pages

    def passed(self, page: LogPage) -> bool:
        """Note that a page is through; whether the others read with it must wait for the next turn."""
        if page.stream in self._log.refused:
            return True
        self._at[page.stream] = page.cursor
        # Sixteen slow pages must not outlive the lease.
        return stopping.stop_requested() or not self._log.hold(self._group, self._token, _LEASE_MS)

    def release(self) -> None:
        """Let another process go on at once."""
        self._log.release(self._group, self._token)

    def _housekeep(self) -> None:
        """Trim what was read; count what somebody else trimmed unread, as exactly as everything else."""
        for stream, keep in self._options.capped:
            self._log.cap(stream, keep)
        for stream in self._options.trimmed:
            self._log.trim(stream, keep=0)
        for stream in self._streams:
            self._log.trim(stream, keep=self._options.keep_records)
            if lost := self._log.lost(stream):
                after = self._at[stream]
                cursor = after.moved(after.last_id, lost)
                outcomes = names.outcomes(self._options.pipeline)
                if self._log.commit(stream, after, cursor, [("HINCRBY", outcomes, "lost", lost)]):
                    self._at[stream] = cursor


class ReadPages(beam.PTransform[PCollection[tuple[str, ...]], PCollection[LogPage]]):
    """Read Redis streams page by page.

    Shape:   PCollection[tuple[str, ...]], one group of streams an element -> PCollection[LogPage]; unbounded.
    Time:    none of Beam's: pages carry the clock.
    Promise: every record after the committed cursor, in order, until its page is committed; pages may
             come again, and the commit refuses those.
    Errors:  StoreAwayError once Redis is away for longer than the log waits.
    """

    def __init__(self, options: SourceOptions) -> None:
        super().__init__()
        self._options = options

    def expand(self, groups: PCollection[tuple[str, ...]]) -> PCollection[LogPage]:
        """Add the source."""
        return groups | "Read" >> beam.ParDo(_ReadPagesFn(self._options)).with_output_types(LogPage)
