"""What is said of an alert, and that it always fits."""

import dataclasses
import json
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.codec import decode, encode
from connectors.records import Alert, Evidence
from connectors.sinks.payload import BODY_BYTES, headline, message, webhook_body


def test_body_carries_the_whole_alert_and_its_key(kit: Any) -> None:
    alert = kit.alert()
    body = json.loads(webhook_body(alert))
    assert (body["type"], body["id"], body["trimmed"]) == ("alert.raised", "a1.1", [])
    assert decode(Alert, json.dumps(body["data"])) == alert


def test_a_later_revision_says_that_it_revises(kit: Any) -> None:
    assert json.loads(webhook_body(kit.alert(revision=3)))["type"] == "alert.revised"


def test_long_text_is_cut_around_the_evidence_and_the_offsets_still_hold(kit: Any) -> None:
    text = "слово " * 5000 + "Патрушев" + " дальше" * 5000
    at = text.index("Патрушев")
    alert = kit.alert(evidence_text=text, evidence=(Evidence("text", at, at + 8, "Патрушев"),))
    body = json.loads(webhook_body(alert))
    (found,) = body["data"]["evidence"]
    assert body["data"]["evidence_text"][found["start"] : found["end"]] == "Патрушев"
    assert body["trimmed"] == ["evidence_text", "evidence"]
    assert len(body["data"]["reports"]) == 1


def test_of_many_reports_the_first_and_the_newest_stay(kit: Any) -> None:
    first = kit.alert().reports[0]
    reports = tuple(dataclasses.replace(first, item_id=f"i{place}") for place in range(400))
    body = json.loads(webhook_body(kit.alert(reports=reports, report_count=400)))
    kept = [report["item_id"] for report in body["data"]["reports"]]
    assert kept[0] == "i0"
    assert kept[1:] == [f"i{place}" for place in range(401 - len(kept), 400)]
    assert len(kept) > 20
    assert body["data"]["report_count"] == 400
    assert body["trimmed"] == ["reports"]


@given(
    st.text(max_size=40),
    st.integers(0, 1000),
    st.integers(0, 120),
    st.integers(0, 500),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_no_alert_is_too_large_to_be_told(kit: Any, text: str, repeat: int, reports: int, flags: int) -> None:
    long = text * repeat
    report = dataclasses.replace(kit.alert().reports[0], title=long, source=long, url="https://x.example/" + long)
    alert = kit.alert(
        title=long,
        line=long,
        url="https://x.example/" + long,
        rule=long,
        reports=(report,) * reports,
        evidence_text=long,
        evidence=(Evidence("text", 0, len(long), long),) * reports,
        flags=tuple(f"flag {number}" for number in range(flags)),
    )
    raw = webhook_body(alert)
    body = json.loads(raw)
    assert len(raw) < BODY_BYTES
    assert (body["id"], body["data"]["alert_id"], body["data"]["revision"]) == ("a1.1", "a1", 1)
    whole = msgspec.json.decode(encode(alert))
    assert body["trimmed"] or body["data"] == whole
    assert all(body["data"][name] == whole[name] for name in whole if name not in body["trimmed"])


def test_text_for_people_says_who_when_and_where(kit: Any) -> None:
    alert = kit.alert(severity="critical")
    assert headline(alert) == "[critical] Patrushev lands in Tehran"
    assert message(alert).splitlines() == [
        "Only Nour News, tied to Iran's security council, says so.",
        "08 Nov 12:00 UTC  Nour News (state:IR)",
        "https://nour.example/1",
        "russia-iran-contacts · single-source · a1.1",
    ]


def test_text_for_people_shows_the_first_and_the_newest_reports_and_counts_the_rest(kit: Any) -> None:
    first = kit.alert().reports[0]
    reports = tuple(
        dataclasses.replace(first, source=f"Outlet {place}", published_at=kit.at + timedelta(minutes=place))
        for place in range(9)
    )
    lines = message(kit.alert(revision=2, reports=reports, report_count=12)).splitlines()
    assert [line.split("  ")[-1] for line in lines[1:5]] == [f"Outlet {place} (state:IR)" for place in (0, 6, 7, 8)]
    assert lines[5] == "and 8 more reports"
    assert headline(kit.alert(revision=2)).endswith("(update 1)")
