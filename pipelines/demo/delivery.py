"""One webhook that came to the demo's receiver, read back as the alert it carries. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from connectors.records import Alert


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook whose signature was right."""

    webhook_id: str
    alert: Alert
    received_at: datetime


class _Body(msgspec.Struct):
    data: Alert


def read_delivery(webhook_id: str, body: bytes, received_at: datetime) -> Delivery | None:
    """Read a webhook's body; None where it carries no alert."""
    try:
        return Delivery(webhook_id, msgspec.json.decode(body, type=_Body).data, received_at)
    except msgspec.DecodeError:
        return None
