"""Serves the lane: follows the items stream at its own pace, until asked to stop.

A process and a cursor of its own: items, stories and alerts never wait for the model, and nobody waits for the lane.
"""

from __future__ import annotations

import os
import time
from uuid import uuid4

from connectors.log import names
from connectors.log.log import RedisLog, StoreAwayError
from connectors.log.pages import Cursor
from pipelines.ner import telemetry
from pipelines.ner.lane import LANE, Step, beginning, effects_of, leaving_out, read_page
from pipelines.ner.models import Models, load_models
from pipelines.ner.settings import NerSettings
from pipelines.transforms import stopping

# As many as a model reads well at once; what a crash has read once more.
_PAGE_ITEMS = 32
_BLOCK_MS = 500
_LEASE_MS = 30_000
_WAIT_FOR_LEASE_SECONDS = 0.5
# Processors go to the pipelines first.
_NICENESS = 10


class Lane:
    """One reader of the items stream beside the stories pipeline.

    Promise: one outcome for each item, and its names once: one transaction on condition of the cursor. The lease
             only keeps two processes from doing the same work.
    Errors:  StoreAwayError once Redis is away for longer than the log waits.
    """

    def __init__(self, log: RedisLog, models: Models, settings: NerSettings) -> None:
        self._log = log
        self._models = models
        self._settings = settings
        self._token = f"{os.getpid()}-{uuid4().hex}"

    def turn(self) -> bool:
        """Go one step along the stream; False where there was nothing to do."""
        if not self._log.hold(LANE, self._token, _LEASE_MS):
            stopping.wait(_WAIT_FOR_LEASE_SECONDS)
            return False
        standing = self._log.standing(names.ITEMS)
        telemetry.unread(standing.unread)
        if standing.cursor == Cursor():
            self._commit(standing.cursor, beginning(standing))
            return True
        if left_out := leaving_out(standing, self._settings.behind_items):
            self._commit(standing.cursor, left_out)
            return True
        pages = self._log.read({names.ITEMS: standing.cursor}, count=_PAGE_ITEMS, block_ms=_BLOCK_MS)
        for page in pages:
            started = time.monotonic()
            step = read_page(page, self._models, self._settings.lead_characters)
            self._commit(page.after, step, time.monotonic() - started)
        return bool(pages)

    def _commit(self, after: Cursor, step: Step, seconds: float = 0.0) -> None:
        """Apply a step, unless another process was first."""
        if self._log.commit(names.ITEMS, after, step.cursor, effects_of(step, self._settings.retained_items)):
            telemetry.step_committed(step, seconds)

    def release(self) -> None:
        """Let another process go on at once."""
        self._log.release(LANE, self._token)


def serve(settings: NerSettings, redis_url: str, patience_seconds: float) -> None:
    """Serve the lane until SIGTERM or SIGINT.

    Errors: SettingsError where no model is named or one cannot be used; StoreAwayError once Redis stays away.
    """
    models = load_models(settings)
    stopping.stop_on_signals()
    os.nice(_NICENESS)
    log = RedisLog(redis_url, reader=LANE, patience_seconds=patience_seconds)
    log.gives_up = stopping.stop_requested
    lane = Lane(log, models, settings)
    telemetry.lane_started(settings.models)
    try:
        while not stopping.stop_requested():
            lane.turn()
        lane.release()
    except StoreAwayError:
        if not stopping.stop_requested():
            raise
    telemetry.lane_stopped()
