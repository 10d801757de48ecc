"""Persons, organisations and places that people save from the page.

Whether an entry is sound is not looked at here: ``name_shelf.py`` reads it, by the reader of lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import redis

from connectors.log import names as keys
from connectors.records import SCHEMA
from pipelines.entities.own import Section
from pipelines.revisions import Place, Revisions

# Fields of an entry that a list has under the same keys, beside its id and its names.
OPTIONAL = ("kind", "type", "country", "weight", "alone", "offices")


@dataclass(frozen=True, slots=True)
class SavedName:
    """One revision of an entry that was saved, or the mark that somebody deleted it."""

    section: Section
    id: str
    # Spellings by language, "|" between them; the first language is the native one.
    names: Mapping[str, str]
    author: str
    saved_at: datetime
    kind: str = ""
    type: str = ""
    country: str = ""
    weight: str = ""
    alone: bool = False
    offices: tuple[str, ...] = ()
    # From 1, and on over deletions.
    revision: int = 0
    is_deleted: bool = False
    schema: int = SCHEMA

    @property
    def name(self) -> str:
        """List and id, "persons/ivan-example"."""
        return f"{self.section}/{self.id}"

    @property
    def fields(self) -> dict[str, object]:
        """The entry as a list would have it; what is empty is left out."""
        given = {key: getattr(self, key) for key in OPTIONAL}
        return {"id": self.id, **{key: value for key, value in given.items() if value}, "names": self.names}


class SavedNames(Revisions[SavedName]):
    """The saved entries of one store."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client, SavedName, Place("entry", keys.NAMES, keys.NAMES_CHANGE, keys.name_history))
