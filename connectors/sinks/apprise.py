"""Hands alerts to the hundred-odd services that Apprise knows: mail, chat, phones.

Apprise makes its own connections: the guard on private addresses does not cover them, and the URL
is the operator's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import Any

from connectors.contract import Delivered, FailReason, Outcome, Rejected, Retry
from connectors.records import Alert
from connectors.sinks.payload import headline, message
from connectors.sinks.post import Clock, Poster
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import SinkSettings

# Both write URLs with their secrets into their records.
_TALKATIVE = ("apprise", "urllib3", "requests")


class AppriseSink:
    """Delivers at least once; a later revision is a new message that says so.

    Apprise blocks and tells only whether it worked, so each call runs in a thread of its own, no
    failure is permanent, and a call that outlives its time may still arrive.
    """

    def __init__(self, settings: SinkSettings, secrets: Secrets, poster: Poster, clock: Clock) -> None:
        self._url = secrets.url
        self._timeout_seconds = settings.timeout.total_seconds()
        self._most_stuck = settings.parallel
        self._stuck = 0

    async def send(self, alert: Alert, reference: str) -> Outcome:
        """Hand one alert to the service and wait for its answer as long as the sink's timeout."""
        if self._stuck >= self._most_stuck:
            return Retry(FailReason.TIMEOUT, f"{self._stuck} earlier calls have not come back")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()

        def call() -> None:
            outcome = _notify(self._url, headline(alert), message(alert))
            # The loop may have ended while the service was still thinking.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(finish, outcome)

        def finish(outcome: Outcome) -> None:
            self._stuck -= 1
            if not done.done():
                done.set_result(outcome)

        self._stuck += 1
        # A daemon: a service that never answers must not keep the process from ending.
        threading.Thread(target=call, name="apprise", daemon=True).start()
        try:
            return await asyncio.wait_for(done, self._timeout_seconds)
        except TimeoutError:
            return Retry(FailReason.TIMEOUT, f"no answer within {self._timeout_seconds:g} s")

    async def close(self) -> None:
        """Hold nothing open; calls under way end with their threads."""


def _notify(url: str, title: str, body: str) -> Outcome:
    """Make one blocking call; raises nothing, because nobody waits for the thread."""
    try:
        # Imported late: with its plug-ins it costs a second and 50 MB, and most desks have no such sink.
        import apprise

        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        service: Any = apprise.Apprise()
        if not service.add(url):
            return Rejected(FailReason.SERVICE, "Apprise does not know this URL")
        if service.notify(title=title, body=body, body_format="text"):
            return Delivered()
    except Exception as error:
        # Whatever a service's plug-in raises; its text may hold the URL.
        return Retry(FailReason.SERVICE, f"the service's plug-in failed with {type(error).__name__}")
    return Retry(FailReason.SERVICE, "the service did not take it; Apprise does not say why")
