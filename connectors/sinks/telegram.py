"""Writes alerts into a Telegram chat as a bot; a later revision edits the message that is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connectors.codec import encode
from connectors.contract import Delivered, FailReason, Outcome, Rejected, Retry
from connectors.http.client import Response
from connectors.records import Alert
from connectors.sinks.answers import number_at, read_object, text_at
from connectors.sinks.payload import headline, message
from connectors.sinks.post import Clock, Poster, outcome_of, post
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import SinkSettings

_BASE = "https://api.telegram.org"
# Of the Bot API, counted in UTF-16 units; three quarters leave room for what counts double.
_TEXT_CHARACTERS = 3_000
_SAME = "message is not modified"
# Why an edit can never succeed: the message is gone, or older than the service lets a bot edit.
_NOT_EDITABLE = ("message to edit not found", "message can't be edited", "message_id_invalid")


class TelegramSink:
    """Delivers at least once: a first message whose answer was lost is sent twice, an edit never shows twice."""

    def __init__(self, settings: SinkSettings, secrets: Secrets, poster: Poster, clock: Clock) -> None:
        self._base = f"{(secrets.url or _BASE).rstrip('/')}/bot{secrets.token}"
        self._chat = settings.to
        self._timeout = settings.timeout
        self._poster = poster
        self._clock = clock

    async def send(self, alert: Alert, reference: str) -> Outcome:
        """Edit the message that ``reference`` names; where there is none, or it is gone, write a new one."""
        if reference.isdecimal():
            outcome = await self._call("editMessageText", alert, {"message_id": int(reference)})
            if outcome is not None:
                return outcome
        outcome = await self._call("sendMessage", alert, {})
        return outcome or Retry(FailReason.SERVICE, "no answer that could be read")

    async def close(self) -> None:
        """Hold nothing open: the session is the loop's."""

    async def _call(self, method: str, alert: Alert, more: dict[str, Any]) -> Outcome | None:
        """Call one method; None where the message to edit cannot be edited."""
        text = f"{headline(alert)}\n{message(alert)}"[:_TEXT_CHARACTERS]
        body = encode({"chat_id": self._chat, "text": text, "link_preview_options": {"is_disabled": True}, **more})
        headers = {"Content-Type": "application/json"}
        answer = await post(self._poster, f"{self._base}/{method}", headers, body, self._timeout)
        if not isinstance(answer, Response):
            return answer
        said = read_object(answer.body)
        number = number_at(said, "result", "message_id")
        if 200 <= answer.status < 300:
            return Delivered(str(number or more.get("message_id", "")))
        description = text_at(said, "description")
        if _SAME in description:
            return Delivered(str(more.get("message_id", "")))
        if more and any(sign in description.lower() for sign in _NOT_EDITABLE):
            return None
        outcome = outcome_of(answer, self._clock())
        detail = f"answered {answer.status}: {description}"
        if isinstance(outcome, Retry):
            seconds = number_at(said, "parameters", "retry_after")
            return Retry(outcome.reason, detail, timedelta(seconds=seconds) if seconds else outcome.after)
        return Rejected(FailReason.HTTP_4XX, detail)
