"""What the page, the metrics and the command line want to know of sinks, and how to enable one again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import redis.asyncio

from connectors.log import names
from connectors.sinks.settings import DeliverSettings


class SinkState(StrEnum):
    """How a sink does."""

    OK = "ok"
    # Its last try failed; the alert waits for another.
    FAILING = "failing"
    # The receiver answered 410; alerts wait until a person enables it.
    DISABLED = "disabled"
    # Known from earlier, but no longer in the settings; what waits for it stays.
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class SinkHealth:
    """One sink as it stands in Redis."""

    name: str
    # "" for one that is no longer in the settings.
    kind: str
    state: SinkState
    # Alerts in its queue, and how many of them failed at least once.
    waiting: int
    retrying: int
    # Exact, over all time: "queued", "delivered", "failed" tries, "dead:<reason>".
    outcomes: dict[str, int]
    sent_at: datetime | None
    failed_at: datetime | None
    # Of the last failure.
    reason: str
    detail: str
    disabled_at: datetime | None


async def sink_health(client: redis.asyncio.Redis, settings: DeliverSettings) -> list[SinkHealth]:
    """Health of every sink in the settings, in their order, then of those that were there once.

    Errors: redis.RedisError.
    """
    opened: Any = client
    kinds = {sink.name: sink.kind.value for sink in settings.sinks}
    known = sorted(raw.decode() for raw in await opened.smembers(names.SINKS))
    sinks = [*kinds, *(name for name in known if name not in kinds)]
    async with opened.pipeline(transaction=False) as asked:
        for name in sinks:
            asked.xlen(names.queue(name))
            asked.hlen(names.retries(name))
            asked.hgetall(names.outcomes(f"deliver:{name}"))
            asked.hgetall(names.sink(name))
        answers = await asked.execute()
    found = []
    for place, name in enumerate(sinks):
        waiting, retrying, outcomes, about = answers[4 * place : 4 * place + 4]
        counts = {key.decode(): int(count) for key, count in outcomes.items()}
        said = {key.decode(): value.decode() for key, value in about.items()}
        if name not in kinds and not waiting:
            continue
        found.append(_health(name, kinds.get(name, ""), waiting, retrying, counts, said))
    return found


def _health(
    name: str, kind: str, waiting: int, retrying: int, outcomes: dict[str, int], said: dict[str, str]
) -> SinkHealth:
    sent_at, failed_at, disabled_at = (_instant(said.get(key)) for key in ("sent_at", "failed_at", "disabled_at"))
    if not kind:
        state = SinkState.ORPHANED
    elif disabled_at:
        state = SinkState.DISABLED
    elif failed_at and (sent_at is None or sent_at < failed_at):
        state = SinkState.FAILING
    else:
        state = SinkState.OK
    reason, detail = said.get("reason", ""), said.get("detail", "")
    return SinkHealth(name, kind, state, waiting, retrying, outcomes, sent_at, failed_at, reason, detail, disabled_at)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


async def queue_sizes(client: redis.asyncio.Redis, settings: DeliverSettings) -> dict[str, int]:
    """Alerts that wait in the queue of each sink of the settings. Errors: redis.RedisError."""
    sinks = [sink.name for sink in settings.sinks]
    if not sinks:
        return {}
    opened: Any = client
    async with opened.pipeline(transaction=False) as asked:
        for name in sinks:
            asked.xlen(names.queue(name))
        return dict(zip(sinks, await asked.execute(), strict=True))


async def enable_sink(client: redis.asyncio.Redis, name: str) -> bool:
    """Serve a disabled sink again, within about a second; False if it was not disabled."""
    opened: Any = client
    return bool(await opened.hdel(names.sink(name), "disabled_at"))
