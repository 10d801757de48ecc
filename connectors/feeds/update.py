"""Decides what a poll changes: which entries are new or edited, and the feed's next state. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors import keys
from connectors.feeds import schedule
from connectors.feeds.contents import Contents
from connectors.feeds.feed import Feed
from connectors.feeds.fetch import Failed, Fetched, FetchResult, Unchanged
from connectors.feeds.parsed import ParsedEntry
from connectors.feeds.schedule import Facts, Limits
from connectors.feeds.state import FeedState, Health
from connectors.http.errors import ErrorClass
from connectors.records import Entry

_KEY_CHARACTERS = 12
# Seen entries remembered beyond those in the feed now: some feeds put old entries back.
_SEEN_FACTOR = 3
_SEEN_LEAST = 200
_DISTRUST = timedelta(days=7)
_BELIEVED_AT_FIRST = 20
_TAG = re.compile(r"<[^>]*>")
_REFUSALS = frozenset({401, 403, 407, 451})


@dataclass(frozen=True, slots=True)
class Update:
    """All that one poll changes; it is committed whole or not at all."""

    state: FeedState
    entries: tuple[Entry, ...] = ()
    # Entry key -> fingerprint of its words; None where it stays as it was.
    seen: dict[str, str] | None = None
    new: int = 0
    edited: int = 0
    # Entries of the feed, the cap applied, and those that it left out.
    listed: int = 0
    cut: int = 0


def update_from(
    feed: Feed,
    state: FeedState,
    seen: Mapping[str, str],
    result: FetchResult,
    contents: Contents | None,
    limits: Limits,
    *,
    entries_limit: int,
    jitter: float,
) -> Update:
    """Decide what a poll changes. ``contents`` is what ``Fetched.body`` held, None for other results."""
    state = dataclasses.replace(
        state, serial=state.serial + 1, polls=state.polls + 1, last_polled_at=result.asked.answered_at
    )
    if isinstance(result, Failed):
        return Update(_after_failure(state, result, limits, jitter))
    if isinstance(result, Unchanged):
        return Update(_after_unchanged(state, result, limits, jitter))
    if contents is None:
        raise ValueError("a body that was fetched has contents")
    if contents.error is not None:
        refused = Failed(result.asked, contents.error, contents.detail, 200)
        return Update(dataclasses.replace(_after_failure(state, refused, limits, jitter), faults=contents.faults))
    return _after_body(feed, state, seen, result, contents, limits, entries_limit, jitter)


def _after_failure(state: FeedState, result: Failed, limits: Limits, jitter: float) -> FeedState:
    now, error = result.asked.answered_at, result.error
    pace = schedule.failed(state.pace)
    if state.error is not error:
        # Each class backs off on its own: another kind of failure starts its own row.
        pace = dataclasses.replace(pace, errors_in_row=1)
    facts = Facts(error, result.status, result.asked.retry_after)
    if error is ErrorClass.GONE:
        health = Health.GONE
    elif error in (ErrorClass.ADDRESS_REFUSED, ErrorClass.HTML) or result.status in _REFUSALS:
        health = Health.REFUSED
    else:
        health = Health.FAILING if state.first_verified_at else Health.UNVERIFIED
    errors = dict(state.errors or {})
    errors[error.value] = errors.get(error.value, 0) + 1
    return dataclasses.replace(
        state,
        pace=pace,
        next_due_at=schedule.next_poll_at(pace, facts, now, limits, jitter),
        error=error,
        error_status=result.status,
        error_detail=result.detail,
        failing_since=state.failing_since or now,
        errors=errors,
        health=health,
        reason=f"{error}: {result.detail}",
    )


def _after_unchanged(state: FeedState, result: Unchanged, limits: Limits, jitter: float) -> FeedState:
    now = result.asked.answered_at
    if result.is_whole:
        # The 304s since the last whole body told the truth: believe more of them.
        believed = state.unchanged_believed * (2 if state.unchanged_in_row else 1)
        state = dataclasses.replace(
            state,
            url=result.moved_to or result.asked.url,
            etag=result.etag,
            last_modified=result.last_modified,
            whole_at=now,
            unchanged_in_row=0,
            unchanged_believed=min(believed, 1000),
        )
    else:
        state = dataclasses.replace(state, unchanged_in_row=state.unchanged_in_row + 1)
    return _after_success(state, result, 0, limits, jitter)


def _after_body(
    feed: Feed,
    state: FeedState,
    seen: Mapping[str, str],
    result: Fetched,
    contents: Contents,
    limits: Limits,
    entries_limit: int,
    jitter: float,
) -> Update:
    now = result.asked.answered_at
    taken = contents.entries[:entries_limit]
    changed, in_feed = _sorted_out(feed, seen, taken, contents.language, now)
    new = sum(1 for key in changed if key not in seen)
    known_words = set(seen.values())
    # A feed that gives its old entries new ids each time teaches nothing about its rate.
    news = sum(1 for key in changed if key not in seen and in_feed[key] not in known_words)
    stood_still = (result.etag, result.last_modified) == (state.etag, state.last_modified) and bool(
        state.etag or state.last_modified
    )
    # A whole fetch that brings entries under validators which claim that nothing changed.
    lies = stood_still and news > 0
    is_first = state.first_verified_at is None
    state = dataclasses.replace(
        state,
        url=result.moved_to or result.asked.url,
        etag=result.etag,
        last_modified=result.last_modified,
        body_hash=result.body_hash,
        whole_at=now,
        unchanged_in_row=0,
        unchanged_believed=_BELIEVED_AT_FIRST if lies else state.unchanged_believed,
        validators_distrusted_until=now + _DISTRUST if lies else state.validators_distrusted_until,
        ttl_seconds=contents.ttl.total_seconds() if contents.ttl else 0.0,
        last_new_at=now if news else state.last_new_at,
        usual_gap_seconds=_usual_gap(state, now) if news else state.usual_gap_seconds,
        entries_appended=state.entries_appended + len(changed),
        faults=contents.faults,
    )
    if is_first:
        dates = [entry.published_at for entry in taken if entry.published_at is not None]
        pace = schedule.guessed(dates, now, limits)
        state = dataclasses.replace(
            state,
            pace=pace,
            usual_gap_seconds=1 / pace.rate if pace.rate else 0.0,
            last_new_at=max((at for at in dates if at <= now), default=now),
        )
    state = _after_success(state, result, news, limits, jitter, learn=not is_first)
    # A feed lists its newest first; undated entries keep that order among themselves.
    appended = list(changed.values())
    appended.reverse()
    appended.sort(key=lambda entry: min(entry.published_at or now, now))
    kept = max(_SEEN_LEAST, _SEEN_FACTOR * len(in_feed))
    remembered = {**{key: words for key, words in seen.items() if key not in in_feed}, **in_feed}
    remembered = dict(list(remembered.items())[-kept:])
    return Update(
        state,
        tuple(appended),
        remembered if remembered != seen else None,
        new,
        len(changed) - new,
        len(taken),
        len(contents.entries) - len(taken),
    )


def _after_success(
    state: FeedState,
    result: Fetched | Unchanged,
    news: int,
    limits: Limits,
    jitter: float,
    *,
    learn: bool = True,
) -> FeedState:
    now = result.asked.answered_at
    pace = state.pace
    if learn and state.last_success_at is not None:
        pace = schedule.learned(pace, news, now - state.last_success_at, limits)
    pace = dataclasses.replace(pace, errors_in_row=0)
    ttl = timedelta(seconds=state.ttl_seconds) if state.ttl_seconds else None
    facts = Facts(None, 0, result.asked.retry_after, result.asked.fresh_for, ttl)
    state = dataclasses.replace(
        state,
        pace=pace,
        next_due_at=schedule.next_poll_at(pace, facts, now, limits, jitter),
        last_success_at=now,
        first_verified_at=state.first_verified_at or now,
        error=None,
        error_status=0,
        error_detail="",
        failing_since=None,
    )
    quiet = now - (state.last_new_at or now)
    if quiet > schedule.silent_after(state.usual_gap_seconds):
        return dataclasses.replace(state, health=Health.SILENT, reason=_silence(quiet, state.usual_gap_seconds))
    return dataclasses.replace(state, health=Health.WORKING, reason="")


def _usual_gap(state: FeedState, now: datetime) -> float:
    return schedule.usual_gap(state.usual_gap_seconds, now - (state.last_new_at or now))


def _silence(quiet: timedelta, gap_seconds: float) -> str:
    usual = f"usually something new every {_span(timedelta(seconds=gap_seconds))}, " if gap_seconds else ""
    return f"{usual}nothing for {_span(quiet)}"


def _span(span: timedelta) -> str:
    minutes = span.total_seconds() / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 72 * 60 else f"{minutes / 1440:.0f} days"


def _sorted_out(
    feed: Feed, seen: Mapping[str, str], taken: Sequence[ParsedEntry], feed_language: str, now: datetime
) -> tuple[dict[str, Entry], dict[str, str]]:
    """New and edited entries, and the fingerprints of all, by key; the first of a repeated key counts."""
    changed: dict[str, Entry] = {}
    in_feed: dict[str, str] = {}
    for parsed in taken:
        key = keys.stable_id(parsed.entry_id, keys.canonical_url(parsed.link))[:_KEY_CHARACTERS]
        if key in in_feed:
            continue
        words = keys.fingerprint(parsed.title, _TAG.sub(" ", f"{parsed.summary} {parsed.content}"))
        in_feed[key] = words = words[:_KEY_CHARACTERS]
        if seen.get(key) != words:
            changed[key] = _entry(feed, parsed, feed_language, now)
    return changed, in_feed


def _entry(feed: Feed, parsed: ParsedEntry, feed_language: str, now: datetime) -> Entry:
    return Entry(
        feed_id=feed.id,
        entry_id=parsed.entry_id,
        link=parsed.link,
        title=parsed.title,
        summary=parsed.summary,
        content=parsed.content,
        fetched_at=now,
        published_at=parsed.published_at,
        updated_at=parsed.updated_at,
        authors=parsed.authors,
        categories=parsed.categories,
        language=_short(parsed.language) or _short(feed.language) or _short(feed_language),
    )


def _short(language: str) -> str:
    found = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", language.strip())
    return found[0].lower() if found else ""
