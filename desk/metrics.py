"""``/metrics``: counters of every process of the node, and figures read from Redis at scrape time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import redis
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.responses import Response

from connectors.sinks.health import SinkState
from desk.figures import PIPELINES, Figures, all_outcomes
from desk.state import DeskOf
from pipelines.model import Outcome

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(desk: DeskOf) -> Response:
    """Everything in the Prometheus text format; without the store what the processes count."""
    try:
        figures = await desk.figures()
    except redis.RedisError:
        figures = None
    registry = CollectorRegistry()
    # Set by whoever starts the node's processes; a desk on its own has the ordinary registry.
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(_Figured(figures))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figured(Collector):
    """Turns figures into metric families."""

    def __init__(self, figures: Figures | None) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """List the families."""
        yield _gauge("wirewatch_store_up", "Whether Redis answered.", float(self._figures is not None))
        if self._figures is not None:
            yield from families(self._figures)


def families(figures: Figures) -> Iterator[Metric]:
    """Metric families of the node's figures."""
    entries = GaugeMetricFamily(
        "wirewatch_stream_lag_entries", "Entries appended and not committed.", labels=["stream"]
    )
    seconds = GaugeMetricFamily("wirewatch_stream_lag_seconds", "Age of the oldest such entry.", labels=["stream"])
    appended = CounterMetricFamily("wirewatch_stream_entries_appended_total", "Entries appended.", labels=["stream"])
    for lag in figures.lags:
        entries.add_metric([lag.stream], lag.entries)
        seconds.add_metric([lag.stream], lag.seconds)
        appended.add_metric([lag.stream], lag.appended)
    yield from (entries, seconds, appended)

    read = CounterMetricFamily("wirewatch_entries_read_total", "Entries that a pipeline read.", labels=["pipeline"])
    outcomes = CounterMetricFamily(
        "wirewatch_entries_decided_total",
        "Final outcomes of what a pipeline read; their sum is what it read.",
        labels=["pipeline", "outcome", "reason"],
    )
    lost = CounterMetricFamily(
        "wirewatch_entries_lost_total", "Entries that somebody trimmed before they were read.", labels=["pipeline"]
    )
    retried = CounterMetricFamily(
        "wirewatch_entries_retried_total", "Dead letters put back for a pipeline to read again.", labels=["pipeline"]
    )
    for pipeline in PIPELINES:
        counted = figures.outcomes[pipeline]
        lost.add_metric([pipeline], counted.get("lost", 0))
        retried.add_metric([pipeline], counted.get("retried", 0))
        read.add_metric([pipeline], counted.get("read", 0))
        for key in dict.fromkeys([*all_outcomes(), *(key for key in counted if key != "read")]):
            outcome, _, reason = key.partition(":")
            if outcome in set(Outcome):
                outcomes.add_metric([pipeline, outcome, reason], counted.get(key, 0))
    yield from (read, outcomes, lost, retried)

    queues = GaugeMetricFamily("wirewatch_sink_queue_alerts", "Alerts that wait for a sink.", labels=["sink"])
    retrying = GaugeMetricFamily("wirewatch_sink_retrying_alerts", "Of them, tried and failed.", labels=["sink"])
    states = GaugeMetricFamily("wirewatch_sink_state", "1 for the state that a sink is in.", labels=["sink", "state"])
    for sink in figures.sinks:
        queues.add_metric([sink.name], sink.waiting)
        retrying.add_metric([sink.name], sink.retrying)
        for state in SinkState:
            states.add_metric([sink.name, state.value], float(sink.state is state))
    feeds = GaugeMetricFamily("wirewatch_feeds", "Feeds by health.", labels=["health"])
    for health, number in figures.feeds.items():
        feeds.add_metric([health], number)
    yield from (queues, retrying, states, feeds)

    yield _gauge("wirewatch_dead_letters", "Dead letters kept.", figures.dead_letters)
    yield _gauge("wirewatch_events", "Events that streams can still resume from.", figures.events)
    yield _gauge("wirewatch_stories", "Stories listed.", figures.stories)
    yield _gauge("wirewatch_alerts", "Alerts listed.", figures.alerts)
    yield _gauge("wirewatch_store_memory_bytes", "Memory that Redis uses.", figures.store.memory_bytes)
    yield _gauge("wirewatch_store_memory_limit_bytes", "Redis maxmemory; 0 for none.", figures.store.memory_limit_bytes)
    yield _gauge("wirewatch_store_aof_ok", "Whether the last AOF write went through.", float(figures.store.aof_ok))


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help, value=value)
