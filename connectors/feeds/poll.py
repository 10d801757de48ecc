"""The poller: asks each feed when it is due, politely, and hands what is new to the log.

Delivery: an entry is appended once per wording while its feed is remembered; entries and state of a
poll are one transaction. Parallelism: pollers share feeds by leases. Back-pressure: nothing is
polled while too many entries wait. Every failure of a feed is retried for ever, at least daily.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import random
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.errors import SettingsError
from connectors.feeds import telemetry
from connectors.feeds.catalogue import load_feeds
from connectors.feeds.contents import Parser, contents_of
from connectors.feeds.feed import Feed
from connectors.feeds.fetch import Failed, Fetched, address, fetch
from connectors.feeds.settings import FeedsSettings
from connectors.feeds.state import FeedState, adopted
from connectors.feeds.store import FeedStore, StoppedError
from connectors.feeds.update import update_from
from connectors.feeds.watch import FileWatch
from connectors.http.client import GuardedSession, host_of
from connectors.http.errors import ErrorClass
from connectors.http.pacing import HostPacer
from connectors.log.connect import connect_async
from connectors.telemetry import FileKind, files_refused

Clock = Callable[[], datetime]
_STOP_SECONDS = 3.0
_BACKLOG_CHECK_SECONDS = 2.0
_REST_SECONDS = 30.0
# How long another process is left alone with a feed that it holds, and a feed that broke this program.
_HELD_WAIT = timedelta(seconds=3)
_BROKEN_WAIT = timedelta(minutes=10)
# How long a host that complained of too many requests is left alone where it does not say.
_HOST_REST = timedelta(minutes=1)
_HOST_REST_MOST = timedelta(minutes=10)
# States of feeds that no list names are dropped once nobody can have polled them: a day, and some.
_GHOST_AGE = timedelta(days=2)
# A poll that comes this little early is on time.
_EARLY = timedelta(milliseconds=50)


@dataclass(slots=True)
class _Tracked:
    """A feed as the loop sees it."""

    feed: Feed
    due_at: datetime
    # Host whose turn the poll waits for: the state may have moved it away from the listed one.
    host: str
    is_running: bool = False
    # It waits for a place at its host rather than for an instant.
    is_queued: bool = False
    # Start taken from the pacer, on the loop's clock.
    start_at: float | None = None


class Poller:
    """The loop over all feeds of one process."""

    def __init__(
        self,
        settings: FeedsSettings,
        store: FeedStore,
        session: GuardedSession,
        parser: Parser,
        stop: asyncio.Event,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._session = session
        self._parser = parser
        self._stop = stop
        self._clock = clock
        self._random = random.Random()
        self._feeds: dict[str, _Tracked] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._running: Counter[str] = Counter()
        self._queues: dict[str, deque[str]] = defaultdict(deque)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._is_paused = False
        self._backlog_checked_at = float("-inf")

    async def run(self, feeds: Sequence[Feed], watch: FileWatch) -> None:
        """Poll until stopped. Ends within a few seconds; what is under way is finished or dropped whole."""
        waker = asyncio.create_task(self._wake_on_stop())
        try:
            await self._take_over(feeds)
            await self._store.forget_ghosts(self._feeds.keys(), self._clock() - _GHOST_AGE)
            telemetry.poller_started(len(self._feeds), self._clock())
            while not self._stop.is_set():
                await self._reload(watch)
                self._wake.clear()
                if not await self._is_backlogged():
                    self._start_due()
                await self._rest()
        except StoppedError:
            pass
        finally:
            waker.cancel()
            await self._finish()
            telemetry.poller_stopped()

    async def poll_each(self, feeds: Sequence[Feed]) -> list[FeedState]:
        """Poll each feed once, due or not, and give the states that were committed."""
        return [state for state in await asyncio.gather(*(self._poll_now(feed) for feed in feeds)) if state]

    async def _poll_now(self, feed: Feed) -> FeedState | None:
        tracked = _Tracked(feed, self._clock(), host_of(feed.url))
        return await self._poll(tracked, is_forced=True)

    async def _take_over(self, feeds: Sequence[Feed]) -> None:
        """Track exactly these feeds; those known before keep their place."""
        listed = {feed.id: feed for feed in feeds}
        fresh = [feed.id for feed in feeds if feed.id not in self._feeds]
        states = await self._store.states(fresh)
        gone = [feed_id for feed_id in self._feeds if feed_id not in listed]
        for feed_id in gone:
            del self._feeds[feed_id]
        now = self._clock()
        for feed in feeds:
            tracked = self._feeds.get(feed.id)
            if tracked is None:
                state = adopted(states.get(feed.id), feed.id, feed.url)
                tracked = self._feeds[feed.id] = _Tracked(feed, now, host_of(state.url))
                self._plan(tracked, state.next_due_at or now)
            elif tracked.feed != feed:
                moved = tracked.feed.url != feed.url
                tracked.feed = feed
                if moved:
                    tracked.host = host_of(feed.url)
                    self._plan(tracked, now)
        if gone:
            await self._store.forget(gone)

    async def _reload(self, watch: FileWatch) -> None:
        if not watch.has_changed(asyncio.get_running_loop().time()):
            return
        try:
            feeds = await asyncio.to_thread(load_feeds, self._settings)
        except SettingsError as error:
            files_refused(FileKind.FEEDS, error)
            return
        before = set(self._feeds)
        await self._take_over(feeds)
        after = set(self._feeds)
        for host in [host for host in self._queues if not self._running[host]]:
            self._call_next(host)  # whoever held the place may be gone
        telemetry.feeds_reloaded(len(after - before), len(before - after), len(after))

    async def _is_backlogged(self) -> bool:
        """Say whether polling must wait; looks only when a feed is due, and not each time."""
        loop_now = asyncio.get_running_loop().time()
        due_at = self._heap[0][0] if self._heap else float("inf")
        is_due = due_at <= self._clock().timestamp()
        if is_due and loop_now - self._backlog_checked_at >= _BACKLOG_CHECK_SECONDS:
            limit = self._settings.backlog_entries
            waiting = await self._store.waiting_entries(limit)
            self._backlog_checked_at = loop_now
            if (waiting > limit) != self._is_paused:
                self._is_paused = waiting > limit
                if self._is_paused:
                    telemetry.polling_paused(waiting, limit)
                else:
                    telemetry.polling_resumed(waiting)
        return self._is_paused

    def _plan(self, tracked: _Tracked, due_at: datetime) -> None:
        tracked.due_at = due_at
        tracked.start_at = None
        tracked.is_queued = False
        heapq.heappush(self._heap, (due_at.timestamp(), next(self._order), tracked.feed.id))

    def _next_due(self, now: float) -> _Tracked | None:
        """Take the next feed that is due off the heap, passing over entries that no longer hold."""
        while self._heap:
            due_at, _, feed_id = self._heap[0]
            tracked = self._feeds.get(feed_id)
            is_current = (
                tracked is not None
                and not tracked.is_running
                and not tracked.is_queued
                and tracked.due_at.timestamp() == due_at
            )
            if is_current and due_at > now:
                return None
            heapq.heappop(self._heap)
            if is_current:
                return tracked
        return None

    def _start_due(self) -> None:
        loop_now, now = asyncio.get_running_loop().time(), self._clock()
        while len(self._tasks) < self._settings.concurrency and (tracked := self._next_due(now.timestamp())):
            host = tracked.host
            if self._running[host] >= self._settings.host_parallel:
                # A slow host holds up its own feeds only.
                tracked.is_queued = True
                self._queues[host].append(tracked.feed.id)
                continue
            if tracked.start_at is None:
                tracked.start_at = self._session.pacer.book(host)
            if (wait := tracked.start_at - loop_now) > 0.001:
                tracked.due_at = now + timedelta(seconds=wait)
                heapq.heappush(self._heap, (tracked.due_at.timestamp(), next(self._order), tracked.feed.id))
                continue
            tracked.is_running = True
            self._running[host] += 1
            task = asyncio.create_task(self._job(tracked, host))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _job(self, tracked: _Tracked, host: str) -> None:
        """One poll of one feed; a fault of this program costs that feed its turn and nothing else."""
        due_at = self._clock() + _BROKEN_WAIT
        try:
            await self._poll(tracked)
            due_at = tracked.due_at
        except StoppedError:
            return
        except Exception as error:
            telemetry.poll_broke(tracked.feed.id, error)
        finally:
            tracked.is_running = False
            self._running[host] -= 1
            if not self._running[host]:
                del self._running[host]
            self._call_next(host)
            self._wake.set()
        if self._feeds.get(tracked.feed.id) is tracked:
            self._plan(tracked, due_at)

    def _call_next(self, host: str) -> None:
        queue = self._queues.get(host)
        while queue:
            waiting = self._feeds.get(queue.popleft())
            if waiting is not None and waiting.is_queued:
                waiting.is_queued = False
                waiting.due_at = self._clock()
                heapq.heappush(self._heap, (waiting.due_at.timestamp(), next(self._order), waiting.feed.id))
                return
        self._queues.pop(host, None)

    async def _poll(self, tracked: _Tracked, *, is_forced: bool = False) -> FeedState | None:
        """Poll one feed and set when it is due next; None where nothing was committed."""
        feed = tracked.feed
        held = await self._store.hold(feed.id)
        if held is None:
            wait = min(_HELD_WAIT, self._settings.lease)
            tracked.due_at = self._clock() + wait * (1 + self._random.random())
            return None
        try:
            state = adopted(held.state, feed.id, feed.url)
            due_at = state.next_due_at
            if due_at is not None and due_at > self._clock() + _EARLY and not is_forced:
                tracked.due_at = due_at  # another process was here
                return None
            return await self._ask(tracked, state, held.fence)
        finally:
            await self._store.release(feed.id)

    async def _ask(self, tracked: _Tracked, state: FeedState, fence: str) -> FeedState | None:
        feed, settings = tracked.feed, self._settings
        is_booked = tracked.start_at is not None and host_of(address(state)) == tracked.host
        began = asyncio.get_running_loop().time()
        result = await fetch(
            self._session, state, whole_after=settings.whole_after, clock=self._clock, booked=is_booked
        )
        seconds = asyncio.get_running_loop().time() - began
        if isinstance(result, Failed) and result.error is ErrorClass.RATE_LIMITED:
            # The complaint is about this program, not about this feed: its neighbours wait too.
            asked = result.asked.retry_after or _HOST_REST
            self._session.pacer.hold(host_of(result.asked.url), min(asked, _HOST_REST_MOST))
        contents, seen = None, {}
        if isinstance(result, Fetched):
            contents = await contents_of(self._parser, result)
            seen = await self._store.seen(feed.id)
        update = update_from(
            feed,
            state,
            seen,
            result,
            contents,
            settings.tier_limits(feed.tier),
            entries_limit=settings.entries_per_poll,
            jitter=self._random.random(),
        )
        committed = await self._store.commit(update, fence)
        telemetry.feed_polled(result, update, seconds, is_committed=committed is not None)
        if committed is None:
            tracked.due_at = self._clock() + _HELD_WAIT
            return None
        if committed.url != state.url and committed.url != committed.listed_url:
            telemetry.feed_moved(feed.id, committed.url)
        tracked.host = host_of(committed.url)
        tracked.due_at = committed.next_due_at or self._clock() + _BROKEN_WAIT
        return committed

    async def _rest(self) -> None:
        """Sleep until a feed is due, a poll has ended, the lists may have changed, or the end."""
        wait = min(_REST_SECONDS, self._settings.reload_check.total_seconds())
        if self._is_paused:
            wait = min(wait, _BACKLOG_CHECK_SECONDS)
        elif self._heap and len(self._tasks) < self._settings.concurrency:
            wait = min(wait, self._heap[0][0] - self._clock().timestamp())
        if wait > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)
        else:
            await asyncio.sleep(0)

    async def _wake_on_stop(self) -> None:
        await self._stop.wait()
        self._wake.set()

    async def _finish(self) -> None:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def run_poller(
    settings: FeedsSettings,
    feeds: Sequence[Feed],
    redis_url: str,
    stop: asyncio.Event,
    clock: Clock,
    parser: Parser,
) -> None:
    """Poll ``feeds`` until ``stop`` is set, following changes of the files that the settings name.

    Errors: SettingsError for settings that cannot work. Redis away is waited for.
    """
    async with _opened(settings, redis_url, stop, clock, parser) as poller:
        await poller.run(feeds, FileWatch(settings.files, settings.reload_check))


async def poll_once(
    settings: FeedsSettings, feeds: Sequence[Feed], redis_url: str, clock: Clock, parser: Parser
) -> list[FeedState]:
    """Poll each feed once, whether or not it is due; gives the new states, in no order of the feeds left out."""
    async with _opened(settings, redis_url, asyncio.Event(), clock, parser) as poller:
        return await poller.poll_each(feeds)


@contextlib.asynccontextmanager
async def _opened(
    settings: FeedsSettings, redis_url: str, stop: asyncio.Event, clock: Clock, parser: Parser
) -> AsyncIterator[Poller]:
    client = connect_async(redis_url)
    store = FeedStore(client, lease=settings.lease, stop=stop)
    pacer = HostPacer(settings.host_delay, settings.host_parallel, settings.concurrency)
    try:
        async with GuardedSession(
            contact=settings.contact,
            allow_networks=settings.allow_networks,
            limits=settings.http_limits(),
            pacer=pacer,
        ) as session:
            yield Poller(settings, store, session, parser, stop, clock)
    finally:
        await client.aclose()
