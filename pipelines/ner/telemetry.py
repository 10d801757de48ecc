"""What the lane says of itself. Counts here are of this process; exact counts are written inside its commits."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from prometheus_client import Counter, Gauge, Histogram

from pipelines.ner.lane import LaneOutcome, Step

_logger = structlog.get_logger()

_SETTLED = Counter(
    "wirewatch_ner_items_settled_total", "Items that the lane for unlisted names came to, by outcome.", ["outcome"]
)
_FOUND = Counter("wirewatch_ner_names_found_total", "Names found that no list has, by the model's guess.", ["kind"])
_SECONDS = Histogram(
    "wirewatch_ner_item_seconds",
    "What the model took for one item, as the mean of a page.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
_UNREAD = Gauge("wirewatch_ner_unread_items", "Items that wait for the lane.", multiprocess_mode="livemax")

# Left out although nobody meant it; the others are ordinary.
_LEFT_OUT = (LaneOutcome.BEHIND, LaneOutcome.TRIMMED)

for _outcome in LaneOutcome:
    _SETTLED.labels(_outcome)
for _kind in ("person", "place", "org"):
    _FOUND.labels(_kind)


def lane_started(models: Mapping[str, str]) -> None:
    """Say which model reads which language from now on."""
    _logger.info("ner_started", models=dict(models))


def lane_stopped() -> None:
    """Say that the end was asked for."""
    _logger.info("ner_stopped")


def unread(items: int) -> None:
    """Say how many items wait."""
    _UNREAD.set(items)


def step_committed(step: Step, seconds: float) -> None:
    """Count a committed step, and what the model took."""
    for outcome, count in step.outcomes.items():
        _SETTLED.labels(outcome).inc(count)
    for outcome in _LEFT_OUT:
        if count := step.outcomes.get(outcome, 0):
            _logger.warning("ner_items_left_out", reason=outcome.value, items=count)
    if failed := step.outcomes.get(LaneOutcome.FAILED, 0):
        _logger.error("ner_items_failed", items=failed)
    marked = step.outcomes.get(LaneOutcome.FOUND, 0) + step.outcomes.get(LaneOutcome.NOTHING, 0)
    for _ in range(marked):
        _SECONDS.observe(seconds / marked)
    for item in step.found:
        for entity in item.entities:
            _FOUND.labels(entity.kind).inc()
