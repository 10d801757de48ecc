"""The story index of this process, and the cursor up to which it has learned.

One rule covers restart, refusal and zombies: an index that is not at the page's start is rebuilt from
the store; one that learned from a page whose commit failed is thrown away.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import structlog

from connectors.log import names
from connectors.log.log import RedisLog
from connectors.log.pages import Cursor
from pipelines.model import StoryReport
from pipelines.stories.index import LEARNED_REPORTS, StoryIndex, words_of
from pipelines.stories.limits import JoinLimits
from pipelines.transforms.known import readable

_logger = structlog.get_logger()
_BATCH = 500


class StoryState:
    """An index and where it stands. ``cursor`` is None while a page is under way or failed."""

    def __init__(self, limits: JoinLimits) -> None:
        self.index = StoryIndex(limits)
        self.cursor: Cursor | None = None

    def begin(self, log: RedisLog, stream: str, after: Cursor) -> bool:
        """Bring the index to a page's start; False where the page is stale."""
        if self.cursor != after:
            self._rebuild(log, stream)
        if self.cursor != after:
            return False
        self.cursor = None
        return True

    def _rebuild(self, log: RedisLog, stream: str) -> None:
        """Read the active stories; again where a commit moved them meanwhile."""
        while True:
            cursor = log.cursors([stream])[stream]
            index = StoryIndex(self.index.limits)
            ids = log.waiting(lambda: log.client.zrange(names.STORIES, 0, -1, withscores=True))
            for start in range(0, len(ids), _BATCH):
                self._learn(log, index, ids[start : start + _BATCH])
            if log.cursors([stream])[stream] == cursor:
                break
        self.index, self.cursor = index, cursor
        if len(index):
            _logger.info("stories_rebuilt", stories=len(index))

    @staticmethod
    def _learn(log: RedisLog, index: StoryIndex, ids: list[Any]) -> None:
        def ask() -> list[Any]:
            with log.client.pipeline(transaction=False) as batch:
                for raw_id, _ in ids:
                    batch.lrange(names.reports(raw_id.decode()), 0, LEARNED_REPORTS - 1)
                return batch.execute()

        for (raw_id, score), raws in zip(ids, log.waiting(ask), strict=True):
            story_id = raw_id.decode()
            for kept in readable(StoryReport, story_id, raws):
                report = kept.report
                words = words_of(report.title, kept.lead, report.language, kept.countries)
                index.add(story_id, words, report.fetched_at)
            told_at = datetime.fromtimestamp(score, UTC)
            if raws:
                index.touch(story_id, told_at)
            else:
                # Its reports expired while nothing ran: nobody joins it, and it closes with its time.
                index.add(story_id, words_of("", "", "", ()), told_at)


@lru_cache(maxsize=4)
def shared_state(redis_url: str, limits: JoinLimits) -> StoryState:
    """The state of this process: DoFn instances come and go, what was learned stays."""
    return StoryState(limits)
