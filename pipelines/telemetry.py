"""What the pipelines say of themselves: module-level functions only, which Beam's pickler cannot copy.

These count what this process did. The exact figures (read = sum of outcomes) are written inside the
page commits and exported from the store by the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter, Gauge, Histogram

from pipelines.model import DeadReason, DropReason, Outcome

if TYPE_CHECKING:
    from pipelines.transforms.pages import EntryPage, ItemPage

_logger = structlog.get_logger()
_REASONS_SHOWN = 20
_LATENCY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

_SETTLED = Counter(
    "wirewatch_records_settled_total",
    "Entries and items settled, by outcome and reason.",
    ["stage", "outcome", "reason"],
)
_ITEM_LATENCY = Histogram(
    "wirewatch_item_latency_seconds", "From fetched to appended as an item.", buckets=_LATENCY_BUCKETS
)
_STORY_LATENCY = Histogram(
    "wirewatch_story_latency_seconds", "From fetched to placed in a story.", buckets=_LATENCY_BUCKETS
)
_CUT = Counter("wirewatch_texts_cut_total", "Items of which only the beginning of a very long text was kept.")
_ALERTS = Counter("wirewatch_alerts_raised_total", "Alert revisions raised, by state.", ["state"])
_RULES = Gauge("wirewatch_rules_loaded", "Rules that are matched.", multiprocess_mode="mostrecent")
_LEFT_OUT = Gauge(
    "wirewatch_saved_rules_left_out",
    "Saved rules that are not matched: unreadable, or a file has a rule of their name.",
    multiprocess_mode="mostrecent",
)
_NAMES_LEFT_OUT = Gauge(
    "wirewatch_saved_names_left_out",
    "Saved names that are not found: unreadable, with mistakes, or a file has an entry of their id.",
    multiprocess_mode="mostrecent",
)
_SLOW_RULES = Gauge(
    "wirewatch_slow_rules",
    "Rules that cost more than items.rule_budget_microseconds and run in the slow lane.",
    multiprocess_mode="livemax",
)
_SLOW_SECONDS = Counter("wirewatch_slow_lane_seconds_total", "Processor time spent on rules in the slow lane.")
_ENGINE = Gauge(
    "wirewatch_rule_engine", "1 for the engine that matches rules.", ["engine"], multiprocess_mode="mostrecent"
)
_RESTARTS = Counter("wirewatch_processes_restarted_total", "Processes that died and were started again.", ["process"])
_UNREADABLE = Counter("wirewatch_state_unreadable_total", "Records of the store's state that could not be read.")
_EPOCHS = Counter("wirewatch_epochs_started_total", "Runs of a pipeline in this process.", ["stage"])

for _stage in ("items", "stories"):
    _EPOCHS.labels(_stage)
    for _outcome in (Outcome.KEPT, Outcome.SEEN, Outcome.UPDATED):
        _SETTLED.labels(_stage, _outcome, "")
    for _dead in DeadReason:
        _SETTLED.labels(_stage, Outcome.DEAD, _dead)
for _drop in DropReason:
    _SETTLED.labels("items", Outcome.DROPPED, _drop)


def _seconds_since(instant: datetime) -> float:
    """Age of an instant now: figures for people may read the clock, decisions may not."""
    return max(0.0, (datetime.now(UTC) - instant).total_seconds())


def entries_settled(page: EntryPage) -> None:
    """Count a committed page of entries, and how long each item took."""
    for draft in page.drafts:
        _SETTLED.labels("items", draft.outcome, "").inc()
        _ITEM_LATENCY.observe(_seconds_since(draft.item.fetched_at))
        if draft.item.is_cut:
            _CUT.inc()
    for settled in page.settled:
        _SETTLED.labels("items", settled.outcome, settled.reason).inc()
        if settled.dead is not None:
            _logger.error("entry_died", reason=settled.reason, detail=settled.dead.detail, stream=settled.dead.stream)


def items_settled(page: ItemPage) -> None:
    """Count a committed page of items; one line for each alert raised."""
    for arrival in page.arrivals:
        _SETTLED.labels("stories", arrival.outcome, "").inc()
        _STORY_LATENCY.observe(_seconds_since(arrival.item.fetched_at))
        for alert in arrival.raised:
            _ALERTS.labels(alert.state).inc()
            _logger.info(
                "alert_raised",
                rule=alert.rule,
                alert_id=alert.alert_id,
                revision=alert.revision,
                state=str(alert.state),
                line=alert.line,
                title=alert.title,
            )
    for settled in page.settled:
        _SETTLED.labels("stories", settled.outcome, settled.reason).inc()
        if settled.dead is not None:
            _logger.error("item_died", reason=settled.reason, detail=settled.dead.detail)


def rules_loaded(count: int) -> None:
    """Say how many rules are matched from now on."""
    _RULES.set(count)
    _logger.info("rules_loaded", rules=count)


def saved_rules_left_out(reasons: Mapping[str, str]) -> None:
    """Say which saved rules are not matched from now on, and why."""
    _LEFT_OUT.set(len(reasons))
    for name, reason in list(reasons.items())[:_REASONS_SHOWN]:
        _logger.error("saved_rule_left_out", rule=name, reason=reason, left_out=len(reasons))


def saved_names_left_out(reasons: Mapping[str, str]) -> None:
    """Say which saved names are not found from now on, and why."""
    _NAMES_LEFT_OUT.set(len(reasons))
    for name, reason in list(reasons.items())[:_REASONS_SHOWN]:
        _logger.error("saved_name_left_out", name=name, reason=reason, left_out=len(reasons))


def rules_slowed(slow: Mapping[str, float]) -> None:
    """Say which rules run in the slow lane from now on, with their seconds an item."""
    _SLOW_RULES.set(len(slow))
    for name, seconds in list(slow.items())[:_REASONS_SHOWN]:
        _logger.warning("rule_slowed", rule=name, microseconds=round(1e6 * seconds), slow=len(slow))


def slow_lane_took(seconds: float) -> None:
    """Count what a page spent in the slow lane."""
    if seconds:
        _SLOW_SECONDS.inc(seconds)


def rules_compiled(engine: str, why_plain: str) -> None:
    """Say which engine matches from now on: the compiled one, or the plain evaluator and why."""
    for name in ("compiled", "plain"):
        _ENGINE.labels(name).set(int(name == engine))
    if why_plain:
        _logger.warning("rules_evaluated_plainly", reason=why_plain)


def state_unreadable(kind: str, key: str, error: Exception) -> None:
    """Say that a record of the state was ignored because it could not be read."""
    _UNREADABLE.inc()
    _logger.error("state_unreadable", kind=kind, key=key, error=str(error))


def epoch_started(stage: str) -> None:
    """Count a run of a pipeline."""
    _EPOCHS.labels(stage).inc()


def process_restarted(process: str, code: int | None, delay_seconds: float) -> None:
    """Say that a process died and will be started again."""
    _RESTARTS.labels(process).inc()
    _logger.error("process_died", process=process, exit_code=code, restart_in_seconds=round(delay_seconds, 1))
