"""Which waiting alert of one sink goes next. Pure: knows ids and times, no Redis and no clock.

Revisions of one alert form a lane: they go one by one, in the order of their arrival, so that a
revision that has to wait holds back its successors and nothing else.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.sinks.retry import Tries

_AT_ONCE = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Waiting:
    """One alert revision in a sink's queue."""

    entry_id: str
    lane: str
    # Place in the order of arrival.
    order: int
    tries: Tries | None
    under_way: bool = False

    @property
    def due_at(self) -> datetime:
        """When it may be tried; what was never tried is due at once."""
        return self.tries.due_at if self.tries else _AT_ONCE


class Lanes:
    """The queue of one sink, as far as its worker has read it."""

    def __init__(self) -> None:
        self._entries: dict[str, Waiting] = {}
        self._lanes: dict[str, deque[Waiting]] = {}
        # Heads of lanes by due time. An item is stale once it is no head, under way or due at another time.
        self._heads: list[tuple[datetime, int, Waiting]] = []
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry_id: str, lane: str, tries: Tries | None = None) -> None:
        """Append what arrived; the same id again changes nothing."""
        if entry_id in self._entries:
            return
        self._arrivals += 1
        waiting = Waiting(entry_id, lane, self._arrivals, tries)
        self._entries[entry_id] = waiting
        queue = self._lanes.setdefault(lane, deque())
        queue.append(waiting)
        if len(queue) == 1:
            self._offer(waiting)

    def take(self, now: datetime) -> Waiting | None:
        """Give out the head that has been due longest, never-tried ones first; None if none is due."""
        while self._heads:
            due_at, _, waiting = self._heads[0]
            if self._is_stale(due_at, waiting):
                heapq.heappop(self._heads)
            elif due_at > now:
                return None
            else:
                heapq.heappop(self._heads)
                waiting.under_way = True
                return waiting
        return None

    def again(self, waiting: Waiting, tries: Tries | None) -> None:
        """Put back what was given out, to be tried as ``tries`` says."""
        waiting.tries = tries
        waiting.under_way = False
        self._offer(waiting)

    def finish(self, waiting: Waiting) -> None:
        """Forget one that is settled; the next of its lane becomes due."""
        if self._entries.pop(waiting.entry_id, None) is None:
            return
        queue = self._lanes[waiting.lane]
        was_head = queue[0] is waiting
        queue.remove(waiting)
        if not queue:
            del self._lanes[waiting.lane]
        elif was_head:
            self._offer(queue[0])

    def oldest(self) -> Iterator[Waiting]:
        """Alerts in order of arrival, without those under way."""
        return (waiting for waiting in self._entries.values() if not waiting.under_way)

    def next_due_at(self) -> datetime | None:
        """When the next head becomes due; None if there is none to wait for."""
        while self._heads and self._is_stale(self._heads[0][0], self._heads[0][2]):
            heapq.heappop(self._heads)
        return self._heads[0][0] if self._heads else None

    def _offer(self, waiting: Waiting) -> None:
        heapq.heappush(self._heads, (waiting.due_at, waiting.order, waiting))

    def _is_stale(self, due_at: datetime, waiting: Waiting) -> bool:
        queue = self._lanes.get(waiting.lane)
        return waiting.under_way or due_at != waiting.due_at or not queue or queue[0] is not waiting
