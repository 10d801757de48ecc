"""The names of this process: the shipped gazetteer, and a desk's own names read again when they change."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache

from connectors.errors import SettingsError
from connectors.log.log import shared_log
from connectors.telemetry import FileKind, files_refused
from pipelines import telemetry
from pipelines.entities.common import CommonWords
from pipelines.entities.table import Starts
from pipelines.name_shelf import NameShelf, NamesInForce
from pipelines.saved_names import SavedNames
from pipelines.text.tokens import Tokens

_LOOK_SECONDS = 2.0


class NameBook:
    """A desk's own names out of files, and where a store is named those that people saved.

    The first reading raises what is wrong, and waits for an absent store; later ones say so, and the last good
    names stay in force.
    """

    def __init__(self, files: tuple[str, ...], redis_url: str = "") -> None:
        self._files = files
        self._changes = bool(files or redis_url)
        self._common = CommonWords()
        log = shared_log(redis_url) if redis_url else None
        self._shelf = NameShelf(files, SavedNames(log.client) if log is not None else None, self._common.frequency)
        self._in_force = NamesInForce((), {}, {})
        # Items that came before the saved names are known would never meet them.
        self._starts = self._take(log.waiting(self._shelf.read) if log is not None else self._shelf.read())
        self._look_at = time.monotonic() + _LOOK_SECONDS

    def _take(self, found: NamesInForce) -> Starts:
        last, self._in_force = self._in_force, found
        if found.faults and found.faults != last.faults:
            files_refused(FileKind.NAMES, SettingsError(found.faults))
        if found.left_out != last.left_out:
            telemetry.saved_names_left_out(found.left_out)
        return self._shelf.starts()

    def current(self) -> Starts:
        """The names to find now."""
        if self._changes and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _LOOK_SECONDS
            found = self._shelf.read()
            if found is not self._in_force:
                self._starts = self._take(found)
        return self._starts

    def saw(self, texts: Iterable[Tokens]) -> None:
        """Take note of what was read: a name of a file that is a common word in it is refused at the next change."""
        if self._files:
            self._common.saw(texts)


@lru_cache(maxsize=4)
def shared_namebook(files: tuple[str, ...], redis_url: str = "") -> NameBook:
    """The namebook of this process for these files and the saved names of this store."""
    return NameBook(files, redis_url)
