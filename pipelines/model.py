"""The pipelines' records: items, matches, stories. Frozen; they travel as msgspec JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from connectors.records import SCHEMA, Alert, AlertState, Evidence, Report


class Outcome(StrEnum):
    """The one final outcome of everything a pipeline reads."""

    KEPT = "kept"
    SEEN = "seen"
    UPDATED = "updated"
    DROPPED = "dropped"
    DEAD = "dead"


class DropReason(StrEnum):
    """Why an entry was dropped on purpose."""

    # Neither title nor text nor link.
    EMPTY = "empty"
    # No language that the desk reads.
    LANGUAGE = "language"


class DeadReason(StrEnum):
    """Why a record could not be handled."""

    UNREADABLE = "unreadable"
    FAILED = "failed"


# What a rule may fire on besides the states: its first match, whatever the state.
FIRST = "first"


class Entity(msgspec.Struct, frozen=True):
    """A name found in an item. Offsets are code points into the named field, end exclusive.

    A Struct, not a dataclass: some fifteen are made for every item, in a quarter of the time.
    """

    # "country:RU", "person:nikolai-patrushev", "place:geonames:524901"
    id: str
    # "country" | "demonym" | "metonym" | "place" | "person" | "org" | "company" | "group" | "office"
    kind: str
    # "title" or "text"
    field: str
    start: int
    end: int
    text: str
    # How sure the link is, 0 to 1, and what else the name could have meant: "" nothing.
    score: float = 1.0
    runner_up: str = ""
    # "alternate" name, "homoglyph" letters, "surname" alone, …
    flags: tuple[str, ...] = ()
    # Other ids that it stands for: a place's or person's "country:IR", an office's holder.
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that an item made true, and the words that did it."""

    rule: str
    # Hash of the rule's query: which version matched.
    version: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One normalised piece of news. ``item_id`` names the page: an edit keeps it."""

    item_id: str
    entry_id: str
    feed_id: str
    # Canonical URL ("" without a link) and the link as the feed gave it.
    url: str
    link: str
    title: str
    # First 300 characters of text, cut at a word.
    lead: str
    # Body as plain text without the title; "" where the feed has only titles.
    text: str
    # Two-letter code, "" where none could be told.
    language: str
    published_at: datetime | None
    fetched_at: datetime
    # min(published_at, fetched_at)
    event_at: datetime
    # "undated", "future"
    time_flags: tuple[str, ...]
    # Hash of title and text; equal words give an equal fingerprint.
    fingerprint: str
    # Stream record that it came from, "entries:3 1700000000000-0"; "" outside the pipelines.
    origin: str = ""
    # True where the page was seen before with other words.
    is_edit: bool = False
    # True where only the beginning of a very long text was kept: nothing behind it was matched.
    is_cut: bool = False
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    matches: tuple[Match, ...] = ()
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class UnlistedNames:
    """The names of one item that no list has: what a model marked and nobody has linked."""

    item_id: str
    feed_id: str
    url: str
    title: str
    language: str
    event_at: datetime
    entities: tuple[Entity, ...]
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class Place:
    """Where `stories` put an item."""

    story_id: str
    outcome: Outcome
    copy_of: str
    rules: tuple[str, ...]
    # "<alert_id>.<revision>" of each alert revision that this item caused.
    raised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryReport:
    """A report as the story keeps it: the report, and what joining needs of its words."""

    report: Report
    lead: str
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Items about one happening. ``story_id`` never changes once given."""

    story_id: str
    title: str
    language: str
    first_at: datetime
    last_at: datetime
    # ISO codes of countries named, in order of first mention.
    countries: tuple[str, ...]
    # Interests that stand behind it, in order of first report.
    interests: tuple[str, ...]
    independent: int
    state: AlertState
    flags: tuple[str, ...]
    report_count: int
    # Rules that matched any of its items.
    rules: tuple[str, ...] = ()
    # Interest of the first report, unknown ones included: a second party is one that is not it.
    first_interest: str = ""
    # Ids of alerts raised on it.
    alerts: tuple[str, ...] = ()
    schema: int = SCHEMA


class EventKind(StrEnum):
    """What the events stream says happened."""

    ITEM = "item"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One alert revision, as the page and the streams show it."""

    kind: EventKind
    alert: Alert
    at: datetime
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class ItemEvent:
    """One item placed in a story, as the page and the streams show it."""

    kind: EventKind
    item: Item
    report: Report
    story: Story
    outcome: Outcome
    rules: tuple[str, ...]
    at: datetime
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class Trace:
    """What one pipeline decided of one entry: written only where a replay asks for it."""

    # The entry's stream record, "entries:3 1700000000000-0".
    origin: str
    stage: str
    outcome: Outcome
    reason: str
    # Of the items pipeline; None where the entry could not be read.
    item: Item | None = None
    # Of the stories pipeline.
    story_id: str = ""
    copy_of: str = ""
    alerts: tuple[Alert, ...] = ()
