"""Saves, deletes and tries own names for page and API alike, and tells of their history. Blocks: called in threads.

Brings the reader of lists with it, which a desk that nobody asks for names can do without: import it where it is
needed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import redis

from connectors.codec import UnreadableRecordError, decode
from connectors.errors import SettingsError
from connectors.log import names
from connectors.log.connect import connect
from connectors.records import Evidence
from desk.name_records import ListedName, NameChange, NameListing, NameTrial, name_mistakes
from desk.saved_records import Step, left_out_of, steps_of
from desk.state import Desk
from pipelines.entities.common import CommonWords
from pipelines.entities.find import entities_of_text
from pipelines.entities.own import Frequency, OwnEntry, Section, starts_of
from pipelines.entities.table import Starts
from pipelines.model import Item
from pipelines.name_shelf import NameShelf, NamesInForce, check, shared_name_shelf
from pipelines.revisions import SAVED, check_author
from pipelines.saved_names import OPTIONAL, SavedName
from pipelines.text.language import detect
from pipelines.text.tokens import tokenize

_TEXT_LIMIT = 20_000
# Newest items in which common words are counted, and how long the count is good.
_SAMPLE_ITEMS = 500
_SAMPLE_SECONDS = 60


def shelf_of(desk: Desk) -> NameShelf:
    """The shelf of this desk's own names."""
    return shared_name_shelf(desk.node.names, desk.redis_url)


def names_to_find(desk: Desk) -> Starts | None:
    """The names that the items pipeline finds now; None where files or store cannot be read, of which the page tells.

    Takes a second after a change of a thousand names, no time otherwise.
    """
    try:
        return shelf_of(desk).starts()
    except (SettingsError, redis.RedisError):
        return None


def listing(in_force: NamesInForce) -> NameListing:
    """List all own names."""
    left_out = left_out_of(in_force.left_out, in_force.saved)
    listed = tuple(_listed(entry, in_force) for entry in in_force.entries)
    return NameListing(listed, left_out, tuple(map(str, in_force.faults)))


def _listed(entry: OwnEntry, in_force: NamesInForce) -> ListedName:
    fields: dict[str, Any] = {**entry.fields, "offices": tuple(entry.fields.get("offices", ()))}
    if entry.path != SAVED:
        return ListedName(section=entry.section, origin="file", place=f"{Path(entry.path).name}:{entry.line}", **fields)
    saved = in_force.saved[entry.name]
    who: dict[str, Any] = {"author": saved.author, "saved_at": saved.saved_at, "revision": saved.revision}
    return ListedName(section=entry.section, origin="saved", place="", **fields, **who)


def save(desk: Desk, section: Section, entry_id: str, change: NameChange) -> SavedName:
    """Save an entry; gives it as it was saved.

    Errors: SettingsError for what cannot be saved, ChangedMeanwhileError where somebody was first,
    redis.RedisError where the store is away.
    """
    shelf, record = shelf_of(desk), _record(desk, section, entry_id, change)
    check(record, shelf.read().entries, _frequency(desk))
    return shelf.store.save(record, change.revision)


def _record(desk: Desk, section: Section, entry_id: str, change: NameChange) -> SavedName:
    given: dict[str, Any] = {key: getattr(change, key) for key in OPTIONAL}
    return SavedName(section, entry_id, change.names, change.author.strip(), desk.clock(), **given)


def delete(desk: Desk, name: str, author: str, revision: int) -> SavedName:
    """Delete a saved entry, "<list>/<id>"; gives the mark that stays in its history. Errors: as ``save``."""
    check_author(author.strip())
    return shelf_of(desk).store.delete(name, author.strip(), desk.clock(), revision)


def steps(desk: Desk, name: str) -> tuple[Step, ...]:
    """Tell the history of a saved entry, the newest revision first; () for one that there never was."""
    return steps_of(shelf_of(desk).store.history(name), _shown)


def _shown(record: SavedName) -> dict[str, str]:
    return {
        "names": lines_of(record.names),
        "kind": record.kind,
        "type": record.type,
        "country": record.country,
        "weight": record.weight,
        "alone": "yes" if record.alone else "",
        "offices": ", ".join(record.offices),
    }


def lines_of(spellings: Mapping[str, str]) -> str:
    """Print spellings as they are typed, a language a line."""
    return "\n".join(f"{language}: {written}" for language, written in spellings.items())


def names_of(lines: str) -> dict[str, str]:
    """Read spellings that were typed, a language a line; what is malformed is told by whoever checks them."""
    found: dict[str, str] = {}
    for line in filter(str.strip, lines.splitlines()):
        language, _, written = (part.strip() for part in line.partition(":"))
        found[language] = f"{found[language]}|{written}" if language in found else written
    return found


def tried(desk: Desk, section: Section, entry_id: str, change: NameChange, text: str, language: str) -> NameTrial:
    """Read an entry, unless nothing was typed, and find all own names in a text, that entry among them."""
    trial = NameTrial(text=text[:_TEXT_LIMIT], is_cut=len(text) > _TEXT_LIMIT)
    try:
        entries = shelf_of(desk).read().entries
    except (SettingsError, redis.RedisError):
        # The page tells of it.
        entries = ()
    if entry_id or change.names:
        record = _record(desk, section, entry_id, change)
        try:
            entry = check(record, entries, _frequency(desk))
        except SettingsError as error:
            trial.mistakes = name_mistakes(error)
        else:
            trial.is_sound = True
            entries = (*(one for one in entries if one.name != entry.name), entry)
    if text.strip():
        language = language.strip().lower()[:2] or detect("", trial.text, "", desk.node.items.languages)
        year = desk.clock().year
        trial.found = entities_of_text(trial.text, language, year, explain=True, starts=starts_of(entries))
    return trial


def evidence_of(trial: NameTrial) -> list[Evidence]:
    """Give what was found as what is marked in the text."""
    found: list[Any] = trial.found or []
    return [Evidence("text", one["start"], one["end"], one["text"]) for one in found]


def _frequency(desk: Desk) -> Frequency:
    """How common a word is among the newest items; they are read when a name asks first."""
    return lambda word: _newest_words(desk.redis_url, int(time.monotonic() // _SAMPLE_SECONDS)).frequency(word)


@lru_cache(maxsize=2)
def _newest_words(redis_url: str, turn: int) -> CommonWords:
    common = CommonWords()
    try:
        reply: Any = connect(redis_url).xrevrange(names.ITEMS, count=_SAMPLE_ITEMS)
    except redis.RedisError:
        # Whoever saves is told by the store itself.
        return common
    for _, fields in reply:
        try:
            item = decode(Item, fields[names.FIELD])
        except UnreadableRecordError:
            continue
        common.saw([tokenize(item.title, item.text)])
    return common
