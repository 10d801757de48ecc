"""One webhook as it came to the demo's receiver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.records import Alert


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook whose signature was right."""

    webhook_id: str
    alert: Alert
    received_at: datetime
