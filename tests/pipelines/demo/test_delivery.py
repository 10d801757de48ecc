"""Reading back what the webhook carries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.records import Alert, AlertState
from connectors.sinks.payload import webhook_body
from pipelines.demo.delivery import Delivery, read_delivery

_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_ALERT = Alert(
    alert_id="a1",
    revision=1,
    rule="russia-iran-contacts",
    severity="high",
    state=AlertState.SINGLE_SOURCE,
    flags=(),
    story_id="s1",
    title="پاتروشف به دعوت شمخانی وارد تهران شد",
    line="",
    url="",
    interests=("state:IR",),
    independent=0,
    reports=(),
    report_count=1,
    evidence=(),
    evidence_title="",
    evidence_text="",
    countries=("RU", "IR"),
    routes=(),
    raised_at=_AT,
    caused_fetched_at=_AT,
    caused_published_at=None,
)


def test_the_alert_of_a_webhook_is_the_one_that_was_sent() -> None:
    assert read_delivery("a1.1", webhook_body(_ALERT), _AT) == Delivery("a1.1", _ALERT, _AT)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": {}}', b"\xff"])
def test_a_body_without_an_alert_is_none(body: bytes) -> None:
    assert read_delivery("a1.1", body, _AT) is None
