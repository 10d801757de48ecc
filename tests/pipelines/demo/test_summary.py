"""What the demo prints."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from connectors.records import AlertState, Evidence
from connectors.testing import plain_alert
from pipelines.demo.delivery import Delivery
from pipelines.demo.judge import Verdict
from pipelines.demo.scenario import load_scenario
from pipelines.demo.summary import alert_lines, closing_lines

_AT = datetime(2022, 11, 8, 7, 3, tzinfo=UTC)
_ALERT = plain_alert(
    _AT,
    line="First: Nour News (state of Iran) — nobody else confirms it yet.",
    evidence=(Evidence("title", 0, 7, "arrived"), Evidence("text", 9, 16, "arrived"), Evidence("text", 0, 4, "Iran")),
    evidence_title="arrived",
    evidence_text="Iran and arrived",
)


def test_a_first_revision_shows_its_step_and_its_evidence_once() -> None:
    assert alert_lines(_ALERT, _AT) == [
        "",
        "07:03 UTC  NEW ALERT: russia-iran-contacts (high)",
        "  A visit",
        "  [single-source] > party-confirmed > independent",
        "  First: Nour News (state of Iran) — nobody else confirms it yet.",
        "  because of: arrived, Iran",
    ]


def test_a_later_revision_is_an_upgrade() -> None:
    upgraded = dataclasses.replace(_ALERT, revision=3, state=AlertState.INDEPENDENT)
    lines = alert_lines(upgraded, _AT)
    assert lines[1].startswith("07:03 UTC  UPGRADED, revision 3: ")
    assert lines[3] == "  single-source > party-confirmed > [independent]"
    assert len(lines) == 5


def test_the_account_says_what_was_published_and_delivered() -> None:
    scenario = load_scenario()
    lines = closing_lines(
        scenario, [Delivery("a1.1", _ALERT, _AT)], 0, timedelta(seconds=5.04), Verdict(False, ("FAIL x",))
    )
    assert f"{len(scenario.feeds)} feeds in ar, en, fa, ru, uk, {len(scenario.entries)} entries:" in lines[1]
    assert "word-for-word copies 2, " in lines[2]
    assert lines[3] == ("Delivered to the webhook: 1 revision of 1 alert; the first 5.0 s after the processes were up.")
    assert lines[4:] == ["  FAIL x", "NOT as expected."]
