"""Items to try rules on, outside the pipelines: of a text that somebody typed, and of an archive's lines.

Both get language and entities as the items pipeline tells them, where ``starts`` are the names that it finds
(None: only those that come with wirewatch).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.records import Entry
from pipelines.archive import opened, read_archive
from pipelines.entities.find import find_entities
from pipelines.entities.table import Starts
from pipelines.model import Item, Match
from pipelines.rules.evaluate import evaluate, in_reading_order
from pipelines.rules.model import Rule
from pipelines.rules.view import TextView
from pipelines.text.language import detect
from pipelines.text.normalize import lead_of, normalize
from pipelines.text.tokens import Tokens, tokenize

# Gives the matches of some rules in one item: whichever engine, the plain one below or a faster one.
MatchItem = Callable[[Item, Tokens], Collection[Match]]
_TYPED_AT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TriedItem:
    """One item to try rules on, with its words."""

    id: str
    item: Item
    tokens: Tokens


def item_of_text(text: str, languages: Collection[str] = (), starts: Starts | None = None) -> TriedItem:
    """Make an item of "title | text" as it is typed: offsets of what is found point into it.

    It has no feed, site or category, so a rule that asks for one finds none.
    """
    title, _, body = (part.strip() for part in text.partition(" | "))
    return typed_item(title, body, languages, starts=starts)


def typed_item(
    title: str, text: str, languages: Collection[str] = (), language: str = "", starts: Starts | None = None
) -> TriedItem:
    """Make an item of a title and a text as they were typed; likewise. Without ``language`` it is detected."""
    made = normalize(Entry("", "typed", "", title, "", text, _TYPED_AT))
    lead = lead_of(text)
    language = language or detect(title, lead, "", languages)
    return tried_item("typed", replace(made, title=title, text=text, lead=lead, language=language), starts)


def read_items(
    lines: Iterable[str | bytes], path: str, languages: Collection[str] = (), starts: Starts | None = None
) -> Iterator[TriedItem]:
    """Give the items of an archive, one by one, in the order of the lines.

    Errors: SettingsError naming the line that is no entry.
    """
    for archived in read_archive(lines, path):
        item = normalize(archived.entry)
        language = detect(item.title, item.lead, archived.entry.language, languages)
        yield tried_item(archived.id, replace(item, language=language), starts)


@contextmanager
def archived_items(path: str, starts: Starts | None = None) -> Iterator[Iterator[TriedItem]]:
    """Open an archive ("-": standard input) and give its items. Errors: as ``read_items``."""
    with opened(path) as lines:
        yield read_items(lines, path, starts=starts)


def tried_item(entry_id: str, item: Item, starts: Starts | None = None) -> TriedItem:
    """Give an item, whose language is known, with its words and what they name."""
    tokens = tokenize(item.title, item.text)
    entities = find_entities(tokens, item.language, item.event_at.year, starts)
    return TriedItem(entry_id, replace(item, entities=entities), tokens)


def reads(rule: Rule, item: Item) -> bool:
    """Say whether a rule reads an item's language."""
    return not rule.languages or item.language in rule.languages


def matched_plainly(rules: Iterable[Rule]) -> MatchItem:
    """Match by the plain evaluator, as the specification says; slow with many rules or long texts."""
    listed = tuple(rules)

    def match(item: Item, tokens: Tokens) -> list[Match]:
        view = TextView(item, tokens)
        found = [(rule, evaluate(rule.node, view)) for rule in listed if reads(rule, item)]
        return [Match(rule.name, rule.version, in_reading_order(one)) for rule, one in found if one is not None]

    return match


def printable(text: str) -> str:
    """Give a text that moves no cursor: an entry's id may hold anything."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in text)
