"""Writes alerts into a Slack channel as a bot; a later revision updates the message that is there."""

from __future__ import annotations

from connectors.codec import encode
from connectors.contract import Delivered, FailReason, Outcome, Rejected, Retry
from connectors.http.client import Response
from connectors.records import Alert
from connectors.sinks.answers import read_object, text_at
from connectors.sinks.payload import headline, message
from connectors.sinks.post import Clock, Poster, outcome_of, post
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import SinkSettings

_BASE = "https://slack.com/api"
_TEXT_CHARACTERS = 3_500
# Slack says no with 200 and a word; these words may change their mind.
_PASSING = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"})
_NOT_EDITABLE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class SlackSink:
    """Delivers at least once: a first message whose answer was lost is sent twice, an update never shows twice.

    ``to`` must be a channel id: names cannot be updated.
    """

    def __init__(self, settings: SinkSettings, secrets: Secrets, poster: Poster, clock: Clock) -> None:
        self._base = (secrets.url or _BASE).rstrip("/")
        self._headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"Bearer {secrets.token}",
        }
        self._channel = settings.to
        self._timeout = settings.timeout
        self._poster = poster
        self._clock = clock

    async def send(self, alert: Alert, reference: str) -> Outcome:
        """Update the message that ``reference`` names; where there is none, or it is gone, write a new one."""
        if reference:
            outcome = await self._call("chat.update", alert, {"ts": reference})
            if outcome is not None:
                return outcome
        outcome = await self._call("chat.postMessage", alert, {"unfurl_links": False})
        return outcome or Retry(FailReason.SERVICE, "no answer that could be read")

    async def close(self) -> None:
        """Hold nothing open: the session is the loop's."""

    async def _call(self, method: str, alert: Alert, more: dict[str, object]) -> Outcome | None:
        """Call one method; None where the message to update cannot be updated."""
        text = _escaped(f"{headline(alert)}\n{message(alert)}"[:_TEXT_CHARACTERS])
        body = encode({"channel": self._channel, "text": text, **more})
        answer = await post(self._poster, f"{self._base}/{method}", self._headers, body, self._timeout)
        if not isinstance(answer, Response):
            return answer
        if not 200 <= answer.status < 300:
            return outcome_of(answer, self._clock())
        said = read_object(answer.body)
        if said.get("ok") is True:
            return Delivered(text_at(said, "ts"))
        problem = text_at(said, "error")
        if "ts" in more and problem in _NOT_EDITABLE:
            return None
        if not problem or problem in _PASSING:
            return Retry(FailReason.SERVICE, f"answered {problem or 'something that could not be read'}")
        return Rejected(FailReason.SERVICE, f"answered {problem}")


def _escaped(text: str) -> str:
    """Keep news text from becoming Slack's mark-up: links, mentions of everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
