"""Reading back what the webhook carries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.sinks.payload import webhook_body
from connectors.testing import plain_alert
from pipelines.demo.delivery import Delivery, read_delivery

_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_ALERT = plain_alert(_AT, title="پاتروشف به دعوت شمخانی وارد تهران شد", caused_published_at=None)


def test_the_alert_of_a_webhook_is_the_one_that_was_sent() -> None:
    assert read_delivery("a1.1", webhook_body(_ALERT), _AT) == Delivery("a1.1", _ALERT, _AT)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": {}}', b"\xff"])
def test_a_body_without_an_alert_is_none(body: bytes) -> None:
    assert read_delivery("a1.1", body, _AT) is None
