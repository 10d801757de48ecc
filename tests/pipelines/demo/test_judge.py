"""The judge of the demo: only the expected revisions, each once, in order, pass."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from connectors.records import Alert, AlertState
from connectors.testing import plain_alert
from pipelines.demo.delivery import Delivery
from pipelines.demo.judge import judge
from pipelines.demo.scenario import Expected, load_expected

_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def _alert(revision: int, **changes: object) -> Alert:
    wanted = load_expected().alerts[0]
    step = wanted.revisions[revision - 1]
    wanted_fields = {
        "revision": revision,
        "rule": wanted.rule,
        "state": step.state,
        "flags": step.flags,
        "title": wanted.title,
        "interests": step.interests,
        "independent": step.independent,
        "report_count": revision,
    }
    return plain_alert(_AT, **(wanted_fields | changes))


def _delivered(*alerts: Alert) -> list[Delivery]:
    return [Delivery(alert.key, alert, _AT) for alert in alerts]


@pytest.fixture
def expected() -> Expected:
    return load_expected()


def test_each_revision_once_in_order_passes(expected: Expected) -> None:
    verdict = judge(expected, _delivered(_alert(1), _alert(2), _alert(3)))
    assert verdict.ok
    assert len(verdict.lines) == 3


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_missing_revision_fails(expected: Expected, missing: int) -> None:
    verdict = judge(expected, _delivered(*(_alert(number) for number in (1, 2, 3) if number != missing)))
    assert not verdict.ok
    assert any(f"revision {missing}" in line and "came 0 times" in line for line in verdict.lines)


@pytest.mark.parametrize("doubled", [1, 2, 3])
def test_a_doubled_revision_fails(expected: Expected, doubled: int) -> None:
    verdict = judge(expected, _delivered(_alert(1), _alert(2), _alert(3), _alert(doubled)))
    assert not verdict.ok
    assert any(f"revision {doubled}" in line and "came 2 times" in line for line in verdict.lines)


def test_an_extra_revision_fails(expected: Expected) -> None:
    extra = dataclasses.replace(_alert(3), revision=4, state=AlertState.DISPUTED)
    verdict = judge(expected, _delivered(_alert(1), _alert(2), _alert(3), extra))
    assert not verdict.ok
    assert any("revision 4 disputed: nobody expected it" in line for line in verdict.lines)


def test_revisions_out_of_order_fail(expected: Expected) -> None:
    verdict = judge(expected, _delivered(_alert(2), _alert(1), _alert(3)))
    assert verdict.lines[-1] == "FAIL russia-iran-contacts: revisions came out of order"
    assert not verdict.ok


def test_a_second_alert_of_the_same_rule_fails(expected: Expected) -> None:
    second = _alert(1, alert_id="a2", title="Another story")
    verdict = judge(expected, _delivered(_alert(1), _alert(2), second, _alert(3)))
    assert not verdict.ok
    assert any("nobody expected, on 'Another story'" in line for line in verdict.lines)


def test_nothing_delivered_fails(expected: Expected) -> None:
    assert not judge(expected, []).ok


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": AlertState.INDEPENDENT}, "expected state party-confirmed, got independent"),
        ({"interests": ("state:IR", "state:RU", "private:great-lakes-ledger")}, "expected interests"),
        ({"independent": 1}, "expected independent 0, got 1"),
        ({"flags": ("denied",)}, "expected flags [], got ['denied']"),
    ],
)
def test_a_revision_that_says_something_else_fails(expected: Expected, changes: dict[str, object], said: str) -> None:
    verdict = judge(expected, _delivered(_alert(1), _alert(2, **changes), _alert(3)))
    assert not verdict.ok
    assert any(said in line for line in verdict.lines)


def test_an_id_that_is_not_the_revisions_fails(expected: Expected) -> None:
    deliveries = _delivered(_alert(1), _alert(2), _alert(3))
    deliveries[1] = dataclasses.replace(deliveries[1], webhook_id="a1.1")
    assert not judge(expected, deliveries).ok
