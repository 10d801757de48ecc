"""What the poller remembers of a feed, kept in Redis as one JSON record. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from connectors.feeds.faults import ParseFault
from connectors.feeds.schedule import Pace
from connectors.http.errors import ErrorClass


class Health(StrEnum):
    """How a feed is, in one word; ``FeedState.reason`` says why. A closed set: metric labels."""

    # Never seen working.
    UNVERIFIED = "unverified"
    WORKING = "working"
    # It worked once and fails now.
    FAILING = "failing"
    # The publisher says that it is no more (410); probed daily.
    GONE = "gone"
    # It is there and not for us: 401, 403, 451, a captcha, or an address that we may not ask.
    REFUSED = "refused"
    # It answers, and nothing new has come for far longer than usual.
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class FeedState:
    """Everything but the seen entries, which are kept apart (``names.feed_seen``)."""

    feed_id: str
    # As the list has it, and as the publisher moved it for good.
    listed_url: str
    url: str
    # Grows by one with each commit; with ``committed_by`` it tells a commit from all others.
    serial: int = 0
    committed_by: str = ""

    # Validators, byte for byte.
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    # Last time the whole body came without our asking whether it had changed.
    whole_at: datetime | None = None
    # 304s since, and how many are believed before the next whole fetch.
    unchanged_in_row: int = 0
    unchanged_believed: int = 20
    # The validators stood still while the entries changed: not used before this instant.
    validators_distrusted_until: datetime | None = None
    # <ttl> or sy:updatePeriod of the last body.
    ttl_seconds: float = 0.0

    pace: Pace = field(default_factory=Pace)
    next_due_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    # When an entry came that had not been there before.
    last_new_at: datetime | None = None
    # Time that usually lies between two polls with news; 0 unknown.
    usual_gap_seconds: float = 0.0
    first_verified_at: datetime | None = None

    # Class, status and words of the failure that stands; "" and 0 while it works.
    error: ErrorClass | None = None
    error_status: int = 0
    error_detail: str = ""
    # Since when it fails without a success in between.
    failing_since: datetime | None = None
    # Class -> failures ever.
    errors: dict[str, int] | None = None

    health: Health = Health.UNVERIFIED
    # One line for people.
    reason: str = ""
    polls: int = 0
    entries_appended: int = 0
    # Faults of the last body, whether or not it gave entries.
    faults: tuple[ParseFault, ...] = ()


def adopted(state: FeedState | None, feed_id: str, url: str) -> FeedState:
    """State to poll from: a new one for a new feed, and what still holds where the list has a new address."""
    if state is None:
        return FeedState(feed_id, url, url)
    if state.listed_url == url:
        return state
    return replace(
        state,
        listed_url=url,
        url=url,
        etag="",
        last_modified="",
        body_hash="",
        validators_distrusted_until=None,
        next_due_at=None,
        pace=replace(state.pace, errors_in_row=0),
    )
