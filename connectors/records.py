"""What crosses the edge: entries in, alerts out, dead letters aside. Standard library only.

All records are frozen and travel as msgspec JSON with a schema version. Instants are aware UTC
``datetime``; an absent instant is ``None``, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed published, in the feed's words. Identity for dedup is computed in ``keys``."""

    feed_id: str
    # As the feed gave it; else the link; else a hash of title and text.
    entry_id: str
    # Absolute http(s) URL after base resolution, or "" where the feed gave none.
    link: str
    # Plain text, one line.
    title: str
    # Sanitised HTML.
    summary: str
    # Sanitised HTML; "" where the feed has only a summary.
    content: str
    fetched_at: datetime
    published_at: datetime | None = None
    updated_at: datetime | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    # Language the feed or the catalogue declares, as a two-letter code; "" unknown. A prior only.
    language: str = ""
    schema: int = SCHEMA


class AlertState(StrEnum):
    """Where an alert stands on the ladder of who says so (DESIGN's words, section 8)."""

    SINGLE_SOURCE = "single-source"
    PARTY_CONFIRMED = "party-confirmed"
    INDEPENDENT = "independent"
    DENIED = "denied"
    DISPUTED = "disputed"
    CORRECTED = "corrected"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words that made a rule true. Offsets are code points into the named field, end exclusive."""

    # "title" or "text"
    field: str
    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """One outlet's report inside a story: who said it, when, in which words."""

    item_id: str
    feed_id: str
    # Outlet's name for people.
    source: str
    # "state:IR", "private:cnn", "public:bbc", "unknown:…"
    interest: str
    # State Media Monitor code (SC, CaPu, CaPr, ISFM, ISF, ISM, IP), "private", or "" unknown.
    control: str
    title: str
    url: str
    language: str
    published_at: datetime | None
    fetched_at: datetime
    # item_id of the report whose text it repeats, or "".
    copy_of: str = ""
    # True where the same page came again with changed words.
    is_edit: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """One revision of what a person gets: one rule on one story.

    ``alert_id`` is a hash of rule and story; ``(alert_id, revision)`` is the idempotency key of
    everything that leaves the house.
    """

    alert_id: str
    # 1 for the first; grows by one with each change of state or flags.
    revision: int
    rule: str
    # "low" | "medium" | "high" | "critical"
    severity: str
    state: AlertState
    # Other states that hold beside the main one.
    flags: tuple[str, ...]
    story_id: str
    # Headline of the story's first report.
    title: str
    # One sentence that says who says so.
    line: str
    url: str
    # Interests that stand behind the story, in order of first report.
    interests: tuple[str, ...]
    # How many of them are independent.
    independent: int
    # Reports of the story so far, oldest first, capped; report_count is the full number.
    reports: tuple[Report, ...]
    report_count: int
    # Words of the item that first made the rule true, and the item they stand in.
    evidence: tuple[Evidence, ...]
    evidence_title: str
    evidence_text: str
    countries: tuple[str, ...]
    # Names of sinks; () means every sink.
    routes: tuple[str, ...]
    # Event clock of the page that raised this revision.
    raised_at: datetime
    # Of the entry that caused this revision: start of every latency figure.
    caused_fetched_at: datetime
    caused_published_at: datetime | None
    schema: int = SCHEMA

    @property
    def key(self) -> str:
        """Idempotency key: the same for every delivery of this revision to any sink."""
        return f"{self.alert_id}.{self.revision}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that could not be handled, with all that is needed to try again."""

    # "items" | "stories" | "deliver:<sink>"
    stage: str
    # Bounded set: an Enum's value, never an error text.
    reason: str
    # One line for people.
    detail: str
    # The raw record, as it stood in the stream.
    payload: str
    # Stream the payload came from, and where `dead retry` puts it back.
    stream: str
    died_at: datetime
    schema: int = SCHEMA
