"""What files and a store hold together, read by one reader and again where either changed.

A file wins over what somebody saved under the same name, and a saved record that cannot be read stops no other:
both are left out, with the reason.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from connectors.errors import Fault, SettingsError
from connectors.yaml_files import Stamps, stamps_of
from pipelines.revisions import Revised, Revisions, Saved


class HasFaults(Protocol):
    """What is in force, with the mistakes in files that changed: of these the last good state is in force."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Mistakes in files; () where there are none."""


Listed = TypeVar("Listed")
Record = TypeVar("Record", bound=Revised)
Force = TypeVar("Force", bound=HasFaults)


class Shelf(ABC, Generic[Listed, Record, Force]):
    """Reads files and store, and again what changed. Safe to use from several threads."""

    def __init__(self, files: tuple[str, ...], store: Revisions[Record] | None, nothing: Listed) -> None:
        self._files = files
        self._store = store
        self._stamp: Stamps | None = None
        # What the files hold, as it was last read without mistakes.
        self._listed = nothing
        self._saved: Saved[Record] = Saved()
        self._last: Force | None = None
        self._lock = threading.Lock()

    @property
    def store(self) -> Revisions[Record]:
        """Where saved records are kept, for who writes them. Only of a shelf with a store."""
        assert self._store is not None
        return self._store

    def read(self) -> Force:
        """Give what is in force now, the same object where nothing changed.

        Errors: SettingsError for mistakes in the files and redis.RedisError, both at the first reading only:
        later the last good files stay, and saved records that are known stay while the store is away.
        """
        with self._lock:
            return self._look() or self._known()

    def look(self) -> Force | None:
        """The same, None where nothing changed."""
        with self._lock:
            return self._look()

    @abstractmethod
    def _read_files(self) -> Listed:
        """Read the files. Errors: SettingsError with every fault."""

    @abstractmethod
    def _put_together(self, listed: Listed, saved: Saved[Record], faults: tuple[Fault, ...]) -> Force:
        """Give what is in force of what the files list and what is saved."""

    def _known(self) -> Force:
        assert self._last is not None
        return self._last

    def _look(self) -> Force | None:
        last, stamp, saved = self._last, stamps_of(self._files), self._saved_now()
        if last is not None and stamp == self._stamp and saved is self._saved:
            return None
        listed, faults = self._listed, last.faults if last is not None else ()
        if stamp != self._stamp:
            try:
                listed, faults = self._read_files(), ()
            except SettingsError as error:
                if last is None:
                    raise
                faults = error.faults
        self._stamp, self._saved = stamp, saved
        self._last = self._put_together(listed, saved, faults)
        self._listed = listed
        return self._last

    def _saved_now(self) -> Saved[Record]:
        if self._store is None:
            return self._saved
        return self._store.read() if self._last is None else self._store.again(self._saved)
