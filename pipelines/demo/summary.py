"""What the demo prints: a line for each alert revision as it arrives, and the account at the end. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.records import Alert, AlertState
from pipelines.demo.delivery import Delivery
from pipelines.demo.judge import Verdict
from pipelines.demo.scenario import Kind, Scenario

_LADDER = (AlertState.SINGLE_SOURCE, AlertState.PARTY_CONFIRMED, AlertState.INDEPENDENT)
_KINDS = {
    Kind.VISIT: "reports of the visit",
    Kind.COPY: "word-for-word copies",
    Kind.AGAIN: "re-published pages",
    Kind.EDIT: "edited headlines",
    Kind.EARLIER: "earlier stories",
    Kind.ASIDE: "denials and sanctions",
    Kind.NOISE: "pieces of noise",
}


def alert_lines(alert: Alert, told_at: datetime) -> list[str]:
    """Show one revision: new or upgraded, where on the ladder, who says so."""
    what = "NEW ALERT" if alert.revision == 1 else f"UPGRADED, revision {alert.revision}"
    ladder = " > ".join(f"[{state}]" if state == alert.state else str(state) for state in _LADDER)
    lines = [
        "",
        f"{told_at:%H:%M} UTC  {what}: {alert.rule} ({alert.severity})",
        f"  {alert.title}",
        f"  {ladder}",
        f"  {alert.line}",
    ]
    if alert.evidence and alert.revision == 1:
        lines.append(f"  because of: {', '.join(dict.fromkeys(words.words for words in alert.evidence))}")
    return lines


def closing_lines(
    scenario: Scenario, deliveries: Sequence[Delivery], refused: int, first_after: timedelta | None, verdict: Verdict
) -> list[str]:
    """Show what was published, what was delivered, and whether that is what it should be."""
    kinds = Counter(entry.kind for entry in scenario.entries)
    languages = sorted({feed.language for feed in scenario.feeds})
    published = ", ".join(f"{words} {kinds[kind]}" for kind, words in _KINDS.items() if kinds[kind])
    alerts = len({delivery.alert.alert_id for delivery in deliveries})
    delivered = f"{_counted(len(deliveries), 'revision')} of {_counted(alerts, 'alert')}"
    late = f"; the first {first_after.total_seconds():.1f} s after the processes were up" if first_after else ""
    return [
        "",
        f"{scenario.title}: {len(scenario.feeds)} feeds in {', '.join(languages)}, {len(scenario.entries)} entries:",
        f"  {published}.",
        f"Delivered to the webhook: {delivered}{f', {refused} refused' if refused else ''}{late}.",
        *(f"  {line}" for line in verdict.lines),
        "As expected." if verdict.ok else "NOT as expected.",
    ]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
