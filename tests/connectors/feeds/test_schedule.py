"""The schedule: limits hold whatever comes, and what a publisher asks is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds import caching
from connectors.feeds.schedule import (
    DAY,
    Facts,
    Limits,
    Pace,
    backoff,
    failed,
    guessed,
    learned,
    next_poll_at,
    silent_after,
    usual_gap,
)
from connectors.http.errors import ErrorClass

NOW = datetime(2026, 11, 8, 12, 0, tzinfo=UTC)
NORMAL = Limits(timedelta(minutes=2), timedelta(hours=1))

spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000))
limits = st.builds(
    lambda floor, more, polls: Limits(floor, floor + more, polls),
    st.timedeltas(min_value=timedelta(milliseconds=100), max_value=timedelta(days=2)),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
    st.floats(0.1, 100),
)
paces = st.builds(Pace, st.floats(0, 1e9, allow_nan=False), st.floats(0, 1e6, allow_nan=False), st.integers(0, 100_000))
facts = st.builds(
    Facts,
    st.none() | st.sampled_from(ErrorClass),
    st.integers(0, 599),
    st.none() | spans,
    st.none() | spans,
    st.none() | spans,
)


@given(paces, facts, limits, st.floats(0, 1))
def test_next_poll_lies_within_limits(pace: Pace, facts: Facts, limits: Limits, jitter: float) -> None:
    wait = next_poll_at(pace, facts, NOW, limits, jitter) - NOW
    asked = min(facts.retry_after or timedelta(0), DAY)
    least = max(limits.floor, asked)
    most = limits.ceiling if facts.error is None else max(DAY, limits.floor)
    if facts.error is None:
        least = max(least, min(max(facts.fresh_for or timedelta(0), facts.ttl or timedelta(0)), most))
    assert least <= wait <= max(most, least * 1.1)


@given(paces, facts, limits, st.floats(0, 1))
def test_no_feed_is_left_alone_for_much_longer_than_a_day(
    pace: Pace, facts: Facts, limits: Limits, jitter: float
) -> None:
    assert next_poll_at(pace, facts, NOW, limits, jitter) - NOW <= max(DAY * 1.1, limits.ceiling * 1.1)


@given(st.lists(st.tuples(st.integers(0, 500), spans), max_size=50), limits)
def test_whatever_is_learnt_stays_between_floor_and_ceiling(polls: list[tuple[int, timedelta]], limits: Limits) -> None:
    pace = Pace()
    for new_entries, since_last in polls:
        pace = learned(pace, new_entries, since_last, limits)
        seconds = timedelta(seconds=pace.interval_seconds)
        assert limits.floor - timedelta(microseconds=1) <= seconds <= limits.ceiling + timedelta(microseconds=1)
        assert pace.rate >= 0


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=30), limits)
def test_guess_lies_between_floor_and_ceiling(published: list[datetime], limits: Limits) -> None:
    seconds = timedelta(seconds=guessed(published, NOW, limits).interval_seconds)
    assert limits.floor - timedelta(microseconds=1) <= seconds <= limits.ceiling + timedelta(microseconds=1)


@given(st.sampled_from(ErrorClass), st.integers(0, 599), st.integers(0, 10_000))
def test_backoff_grows_with_each_failure_and_ends_within_a_day(error: ErrorClass, status: int, row: int) -> None:
    assert timedelta(0) < backoff(error, status, row) <= backoff(error, status, row + 1) <= DAY


def test_busy_feed_is_soon_polled_at_the_floor_and_a_quiet_one_at_the_ceiling() -> None:
    pace = Pace(3600)
    for _ in range(20):
        pace = learned(pace, 5, timedelta(seconds=pace.interval_seconds), NORMAL)
    assert pace.interval_seconds == 120
    for _ in range(1000):
        pace = learned(pace, 0, timedelta(seconds=pace.interval_seconds), NORMAL)
    assert pace.interval_seconds == 3600


def test_steady_feed_is_polled_a_few_times_per_entry() -> None:
    """One entry every 40 minutes, four polls per entry: about ten minutes."""
    pace, at, told = Pace(), 0.0, 0
    for _ in range(2000):
        at += pace.interval_seconds or 600
        there = int(at // 2400)
        pace = learned(pace, there - told, timedelta(seconds=pace.interval_seconds or 600), NORMAL)
        told = there
    assert 300 <= pace.interval_seconds <= 900


def test_first_guess_follows_the_dates_in_the_feed() -> None:
    hourly = [NOW - timedelta(hours=hours) for hours in range(1, 21)]
    assert guessed(hourly, NOW, NORMAL).interval_seconds == pytest.approx(900, rel=0.1)
    yearly = [NOW - timedelta(days=400 * years) for years in range(1, 21)]
    assert NORMAL.floor.total_seconds() < guessed(yearly, NOW, NORMAL).interval_seconds < 3600


def test_hints_of_the_publisher_slow_a_feed_down_to_its_ceiling_at_most() -> None:
    fast = Pace(120)
    assert next_poll_at(fast, Facts(fresh_for=timedelta(minutes=15)), NOW, NORMAL, 0.0) == NOW + timedelta(minutes=15)
    assert next_poll_at(fast, Facts(ttl=timedelta(minutes=30)), NOW, NORMAL, 0.0) == NOW + timedelta(minutes=30)
    assert next_poll_at(fast, Facts(ttl=timedelta(days=30)), NOW, NORMAL, 0.0) == NOW + timedelta(hours=1)


def test_retry_after_is_waited_for_beyond_the_ceiling_and_spread() -> None:
    asked = Facts(ErrorClass.RATE_LIMITED, 429, timedelta(hours=5))
    waits = [next_poll_at(Pace(120), asked, NOW, NORMAL, jitter) - NOW for jitter in (0.0, 0.5, 1.0)]
    assert waits == [timedelta(hours=5), timedelta(hours=5.25), timedelta(hours=5.5)]


def test_each_class_of_failure_has_its_own_pace() -> None:
    assert backoff(ErrorClass.TIMEOUT, 0, 1) == timedelta(minutes=1)
    assert backoff(ErrorClass.TIMEOUT, 0, 4) == timedelta(minutes=8)
    assert backoff(ErrorClass.HTTP, 503, 1) == timedelta(minutes=2)
    assert backoff(ErrorClass.HTTP, 404, 1) == timedelta(minutes=15)
    assert backoff(ErrorClass.GONE, 410, 1) == DAY
    assert failed(Pace(120, 0.5, 3)) == Pace(120, 0.5, 4)


def test_complaint_of_too_many_requests_doubles_a_long_interval() -> None:
    wait = next_poll_at(Pace(3600, 0, 1), Facts(ErrorClass.RATE_LIMITED, 429), NOW, NORMAL, 0.5) - NOW
    assert wait == timedelta(hours=2)


def test_silence_is_measured_by_what_is_usual() -> None:
    assert silent_after(60.0) == DAY
    assert silent_after(4 * 3600.0) == timedelta(hours=80)
    assert silent_after(86400.0) == timedelta(days=14)
    assert silent_after(0.0) == timedelta(days=14)


def test_usual_gap_follows_slowly() -> None:
    assert usual_gap(0.0, timedelta(hours=1)) == 3600
    assert usual_gap(3600.0, timedelta(hours=2)) == 3960


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("120", timedelta(minutes=2)),
        (" 7 ", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("Sun, 08 Nov 2026 12:30:00 GMT", timedelta(minutes=30)),
        ("Sun, 08 Nov 2026 11:30:00 GMT", timedelta(0)),
        ("999999999999999999", timedelta(days=3650)),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Sun, 99 Nov 2026 12:30:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +1400", timedelta(0)),
    ],
)
def test_retry_after_is_read(text: str, span: timedelta | None) -> None:
    assert caching.retry_after({"Retry-After": text}, NOW) == span


@pytest.mark.parametrize(
    ("headers", "span"),
    [
        ({"Cache-Control": "max-age=300"}, timedelta(minutes=5)),
        ({"Cache-Control": 'public, Max-Age="300"', "Age": "60"}, timedelta(minutes=4)),
        ({"Cache-Control": "max-age=60", "Age": "300"}, timedelta(0)),
        ({"Cache-Control": "no-cache, max-age=300"}, None),
        ({"Cache-Control": "no-store"}, None),
        ({"Cache-Control": "max-age=never"}, None),
        (
            {"Expires": "Sun, 08 Nov 2026 10:20:00 GMT", "Date": "Sun, 08 Nov 2026 10:00:00 GMT"},
            timedelta(minutes=20),
        ),
        ({"Expires": "Sun, 08 Nov 2026 12:20:00 GMT"}, timedelta(minutes=20)),
        ({"Expires": "0"}, None),
        ({"Cache-Control": "max-age=60", "Expires": "Sun, 08 Nov 2026 12:20:00 GMT"}, timedelta(minutes=1)),
        ({}, None),
    ],
)
def test_freshness_is_read(headers: dict[str, str], span: timedelta | None) -> None:
    assert caching.fresh_for(headers, NOW) == span


@given(st.text(), st.text(), st.text(), st.text())
def test_no_header_breaks_the_reader(control: str, expires: str, age: str, retry: str) -> None:
    headers = {"Cache-Control": control, "Expires": expires, "Age": age, "Retry-After": retry, "Date": expires}
    for span in (caching.fresh_for(headers, NOW), caching.retry_after(headers, NOW)):
        assert span is None or span >= timedelta(0)
