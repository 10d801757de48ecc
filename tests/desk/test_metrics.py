"""The metrics page and the figures behind it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import redis
from prometheus_client.parser import text_string_to_metric_families

from connectors.codec import encode
from connectors.feeds.state import FeedState, Health
from connectors.log import names
from connectors.log.connect import connect_async
from connectors.sinks.settings import DeliverSettings
from desk.figures import Figures, Sample, Sampler, read_figures
from desk.testing import ask

NOW = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def _figures(url: str) -> Figures:
    async def read() -> Figures:
        client = connect_async(url)
        try:
            return await read_figures(client, DeliverSettings(), NOW)
        finally:
            await client.aclose()

    return asyncio.run(read())


def test_lag_counts_what_was_appended_and_not_committed(redis_url: str, client: redis.Redis) -> None:
    for shard, entries in ((1, 3), (2, 2)):
        for place in range(entries):
            client.xadd(names.entries_stream(shard), {names.FIELD: b"{}"}, id=f"{NOW_MS - 5000 + place * 1000}-0")
    client.set(names.cursor(names.entries_stream(1)), f"{NOW_MS - 4000}-0 7 2")
    client.set(names.cursor(names.entries_stream(2)), f"{NOW_MS - 4000}-0 7 2")
    lag = _figures(redis_url).lag("entries")
    assert (lag.entries, lag.seconds, lag.appended, lag.read) == (1, 3.0, 5, 4)


def test_lag_stays_exact_after_trimming(redis_url: str, client: redis.Redis) -> None:
    for place in range(10):
        client.xadd(names.ITEMS, {names.FIELD: b"{}"}, id=f"{NOW_MS - 10_000 + place}-0")
    client.set(names.cursor(names.ITEMS), f"{NOW_MS - 10_000 + 7}-0 3 8")
    client.xtrim(names.ITEMS, maxlen=4, approximate=False)
    lag = _figures(redis_url).lag("items")
    assert (lag.entries, lag.appended, lag.read) == (2, 10, 8)


def test_empty_store_has_figures_too(redis_url: str) -> None:
    figures = _figures(redis_url)
    assert [(lag.stream, lag.entries, lag.seconds) for lag in figures.lags] == [
        ("entries", 0, 0.0),
        ("items", 0, 0.0),
        ("outbox", 0, 0.0),
    ]
    assert figures.feeds == {health.value: 0 for health in Health}


def _metrics(desk: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(ask(desk + "/metrics").text)
        for sample in family.samples
    }


def test_metrics_tell_the_figures_of_the_store(desk: str, client: redis.Redis) -> None:
    client.hset(names.outcomes("items"), mapping={"read": 10, "kept": 6, "seen": 3, "dropped:empty": 1})
    client.xadd(names.DEAD, {names.FIELD: b"{}"})
    client.xadd(names.ITEMS, {names.FIELD: b"{}"})
    client.sadd(names.SINKS, "webhook")
    client.xadd(names.queue("webhook"), {names.FIELD: b"{}"})
    state = FeedState("f", "https://f.example/", "https://f.example/", health=Health.FAILING)
    client.hset(names.FEEDS, "f", encode(state))
    told = _metrics(desk)
    assert told["wirewatch_store_up",] == 1
    assert told["wirewatch_entries_read_total", "items"] == 10
    assert told["wirewatch_entries_decided_total", "kept", "items", ""] == 6
    assert told["wirewatch_entries_decided_total", "dropped", "items", "empty"] == 1
    assert told["wirewatch_entries_decided_total", "dropped", "items", "language"] == 0
    assert told["wirewatch_entries_decided_total", "dead", "stories", ""] == 0
    assert told["wirewatch_dead_letters",] == 1
    assert told["wirewatch_stream_lag_entries", "items"] == 1
    assert told["wirewatch_stream_lag_seconds", "items"] >= 0
    assert told["wirewatch_sink_queue_alerts", "webhook"] == 1
    assert told["wirewatch_feeds", "failing"] == 1
    assert told["wirewatch_feeds", "working"] == 0
    assert told["wirewatch_store_aof_ok",] == 1
    assert told["wirewatch_store_memory_bytes",] > 100_000
    assert told["wirewatch_streams_ended_total", "slow"] >= 0


def test_without_the_store_the_processes_counters_are_still_told(
    start_desk: Callable[..., str], tmp_path: Path
) -> None:
    told = _metrics(start_desk(url=f"unix://{tmp_path}/none.sock"))
    assert told["wirewatch_store_up",] == 0
    assert ("wirewatch_requests_refused_total", "token") in told
    assert ("wirewatch_dead_letters",) not in told


def test_counters_of_other_processes_are_part_of_the_answer(redis_url: str, tmp_path: Path) -> None:
    environment = dict(os.environ, PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    counting = "from prometheus_client import Counter; Counter('wirewatch_try_total', 'x').inc(3)"
    subprocess.run([sys.executable, "-c", counting], env=environment, check=True)
    asking = (
        "import sys; from desk.testing import ask, serving; from pipelines.settings import Settings\n"
        "with serving(Settings(), sys.argv[1]) as desk: print(ask(desk + '/metrics').text)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asking, redis_url], env=environment, check=True, capture_output=True, text=True
    )
    assert "wirewatch_try_total 3.0" in done.stdout
    assert "wirewatch_store_up 1.0" in done.stdout


def test_rates_are_differences_over_time(redis_url: str) -> None:
    sampler = Sampler(connect_async(redis_url), monotonic=lambda: 0.0)
    assert sampler.rate(60) == 0.0
    for at, read in ((0, 100), (10, 200), (20, 200), (80, 500)):
        sampler.samples.append(Sample(float(at), 0, read, 0))
    assert sampler.rates() == [10.0, 0.0, 5.0]
    assert sampler.rate(60) == 5.0
    assert sampler.rate(5) == 5.0
    assert sampler.rate(1000) == 5.0
