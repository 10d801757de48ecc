"""All own names that there are: those of the files and those that people saved, read by one reader (``shelf.py``)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from connectors.errors import Fault, SettingsError
from connectors.log.connect import connect
from pipelines.entities.own import Frequency, OwnEntry, read_own, read_written, starts_of
from pipelines.entities.table import Starts
from pipelines.revisions import SAVED, Saved, faults_of_author
from pipelines.saved_names import SavedName, SavedNames
from pipelines.shelf import Shelf


@dataclass(frozen=True, slots=True)
class NamesInForce:
    """The own names that are found, and what is not."""

    # Those of files in the files' order, then the saved ones by name.
    entries: tuple[OwnEntry, ...]
    # All that are saved and can be decoded, also those left out.
    saved: Mapping[str, SavedName]
    # Saved entries that are not found, and why.
    left_out: Mapping[str, str]
    # Mistakes in files that changed: of these the last good lists are in force.
    faults: tuple[Fault, ...] = ()


class NameShelf(Shelf[tuple[OwnEntry, ...], SavedName, NamesInForce]):
    """The own names of some files and of a store."""

    def __init__(
        self, files: tuple[str, ...], store: SavedNames | None = None, frequency: Frequency = lambda word: None
    ) -> None:
        super().__init__(files, store, ())
        self._frequency = frequency
        self._starts: Starts | None = None
        self._starts_of: tuple[OwnEntry, ...] = ()
        # Its own: making a thousand persons' forms takes a second, in which others may read.
        self._making = threading.Lock()

    def starts(self) -> Starts:
        """Give the names to find now, over the shipped ones; the same object where no entry changed.

        Makes them where they changed, for all who ask meanwhile. Errors: as ``read``.
        """
        with self._making:
            entries = self.read().entries
            if self._starts is None or entries != self._starts_of:
                self._starts, self._starts_of = starts_of(entries), entries
            return self._starts

    def _read_files(self) -> tuple[OwnEntry, ...]:
        return read_own(self._files, self._frequency)

    def _put_together(
        self, listed: tuple[OwnEntry, ...], saved: Saved[SavedName], faults: tuple[Fault, ...]
    ) -> NamesInForce:
        entries, left_out, of_files = list(listed), dict(saved.unreadable), {entry.name: entry for entry in listed}
        for name, record in saved.records.items():
            if name in of_files:
                left_out[name] = taken(of_files[name])
                continue
            try:
                entries.append(_read(record))
            except SettingsError as error:
                left_out[name] = "; ".join(f"{fault.where}: {fault.message}" for fault in error.faults)
        return NamesInForce(tuple(entries), saved.records, left_out, faults)


def taken(entry: OwnEntry) -> str:
    """Say that a file has an entry of this id."""
    return f"the file {Path(entry.path).name}, line {entry.line}, has an entry of this id"


def check(record: SavedName, listed: Iterable[OwnEntry], frequency: Frequency = lambda word: None) -> OwnEntry:
    """Check an entry before it is saved. Errors: SettingsError with every fault; its ``where`` names the field."""
    faults = faults_of_author(record.author)
    of_file = next((one for one in listed if one.name == record.name and one.path != SAVED), None)
    if of_file is not None:
        faults.append(Fault(SAVED, 0, "id", f"{taken(of_file)}: change it there, or choose another id"))
    try:
        entry = _read(record, frequency)
    except SettingsError as error:
        raise SettingsError([*faults, *error.faults]) from error
    if faults:
        raise SettingsError(faults)
    return entry


def _read(record: SavedName, frequency: Frequency = lambda word: None) -> OwnEntry:
    # How common a word is counts when an entry is saved: it is not taken out of force by what is read later.
    return read_written(record.section, record.fields, SAVED, frequency)


@lru_cache(maxsize=4)
def shared_name_shelf(files: tuple[str, ...], redis_url: str) -> NameShelf:
    """The shelf of this process for these files and this store."""
    return NameShelf(files, SavedNames(connect(redis_url)))
