"""What a poll changes: new, edited and repeated entries, health, distrust of validators."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors.feeds.contents import Contents
from connectors.feeds.faults import ParseFault
from connectors.feeds.feed import Feed
from connectors.feeds.fetch import Asked, Failed, Fetched, Unchanged
from connectors.feeds.parsed import ParsedEntry
from connectors.feeds.schedule import Limits
from connectors.feeds.state import FeedState, Health
from connectors.feeds.update import Update, update_from
from connectors.http.errors import ErrorClass

NOW = datetime(2026, 11, 8, 12, 0, tzinfo=UTC)
URL = "https://news.example/rss"
FEED = Feed("a", URL, language="uk")
LIMITS = Limits(timedelta(minutes=2), timedelta(hours=1))
NEW = FeedState("a", URL, URL)


def _entry(key: str, title: str = "Title", summary: str = "", **more: object) -> ParsedEntry:
    made = ParsedEntry(key, f"https://news.example/{key}", title, summary, "")
    return msgspec.structs.replace(made, **more)


def _polled(
    state: FeedState,
    entries: list[ParsedEntry],
    seen: dict[str, str] | None = None,
    at: datetime = NOW,
    etag: str = "",
    contents: Contents | None = None,
    is_conditional: bool = False,
) -> Update:
    result = Fetched(Asked(URL, is_conditional, at), b"a body", f"hash {at}", "text/xml", URL, "", etag, "")
    contents = contents or Contents(entries)
    return update_from(FEED, state, seen or {}, result, contents, LIMITS, entries_limit=100, jitter=0.5)


def _unchanged(state: FeedState, at: datetime, *, is_whole: bool = False, moved_to: str = "") -> Update:
    result = Unchanged(Asked(URL, not is_whole, at), is_whole, moved_to, state.etag, "")
    return update_from(FEED, state, {}, result, None, LIMITS, entries_limit=100, jitter=0.5)


def _failed(state: FeedState, error: ErrorClass, status: int = 0, at: datetime = NOW) -> Update:
    result = Failed(Asked(URL, False, at), error, "as said", status)
    return update_from(FEED, state, {}, result, None, LIMITS, entries_limit=100, jitter=0.5)


def test_first_poll_takes_every_entry_oldest_first() -> None:
    dated = [_entry("3", published_at=NOW), _entry("2", published_at=NOW - timedelta(days=300)), _entry("1")]
    update = _polled(NEW, dated)
    assert [entry.entry_id for entry in update.entries] == ["2", "1", "3"]
    assert (update.new, update.edited, update.listed) == (3, 0, 3)
    assert {entry.fetched_at for entry in update.entries} == {NOW}
    assert update.state.health is Health.WORKING
    assert update.state.first_verified_at == NOW


def test_only_changed_words_make_an_edit() -> None:
    first = _polled(NEW, [_entry("1", "Nine ships", "<p>left</p>"), _entry("2")])
    assert first.seen is not None
    again = _polled(first.state, [_entry("1", "NINE ships!", "<div>left</div>"), _entry("2")], first.seen)
    assert (again.entries, again.seen) == ((), None)
    edited = _polled(first.state, [_entry("1", "Ten ships", "<p>left</p>"), _entry("2")], first.seen)
    assert [entry.title for entry in edited.entries] == ["Ten ships"]
    assert (edited.new, edited.edited) == (0, 1)


def test_entry_twice_in_one_feed_is_taken_once_and_not_at_each_poll() -> None:
    entries = [_entry("1", "One wording"), _entry("1", "Another wording")]
    first = _polled(NEW, entries)
    assert [entry.title for entry in first.entries] == ["One wording"]
    assert first.seen is not None
    assert _polled(first.state, entries, first.seen).entries == ()


def test_entry_that_comes_back_is_still_known() -> None:
    first = _polled(NEW, [_entry("1"), _entry("2")])
    assert first.seen is not None
    second = _polled(first.state, [_entry("3", "Third")], first.seen)
    assert second.seen is not None
    assert _polled(second.state, [_entry("1"), _entry("2")], second.seen).entries == ()


def test_memory_of_entries_is_capped() -> None:
    state, seen = NEW, dict[str, str]()
    for edition in range(50):
        update = _polled(state, [_entry(f"{edition}-{number}", f"{edition} {number}") for number in range(20)], seen)
        state, seen = update.state, update.seen or seen
    assert len(seen) == 200


def test_new_ids_for_old_words_teach_nothing_about_the_rate() -> None:
    first = _polled(NEW, [_entry(str(number), f"Story {number}") for number in range(10)])
    assert first.seen is not None
    later = NOW + timedelta(minutes=30)
    renamed = _polled(first.state, [_entry(f"x{n}", f"Story {n}") for n in range(10)], first.seen, later)
    assert renamed.new == 10
    assert renamed.state.last_new_at == first.state.last_new_at
    assert renamed.state.pace.rate <= first.state.pace.rate


def test_cap_keeps_the_first_entries_and_counts_the_others() -> None:
    update = _polled(NEW, [_entry(str(number)) for number in range(130)])
    assert (update.new, update.cut) == (100, 30)


def test_validators_that_stand_still_while_entries_come_are_distrusted() -> None:
    first = _polled(NEW, [_entry("1")], etag='"same"')
    assert first.seen is not None
    second = _polled(first.state, [_entry("2", "News")], first.seen, NOW + timedelta(hours=1), '"same"')
    assert second.state.validators_distrusted_until == NOW + timedelta(days=7, hours=1)
    honest = _polled(first.state, [_entry("2", "News")], first.seen, NOW + timedelta(hours=1), '"other"')
    assert honest.state.validators_distrusted_until is None


def test_304s_that_proved_true_are_believed_for_longer() -> None:
    state = _polled(NEW, [_entry("1")], etag='"x"').state
    for minute in range(20):
        state = _unchanged(state, NOW + timedelta(minutes=minute)).state
    assert state.unchanged_in_row == 20
    state = _unchanged(state, NOW + timedelta(hours=1), is_whole=True).state
    assert (state.unchanged_in_row, state.unchanged_believed) == (0, 40)


def test_move_for_good_is_kept_of_bodies_old_and_new() -> None:
    state = _polled(NEW, [_entry("1")]).state
    assert _unchanged(state, NOW, is_whole=True, moved_to="https://new.example/").state.url == "https://new.example/"
    moved = replace(state, url="https://new.example/")
    # The new address fails, the listed one was tried and works.
    assert _unchanged(moved, NOW, is_whole=True).state.url == URL


@pytest.mark.parametrize(
    ("error", "status", "unknown", "known"),
    [
        (ErrorClass.TIMEOUT, 0, Health.UNVERIFIED, Health.FAILING),
        (ErrorClass.HTTP, 500, Health.UNVERIFIED, Health.FAILING),
        (ErrorClass.HTTP, 403, Health.REFUSED, Health.REFUSED),
        (ErrorClass.ADDRESS_REFUSED, 0, Health.REFUSED, Health.REFUSED),
        (ErrorClass.HTML, 200, Health.REFUSED, Health.REFUSED),
        (ErrorClass.GONE, 410, Health.GONE, Health.GONE),
    ],
)
def test_failure_sets_health_and_says_why(error: ErrorClass, status: int, unknown: Health, known: Health) -> None:
    assert _failed(NEW, error, status).state.health is unknown
    state = _failed(_polled(NEW, [_entry("1")]).state, error, status).state
    assert (state.health, state.error, state.reason) == (known, error, f"{error}: as said")
    assert state.next_due_at is not None
    assert NOW < state.next_due_at <= NOW + timedelta(days=1)


def test_each_class_of_failure_backs_off_on_its_own_and_success_forgets_them() -> None:
    state = NEW
    for row in range(1, 4):
        state = _failed(state, ErrorClass.TIMEOUT, at=NOW + timedelta(hours=row)).state
        assert state.pace.errors_in_row == row
    state = _failed(state, ErrorClass.DNS, at=NOW + timedelta(hours=4)).state
    assert state.pace.errors_in_row == 1
    assert state.errors == {"timeout": 3, "dns": 1}
    assert state.failing_since == NOW + timedelta(hours=1)
    state = _polled(state, [_entry("1")]).state
    assert (state.pace.errors_in_row, state.error, state.failing_since, state.reason) == (0, None, None, "")


def test_body_that_is_no_feed_is_a_failure_and_changes_no_memory() -> None:
    page = Contents(
        (), faults=(ParseFault.NOT_A_FEED_HTML,), error=ErrorClass.HTML, detail="not_a_feed_html (text/html)"
    )
    state = _polled(NEW, [_entry("1")], etag='"x"').state
    update = _polled(state, [], at=NOW + timedelta(hours=1), contents=page)
    assert (update.state.error, update.state.etag, update.seen) == (ErrorClass.HTML, '"x"', None)
    assert update.state.faults == (ParseFault.NOT_A_FEED_HTML,)


def test_feed_that_answers_and_says_nothing_is_called_silent() -> None:
    hourly = [_entry(str(hour), f"Story {hour}", published_at=NOW - timedelta(hours=hour)) for hour in range(1, 13)]
    state = _polled(NEW, hourly).state
    assert _unchanged(state, NOW + timedelta(hours=18)).state.health is Health.WORKING
    for hours in range(1, 30):
        state = _unchanged(state, NOW + timedelta(hours=hours)).state
    assert state.health is Health.SILENT
    assert state.reason == "usually something new every 60 min, nothing for 30 h"


def test_languages_of_entry_list_and_feed_count_in_this_order() -> None:
    contents = Contents([_entry("1", language="FA-ir"), _entry("2", "Two")], language="en-us")
    assert sorted(entry.language for entry in _polled(NEW, [], contents=contents).entries) == ["fa", "uk"]
