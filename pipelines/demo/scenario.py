"""The scenario and what it must lead to, read from data files and checked like settings. Pure but for reading."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import resources

from connectors.errors import Fault, SettingsError
from connectors.records import AlertState
from connectors.settings import read, setting

_DATA = "data"


class Format(StrEnum):
    """The kinds of feed file that there are."""

    RSS = "rss"
    ATOM = "atom"
    RDF = "rdf"
    JSON = "json"


class Kind(StrEnum):
    """What an entry is there for."""

    # Reported before the day; no rule of the demo is about it.
    EARLIER = "earlier"
    # A report of the visit in its outlet's own words.
    VISIT = "visit"
    # Another outlet's report, word for word.
    COPY = "copy"
    # The same page once more: an old id, or a link with other parameters.
    AGAIN = "again"
    # The same page with changed words.
    EDIT = "edit"
    # Said on the day about something else: denials, sanctions.
    ASIDE = "aside"
    # Must not alert, whatever it resembles.
    NOISE = "noise"


# Kinds that repeat an entry named in `of`.
_REPEATS = (Kind.COPY, Kind.AGAIN, Kind.EDIT)


@dataclass(frozen=True, slots=True)
class ScenarioFeed:
    """One feed file."""

    id: str = setting(help="Name of the feed.")
    title: str = setting(help="What the feed calls itself.")
    source: str = setting(help="The outlet's name for people.")
    language: str = setting(help="Two-letter code.")
    format: Format = setting(help="Kind of feed file.")
    site: str = setting(help="Address on a reserved host that links lead to.")
    encoding: str = setting("utf-8", help="Encoding of the file.")
    country: str = setting("", help="ISO code of the newsroom's country.")
    interest: str = setting("", help="Whose voice it is; none for an unlabelled feed.")
    control: str = setting("", help="State Media Monitor code or private.")
    basis: str = setting("", help="Why it is labelled so.")

    @property
    def path(self) -> str:
        """Path of the feed file on the demo's server."""
        return f"/{self.id}.{'json' if self.format is Format.JSON else 'xml'}"


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """One entry as the scenario file gives it, or, after ``resolved``, as its feed publishes it."""

    id: str = setting(help="Name of the entry; makes its link.")
    feed: str = setting(help="Feed that publishes it.")
    kind: Kind = setting(help="What it is there for.")
    after: timedelta | None = setting(None, help="When it is published, in scenario time from the start.")
    before: timedelta | None = setting(None, help="How old it is at the start.")
    title: str = setting("", help="Headline.")
    summary: str = setting("", help="Text.")
    of: str = setting("", help="copy, again, edit: the entry that it repeats.")
    note: str = setting("", help="For people: why it is there.")
    link: str = setting("", help="Given by the loader.")
    guid: str = setting("", help="Given by the loader.")


@dataclass(frozen=True, slots=True)
class Scenario:
    """Feeds, and what they publish when."""

    title: str = setting(help="What it tells.")
    start: str = setting(help="ISO instant at which the story begins.")
    hour: timedelta = setting(help="Real time in which one scenario hour passes.", minimum=timedelta(milliseconds=10))
    length: timedelta = setting(help="Scenario time from the first entry of the day to the end.")
    feeds: tuple[ScenarioFeed, ...] = setting(help="Feed files.")
    entries: tuple[ScenarioEntry, ...] = setting(help="Entries, in any order.")

    @property
    def duration(self) -> timedelta:
        """Real time that the whole scenario takes."""
        return self.real(self.length)

    def real(self, told: timedelta) -> timedelta:
        """Real time in which a span of scenario time passes."""
        return self.hour * (told / timedelta(hours=1))

    def told_at(self, elapsed: timedelta) -> datetime:
        """Scenario instant after so much real time."""
        return datetime.fromisoformat(self.start) + timedelta(hours=1) * (elapsed / self.hour)

    def of_feed(self, feed_id: str) -> tuple[ScenarioEntry, ...]:
        """Entries of one feed."""
        return tuple(entry for entry in self.entries if entry.feed == feed_id)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Name each mistake that no single field shows: where, and what was expected."""
        feeds, entries = {feed.id for feed in self.feeds}, {entry.id for entry in self.entries}
        if len(feeds) < len(self.feeds) or len(entries) < len(self.entries):
            yield "", "expected ids that differ"
        for entry in self.entries:
            if entry.feed not in feeds:
                yield entry.id, f"no feed {entry.feed!r}"
            if (entry.after is None) == (entry.before is None):
                yield entry.id, "expected either after or before"
            if entry.after is not None and entry.after > self.length:
                yield entry.id, "expected a time before the scenario ends"
            if (entry.kind in _REPEATS) != (entry.of in entries):
                yield entry.id, f"expected `of` to name an entry for {', '.join(_REPEATS)} and for nothing else"
            if entry.kind in (Kind.COPY, Kind.AGAIN) and (entry.title or entry.summary):
                yield entry.id, "expected no words of its own"
            if entry.kind not in (Kind.COPY, Kind.AGAIN) and not (entry.title and entry.summary):
                yield entry.id, "expected a title and a summary"


@dataclass(frozen=True, slots=True)
class ExpectedRevision:
    """One revision that must be delivered, in this order."""

    state: AlertState = setting(help="Main state.")
    interests: tuple[str, ...] = setting(help="Interests that stand behind the story, in order of first report.")
    independent: int = setting(0, help="How many of them are independent.", minimum=0)
    flags: tuple[str, ...] = setting((), help="Other states that hold.")


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """One alert that must be raised, and how it grows."""

    rule: str = setting(help="Rule that raises it.")
    title: str = setting(help="Headline of the story's first report.")
    revisions: tuple[ExpectedRevision, ...] = setting(help="Its revisions.")


@dataclass(frozen=True, slots=True)
class Expected:
    """Everything that must reach the receiver."""

    alerts: tuple[ExpectedAlert, ...] = setting(help="Alerts, in order of first revision.")


def load_scenario() -> Scenario:
    """Read the bundled scenario, with links, ids and repeated words filled in.

    Errors: SettingsError with every mistake of the file.
    """
    with resources.as_file(resources.files("pipelines.demo") / _DATA / "scenario.yaml") as path:
        scenario = read(Scenario, path)
        if faults := [Fault(str(path), 0, where, message) for where, message in scenario.faults()]:
            raise SettingsError(faults)
    return resolved(scenario)


def load_expected() -> Expected:
    """Read what the bundled scenario must lead to. Errors: SettingsError."""
    with resources.as_file(resources.files("pipelines.demo") / _DATA / "expected.yaml") as path:
        return read(Expected, path)


def resolved(scenario: Scenario) -> Scenario:
    """Give every entry its link and id, and repeats the words and page of what they repeat."""
    sites = {feed.id: feed.site for feed in scenario.feeds}
    by_id = {entry.id: entry for entry in scenario.entries}

    def filled(entry: ScenarioEntry) -> ScenarioEntry:
        origin = by_id.get(entry.of, entry)
        page = origin if entry.kind in (Kind.AGAIN, Kind.EDIT) else entry
        trackers = f"?utm_source={entry.feed}&utm_medium=rss" if entry.kind is Kind.AGAIN else ""
        return dataclasses.replace(
            entry,
            title=entry.title or origin.title,
            summary=entry.summary or origin.summary,
            link=f"{sites[page.feed]}/2022/11/{page.id}{trackers}",
            guid=f"{sites[page.feed]}#{page.id}",
        )

    return dataclasses.replace(scenario, entries=tuple(map(filled, scenario.entries)))
