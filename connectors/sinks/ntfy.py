"""Pushes alerts to an ntfy topic; a later revision replaces the notification that is there."""

from __future__ import annotations

from typing import Any

from connectors.codec import encode
from connectors.contract import Outcome
from connectors.http.client import Response
from connectors.records import Alert
from connectors.sinks.payload import headline, message
from connectors.sinks.post import Clock, Poster, outcome_of, post
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import SinkSettings

_BASE = "https://ntfy.sh"
_PRIORITIES = {"low": 2, "medium": 3, "high": 4, "critical": 5}
# ntfy turns longer messages into attachments.
_MESSAGE_BYTES = 4_000


class NtfySink:
    """Delivers at least once; the alert's id is the sequence id, so that a repetition replaces itself.

    Replacing needs an ntfy of 2.16 or newer; an older one shows a second notification.
    """

    def __init__(self, settings: SinkSettings, secrets: Secrets, poster: Poster, clock: Clock) -> None:
        self._url = (secrets.url or _BASE).rstrip("/") + "/"
        self._headers = {"Content-Type": "application/json"}
        if secrets.token:
            self._headers["Authorization"] = f"Bearer {secrets.token}"
        self._topic = settings.to
        self._timeout = settings.timeout
        self._poster = poster
        self._clock = clock

    async def send(self, alert: Alert, reference: str) -> Outcome:
        """Publish one alert under its id."""
        said: dict[str, Any] = {
            "topic": self._topic,
            "title": headline(alert),
            "message": message(alert).encode()[:_MESSAGE_BYTES].decode(errors="ignore"),
            "priority": _PRIORITIES.get(alert.severity, 3),
            "sequence_id": alert.alert_id,
        }
        if alert.url:
            said["click"] = alert.url
        answer = await post(self._poster, self._url, self._headers, encode(said), self._timeout)
        return outcome_of(answer, self._clock()) if isinstance(answer, Response) else answer

    async def close(self) -> None:
        """Hold nothing open: the session is the loop's."""
