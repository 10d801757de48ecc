"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.retry import TABLE, Tries, next_try, parse_retry_after

NOW = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


def fail(before: Tries | None, now: datetime, after: timedelta | None = None, draw: float = 0.0) -> Tries | None:
    return next_try(before, now, table=TABLE, after=after, after_limit=DAY, draw=draw)


def test_waits_follow_the_table_of_standard_webhooks_and_then_end() -> None:
    tries, now, waits = None, NOW, []
    while (tries := fail(tries, now)) is not None:
        waits.append(tries.due_at - now)
        now = tries.due_at
    assert waits == list(TABLE[1:])
    assert [wait.total_seconds() for wait in waits] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


@given(st.integers(0, 8), st.floats(0, 1, exclude_max=True))
def test_jitter_only_stretches_and_by_a_tenth_at_most(spent: int, draw: float) -> None:
    tries = fail(Tries(spent, NOW, NOW), NOW, draw=draw)
    assert tries is not None
    assert TABLE[spent + 1] <= tries.due_at - NOW <= TABLE[spent + 1] * 1.1


def test_what_the_service_says_replaces_the_table_and_costs_no_try() -> None:
    tries = fail(Tries(3, NOW, NOW), NOW, after=timedelta(seconds=30))
    assert tries == Tries(3, NOW, NOW + timedelta(seconds=30))


def test_what_the_service_says_is_capped_and_never_at_once() -> None:
    far, near = fail(None, NOW, after=timedelta(days=365)), fail(None, NOW, after=timedelta(0))
    assert far is not None
    assert near is not None
    assert far.due_at - NOW == DAY
    assert near.due_at - NOW == timedelta(seconds=1)


def test_a_service_that_always_asks_for_patience_does_not_get_it_for_ever() -> None:
    tries, now = fail(None, NOW, after=timedelta(hours=1)), NOW
    hours = 0
    while tries is not None:
        now, hours = tries.due_at, hours + 1
        tries = fail(tries, now, after=timedelta(hours=1))
    assert 75 <= hours <= 90


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Tue, 08 Nov 2022 12:01:00 GMT", 60),
        ("Tue, 08 Nov 2022 11:00:00 GMT", 0),
        ("99999999999999999999", 10**9),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: int) -> None:
    assert parse_retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "٣", "Tue, 99 Nov 2022"])
def test_retry_after_of_no_known_form_says_nothing(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None
