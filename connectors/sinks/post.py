"""How sinks post: over the guarded client, with what can go wrong named as the delivery loop knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from connectors.contract import Delivered, Disabled, FailReason, Outcome, Rejected, Retry
from connectors.http.client import GuardedSession, Response
from connectors.http.errors import ErrorClass, FetchError
from connectors.http.pacing import HostPacer
from connectors.sinks.retry import parse_retry_after

Clock = Callable[[], datetime]
# No service needs more to say what it did; of a webhook's answer only the status counts.
_ANSWER_BYTES = 64 * 1024
# Refusals of this kind stand until the settings or the other side's names change: retried, because
# either may happen within the table's three days.
_REASONS = {
    ErrorClass.TIMEOUT: FailReason.TIMEOUT,
    ErrorClass.ADDRESS_REFUSED: FailReason.ADDRESS_REFUSED,
    ErrorClass.PROTOCOL: FailReason.SERVICE,
    ErrorClass.TOO_LARGE: FailReason.SERVICE,
}
_RETRIED_4XX = {408: FailReason.TIMEOUT, 425: FailReason.SERVICE, 429: FailReason.RATE_LIMITED}
_GONE = 410


class Poster(Protocol):
    """The part of the guarded client that sinks use."""

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        body_bytes: int | None = None,
        total: timedelta | None = None,
    ) -> Response:
        """Send one request. Errors: FetchError."""
        ...


def open_session(allow_networks: tuple[str, ...]) -> GuardedSession:
    """Session for sinks: no pacing between them, so that a slow receiver holds no other's place."""
    return GuardedSession(allow_networks=allow_networks, pacer=HostPacer(parallel=4096, total=4096))


async def post(
    poster: Poster, url: str, headers: Mapping[str, str], body: bytes, longest: timedelta
) -> Response | Outcome:
    """Post and give the answer, or the outcome where there was none. Redirects are not followed."""
    try:
        return await poster.request("POST", url, headers, body, body_bytes=_ANSWER_BYTES, total=longest)
    except FetchError as error:
        reason = _REASONS.get(error.kind, FailReason.CONNECT)
        if error.kind == ErrorClass.URL:
            return Rejected(FailReason.SERVICE, error.detail)
        return Retry(reason, error.detail)


def outcome_of(response: Response, now: datetime) -> Outcome:
    """Judge an answer by its status alone.

    2xx is delivered; 410 disables the sink; 408, 425, 429, 5xx and the redirects that are not
    followed are tried again; every other 4xx, 404 included, is a dead letter: the address or the
    body is wrong, and a person has to look. (404 does not disable: a receiver being redeployed
    answers so for a moment, and ``dead retry`` brings the alert back.)
    """
    status = response.status
    if 200 <= status < 300:
        return Delivered()
    detail = f"answered {status}"
    if status == _GONE:
        return Disabled(FailReason.GONE, detail)
    after = parse_retry_after(response.headers.get("Retry-After"), now)
    if status in _RETRIED_4XX:
        return Retry(_RETRIED_4XX[status], detail, after)
    if 400 <= status < 500:
        return Rejected(FailReason.HTTP_4XX, detail)
    if 300 <= status < 400:
        return Retry(FailReason.HTTP_3XX, f"{detail}; redirects are not followed")
    return Retry(FailReason.HTTP_5XX, detail, after)
