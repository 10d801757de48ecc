"""Compares what was delivered with what the scenario must lead to. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.records import Alert
from pipelines.demo.delivery import Delivery
from pipelines.demo.scenario import Expected, ExpectedAlert, ExpectedRevision


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether everything came as expected, and a line for each thing that was looked at."""

    ok: bool
    lines: tuple[str, ...]


def judge(expected: Expected, deliveries: Sequence[Delivery]) -> Verdict:
    """Say whether each expected revision came exactly once, in order, as expected, and nothing else came."""
    by_alert: dict[str, list[Alert]] = {}
    for delivery in deliveries:
        by_alert.setdefault(delivery.alert.alert_id, []).append(delivery.alert)
    checks: list[tuple[bool, str]] = []
    for wanted in expected.alerts:
        found = next((key for key, alerts in by_alert.items() if _is_about(wanted, alerts[0])), None)
        if found is None:
            checks.append((False, f"{wanted.rule}: no alert on {wanted.title!r}"))
            continue
        checks += _compare(wanted, by_alert.pop(found))
    checks += [
        (False, f"{alert.rule}: an alert that nobody expected, on {alert.title!r}, revision {alert.revision}")
        for alerts in by_alert.values()
        for alert in alerts
    ]
    checks += [
        (False, f"the id {delivery.webhook_id} is not that of alert and revision, {delivery.alert.key}")
        for delivery in deliveries
        if delivery.webhook_id != delivery.alert.key
    ]
    return Verdict(all(ok for ok, _ in checks), tuple(f"{'ok  ' if ok else 'FAIL'} {line}" for ok, line in checks))


def _is_about(wanted: ExpectedAlert, alert: Alert) -> bool:
    return (alert.rule, alert.title) == (wanted.rule, wanted.title)


def _compare(wanted: ExpectedAlert, alerts: Sequence[Alert]) -> list[tuple[bool, str]]:
    """Check the deliveries of one alert, in order of arrival."""
    counts = Counter(alert.revision for alert in alerts)
    checks: list[tuple[bool, str]] = []
    for number, revision in enumerate(wanted.revisions, start=1):
        came = [alert for alert in alerts if alert.revision == number]
        what = f"{wanted.rule} revision {number} {revision.state}"
        if len(came) != 1:
            checks.append((False, f"{what}: expected once, came {len(came)} times"))
        elif differences := _differences(revision, came[0]):
            checks.append((False, f"{what}: {'; '.join(differences)}"))
        else:
            checks.append((True, f"{what}: once, {', '.join(came[0].interests)}"))
    for number in sorted(counts.keys() - set(range(1, len(wanted.revisions) + 1))):
        state = next(alert.state for alert in alerts if alert.revision == number)
        checks.append((False, f"{wanted.rule} revision {number} {state}: nobody expected it"))
    if [alert.revision for alert in alerts] != sorted(alert.revision for alert in alerts):
        checks.append((False, f"{wanted.rule}: revisions came out of order"))
    return checks


def _differences(wanted: ExpectedRevision, alert: Alert) -> list[str]:
    pairs = (
        ("state", str(wanted.state), str(alert.state)),
        ("flags", list(wanted.flags), list(alert.flags)),
        ("interests", list(wanted.interests), list(alert.interests)),
        ("independent", wanted.independent, alert.independent),
    )
    return [f"expected {name} {want}, got {got}" for name, want, got in pairs if want != got]
