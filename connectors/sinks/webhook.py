"""Posts alerts to a URL as Standard Webhooks lays down: id, time, signature, JSON below 20 kB."""

from __future__ import annotations

from connectors.contract import Outcome
from connectors.http.client import Response
from connectors.records import Alert
from connectors.sinks.payload import webhook_body
from connectors.sinks.post import Clock, Poster, outcome_of, post
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import SinkSettings
from connectors.sinks.signature import read_keys, sign


class WebhookSink:
    """Delivers at least once; ``webhook-id`` is ``alert.key``, the same for every try."""

    def __init__(self, settings: SinkSettings, secrets: Secrets, poster: Poster, clock: Clock) -> None:
        self._url = secrets.url
        self._keys = read_keys(secrets.secret)
        self._timeout = settings.timeout
        self._poster = poster
        self._clock = clock

    async def send(self, alert: Alert, reference: str) -> Outcome:
        """Post one alert; a receiver updates in place by ``data.alert_id`` and ``data.revision``."""
        body = webhook_body(alert)
        headers = {"Content-Type": "application/json", **sign(self._keys, alert.key, self._clock(), body)}
        answer = await post(self._poster, self._url, headers, body, self._timeout)
        return outcome_of(answer, self._clock()) if isinstance(answer, Response) else answer

    async def close(self) -> None:
        """Hold nothing open: the session is the loop's."""
