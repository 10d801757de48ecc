"""What delivery says of itself. Counts here are attempts of this process; exact counts live in Redis."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter, Histogram

from connectors.contract import Disabled, FailReason, Rejected, Retry
from connectors.records import Alert

_logger = structlog.get_logger()

_ROUTED = Counter("wirewatch_alerts_routed_total", "Alert revisions put into a sink's queue.", ["sink"])
_SENT = Counter("wirewatch_alerts_sent_total", "Alert revisions that a sink took.", ["sink"])
_FAILED = Counter(
    "wirewatch_alert_tries_failed_total", "Tries that did not go through, retried ones included.", ["sink", "reason"]
)
_DEAD = Counter("wirewatch_alerts_buried_total", "Alert revisions that became dead letters.", ["sink", "reason"])
_UNROUTABLE = Counter(
    "wirewatch_alerts_unroutable_total",
    "Dead letters of the outbox: unreadable, or routed to no known sink.",
    ["reason"],
)
_DISABLED = Counter("wirewatch_sinks_disabled_total", "Times that a receiver wanted nothing more.", ["sink"])
_SECONDS = Histogram(
    "wirewatch_alert_delivery_seconds",
    "From the fetching of the entry that caused a revision to its hand-over.",
    ["sink"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800, 7200, 86400, 259200),
)
_UNREACHED = Counter(
    "wirewatch_deliver_store_waits_total", "Times that deliver waited for a Redis that did not answer."
)


def sinks_opened(sinks: Iterable[str]) -> None:
    """Create every series of every sink at zero."""
    for sink in sinks:
        for counter in (_ROUTED, _SENT, _DISABLED, _SECONDS):
            counter.labels(sink)
        for reason in FailReason:
            _FAILED.labels(sink, reason)
            _DEAD.labels(sink, reason)
    for reason in FailReason:
        _UNROUTABLE.labels(reason)
    _logger.info("sinks_opened", sinks=list(sinks))


def sink_orphaned(sink: str, waiting: int) -> None:
    """Say that alerts wait for a sink that the settings no longer have."""
    _logger.warning("sink_orphaned", sink=sink, waiting=waiting, hint="set it up again to have them delivered")


def alert_routed(sinks: Iterable[str]) -> None:
    """Count one revision in the queues of its sinks."""
    for sink in sinks:
        _ROUTED.labels(sink).inc()


def alert_sent(sink: str, alert: Alert, spent: int, now: datetime) -> None:
    """Say that an alert has left the house: the one line an alert gets at INFO."""
    seconds = max(0.0, (now - alert.caused_fetched_at).total_seconds())
    _SENT.labels(sink).inc()
    _SECONDS.labels(sink).observe(seconds)
    _logger.info(
        "alert_sent",
        sink=sink,
        alert_id=alert.alert_id,
        revision=alert.revision,
        rule=alert.rule,
        state=alert.state.value,
        severity=alert.severity,
        failed_tries=spent,
        seconds=round(seconds, 3),
    )


def try_failed(sink: str, key: str, outcome: Retry | Rejected | Disabled, due_in: timedelta | None) -> None:
    """Count a try that did not go through; a warning, because nothing is lost yet."""
    _FAILED.labels(sink, outcome.reason).inc()
    again = round(due_in.total_seconds(), 1) if due_in is not None else None
    _logger.warning(
        "alert_try_failed",
        sink=sink,
        key=key,
        reason=outcome.reason.value,
        detail=outcome.detail,
        again_in_seconds=again,
    )


def alert_buried(sink: str, key: str, reason: FailReason, detail: str) -> None:
    """Say that an alert became a dead letter."""
    _DEAD.labels(sink, reason).inc()
    _logger.error("alert_dead", sink=sink, key=key, reason=reason.value, detail=detail)


def alert_unroutable(stage: str, reason: FailReason, detail: str) -> None:
    """Say that the outbox held something that goes nowhere; it became a dead letter."""
    _UNROUTABLE.labels(reason).inc()
    _logger.error("alert_unroutable", stage=stage, reason=reason.value, detail=detail)


def sink_disabled(sink: str, detail: str) -> None:
    """Say that a receiver wants nothing more, and what to do."""
    _DISABLED.labels(sink).inc()
    _logger.error("sink_disabled", sink=sink, detail=detail, hint=f"alerts wait until: wirewatch sinks enable {sink}")


def sink_enabled(sink: str) -> None:
    """Say that a disabled sink is served again."""
    _logger.info("sink_enabled", sink=sink)


def sink_broke(sink: str, error: Exception) -> None:
    """Say that a sink raised, which is a mistake in its code; only the error's type is safe to show."""
    _logger.error("sink_broke", sink=sink, error=type(error).__name__)


def store_away(part: str, attempt: int, error: Exception) -> None:
    """Say once per outage that Redis does not answer; count every wait."""
    _UNREACHED.inc()
    if attempt == 0:
        _logger.warning("store_away", part=part, error=str(error))
