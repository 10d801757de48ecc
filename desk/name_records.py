"""What the desk says of own names and takes as one, for page and API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.errors import SettingsError
from desk.saved_records import LeftOut
from pipelines.entities.own import Section


@dataclass(frozen=True, slots=True)
class NameChange:
    """What a saved entry is to be, and by whom."""

    # Spellings by two-letter language, "|" between them; the first language is the native one.
    names: Mapping[str, str]
    author: str
    # org, company or group; of organisations only.
    kind: str = ""
    # Of places; "media" for an organisation that tells and is no party.
    type: str = ""
    # ISO codes, a space between.
    country: str = ""
    # Power of ten of its people; of places only.
    weight: str = ""
    # Whether the bare surname means nobody else; of persons, as are offices: "president 2020-2024".
    alone: bool = False
    offices: tuple[str, ...] = ()
    # The revision that the author saw; 0 for a new entry.
    revision: int = 0


@dataclass(frozen=True, slots=True)
class ListedName:
    """An own name in force, and where it comes from."""

    section: Section
    id: str
    names: Mapping[str, str]
    # "file" or "saved".
    origin: str
    # File and line; "" for a saved one.
    place: str
    # As of ``NameChange``.
    kind: str = ""
    type: str = ""
    country: str = ""
    weight: str = ""
    alone: bool = False
    offices: tuple[str, ...] = ()
    # Who saved it when; "", None and 0 for one of a file.
    author: str = ""
    saved_at: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class NameListing:
    """All own names: those in force, the saved ones that are not, and mistakes in the files."""

    names: tuple[ListedName, ...]
    left_out: tuple[LeftOut, ...]
    # Of files with mistakes the last good lists stay in force.
    faults: tuple[str, ...]


@dataclass(slots=True)
class NameTrial:
    """An entry tried, and the own names in force with it."""

    # What is wrong with the entry, each with its field.
    mistakes: list[str] = field(default_factory=list)
    # Whether the entry can be saved.
    is_sound: bool = False
    text: str = ""
    is_cut: bool = False
    # What is found in the text, as ``wirewatch entities --explain`` prints it; None where no text was given.
    found: list[dict[str, object]] | None = None


def name_mistakes(error: SettingsError) -> list[str]:
    """Say what is wrong with an entry, each mistake with its field."""
    return [f"{fault.where}: {fault.message}" for fault in error.faults]
