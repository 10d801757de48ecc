"""Serves one sink: takes what is due from its queue, hands it over, settles what came of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import redis
import redis.asyncio

from connectors.codec import UnreadableRecordError, decode
from connectors.contract import Delivered, Disabled, FailReason, Outcome, Rejected, Retry, Sink
from connectors.records import Alert, DeadLetter
from connectors.sinks import telemetry
from connectors.sinks.lanes import Lanes, Waiting
from connectors.sinks.patience import abandon, patiently, unless
from connectors.sinks.post import Clock
from connectors.sinks.queues import Lease, SinkQueue
from connectors.sinks.retry import next_try
from connectors.sinks.route import STAGE
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import DeliverSettings, SinkSettings

_BLOCK_MS = 1000
# Time that what is under way has to end when the process is told to stop.
_GRACE_SECONDS = 3.0
_RELEASE_SECONDS = 1.0


class SinkWorker:
    """One sink's loop, on its own connections: no other sink waits for it.

    The lease keeps other processes from sending the same at the same time; that nothing is settled
    twice rests on the queue, not on the lease. Delivery: at least once, revisions of one alert in
    order. Back-pressure: ``queue_limit``; beyond it the oldest become dead letters.
    """

    def __init__(
        self,
        settings: SinkSettings,
        deliver: DeliverSettings,
        sink: Sink,
        secrets: Secrets,
        client: redis.asyncio.Redis,
        clock: Clock,
        token: str,
        stop: asyncio.Event,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._name = settings.name
        self._parallel = settings.parallel
        self._settings = deliver
        self._sink = sink
        self._secrets = secrets
        self._queue = SinkQueue(client, settings.name)
        self._clock = clock
        self._token = token
        self._stop = stop
        self._draw = draw
        self._renew_seconds = min(deliver.lease.total_seconds() / 3, 1.0)
        self._is_disabled = False
        self._paused_until = clock()
        self._under_way: set[asyncio.Task[None]] = set()

    async def turn(self) -> None:
        """Serve for as long as the lease is ours and nobody says stop.

        Errors: redis.RedisError; the next turn goes on from what stands in Redis.
        """
        lease, self._is_disabled = await self._queue.hold(self._token, self._settings.lease)
        if lease is Lease.OTHER:
            await unless(self._stop, asyncio.sleep(self._renew_seconds))
            return
        try:
            await self._serve()
        finally:
            await self._see_out()
            if self._stop.is_set():
                await self._release()

    async def _serve(self) -> None:
        """Read, start and await until the lease is lost or ``stop`` is set."""
        lanes, last_id = await self._queue.load()
        loop = asyncio.get_running_loop()
        renew_at = loop.time() + self._renew_seconds
        reading: asyncio.Task[list[tuple[str, str]]] | None = None
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while not self._stop.is_set():
                if loop.time() >= renew_at:
                    renew_at = loop.time() + self._renew_seconds
                    if not await self._keep_lease():
                        return
                await self._bury_excess(lanes)
                self._start_due(lanes)
                if reading is None:
                    reading = asyncio.create_task(self._queue.read(last_id, _BLOCK_MS))
                wait_seconds = min(max(renew_at - loop.time(), 0.0), self._due_in_seconds(lanes))
                await asyncio.wait(
                    {reading, stopping, *self._under_way}, timeout=wait_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                for task in [task for task in self._under_way if task.done()]:
                    self._under_way.discard(task)
                    task.result()
                if reading.done():
                    for last_id, lane in reading.result():
                        lanes.add(last_id, lane)
                    reading = None
        finally:
            await abandon(stopping)
            if reading is not None:
                await abandon(reading)

    async def _keep_lease(self) -> bool:
        """Renew the lease and note whether the sink is disabled; False if the lease was lost."""
        lease, is_disabled = await self._queue.hold(self._token, self._settings.lease)
        if self._is_disabled and not is_disabled:
            telemetry.sink_enabled(self._name)
        self._is_disabled = is_disabled
        return lease is Lease.KEPT

    def _start_due(self, lanes: Lanes) -> None:
        now = self._clock()
        if self._is_disabled or now < self._paused_until:
            return
        while len(self._under_way) < self._parallel and (waiting := lanes.take(now)) is not None:
            self._under_way.add(asyncio.create_task(self._deliver(lanes, waiting)))

    def _due_in_seconds(self, lanes: Lanes) -> float:
        """Time until something may have to be started; what waits for a free place has no time."""
        due_at = lanes.next_due_at()
        if due_at is None or self._is_disabled or len(self._under_way) >= self._parallel:
            return self._renew_seconds
        return max((max(due_at, self._paused_until) - self._clock()).total_seconds(), 0.0)

    async def _deliver(self, lanes: Lanes, waiting: Waiting) -> None:
        """Try one alert once and settle what came of it."""
        raw, reference = await patiently(self._name, lambda: self._queue.fetch(waiting.entry_id, waiting.lane))
        if raw is None:
            lanes.finish(waiting)
            return
        try:
            alert = decode(Alert, raw)
        except UnreadableRecordError as error:
            await self._bury(lanes, waiting, raw, waiting.entry_id, FailReason.UNREADABLE, str(error))
            return
        outcome = await self._send(alert, reference)
        now = self._clock()
        if isinstance(outcome, Delivered):
            await patiently(
                self._name,
                lambda: self._queue.settle(
                    waiting.entry_id,
                    "delivered",
                    {"sent_at": now.isoformat()},
                    alert_id=alert.alert_id,
                    reference=outcome.reference,
                ),
            )
            lanes.finish(waiting)
            telemetry.alert_sent(self._name, alert, waiting.tries.spent if waiting.tries else 0, now)
        elif isinstance(outcome, Retry):
            await self._postpone(lanes, waiting, raw, alert.key, outcome)
        elif isinstance(outcome, Rejected):
            telemetry.try_failed(self._name, alert.key, outcome, None)
            await self._bury(lanes, waiting, raw, alert.key, outcome.reason, outcome.detail)
        else:
            telemetry.try_failed(self._name, alert.key, outcome, None)
            await self._disable(outcome)
            lanes.again(waiting, waiting.tries)

    async def _send(self, alert: Alert, reference: str) -> Outcome:
        try:
            outcome = await self._sink.send(alert, reference)
        except Exception as error:
            # A mistake in a sink must not end the service of the others, nor lose the alert.
            telemetry.sink_broke(self._name, error)
            return Retry(FailReason.SERVICE, f"the sink raised {type(error).__name__}")
        if isinstance(outcome, Delivered):
            return outcome
        if isinstance(outcome, Retry):
            return Retry(outcome.reason, self._secrets.scrub(outcome.detail), outcome.after)
        return type(outcome)(outcome.reason, self._secrets.scrub(outcome.detail))

    async def _postpone(self, lanes: Lanes, waiting: Waiting, raw: bytes, key: str, failure: Retry) -> None:
        now = self._clock()
        tries = next_try(
            waiting.tries,
            now,
            table=self._settings.retry,
            after=failure.after,
            after_limit=self._settings.retry_after_limit,
            draw=self._draw(),
        )
        telemetry.try_failed(self._name, key, failure, tries.due_at - now if tries else None)
        if tries is None:
            detail = f"last: {failure.reason}: {failure.detail}"
            await self._bury(lanes, waiting, raw, key, FailReason.TRIES_SPENT, detail)
            return
        health = self._failure(failure.reason, failure.detail)
        if await patiently(self._name, lambda: self._queue.postpone(waiting.entry_id, tries, health)):
            lanes.again(waiting, tries)
        else:
            lanes.finish(waiting)
        if failure.after is not None:
            # The service spoke of itself, not of this alert: the others wait as well.
            self._paused_until = max(self._paused_until, tries.due_at)

    async def _bury(
        self, lanes: Lanes, waiting: Waiting, raw: bytes, key: str, reason: FailReason, detail: str
    ) -> None:
        text = raw.decode(errors="replace")
        letter = DeadLetter(f"{STAGE}:{self._name}", reason, detail, text, self._queue.stream, self._clock())
        health = self._failure(reason, detail)
        await patiently(self._name, lambda: self._queue.bury(waiting.entry_id, letter, health))
        lanes.finish(waiting)
        telemetry.alert_buried(self._name, key, reason, detail)

    async def _bury_excess(self, lanes: Lanes) -> None:
        """Make dead letters of the oldest alerts beyond the limit."""
        while (excess := len(lanes) - self._settings.queue_limit) > 0:
            oldest = next(lanes.oldest(), None)
            if oldest is None:
                return
            raw, _ = await self._queue.fetch(oldest.entry_id, oldest.lane)
            detail = f"{excess} more than {self._settings.queue_limit} alerts waited"
            if raw is None:
                lanes.finish(oldest)
            else:
                await self._bury(lanes, oldest, raw, oldest.lane, FailReason.QUEUE_FULL, detail)

    async def _disable(self, why: Disabled) -> None:
        if not self._is_disabled:
            telemetry.sink_disabled(self._name, why.detail)
        self._is_disabled = True
        health = {**self._failure(why.reason, why.detail), "disabled_at": self._clock().isoformat()}
        await patiently(self._name, lambda: self._queue.disable(health))

    def _failure(self, reason: FailReason, detail: str) -> dict[str, str]:
        return {"failed_at": self._clock().isoformat(), "reason": reason.value, "detail": detail}

    async def _see_out(self) -> None:
        """Let what is under way end before the queue is read afresh: it would be sent twice at a time.

        When the process is to stop it gets a moment and is then abandoned, to be sent again later.
        """
        under_way, self._under_way = self._under_way, set()
        try:
            if under_way:
                await asyncio.wait(under_way, timeout=_GRACE_SECONDS if self._stop.is_set() else None)
        finally:
            for task in under_way:
                await abandon(task)
        for task in under_way:
            if not task.cancelled():
                task.result()

    async def _release(self) -> None:
        """Give the lease back, so that another process need not wait for its end."""
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._queue.release(self._token)
        except (redis.RedisError, TimeoutError):
            pass  # it runs out by itself
