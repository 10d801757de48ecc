"""The names of this process: the shipped gazetteer, and a desk's own lists read again when they change."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable
from functools import lru_cache

from connectors.errors import Fault, SettingsError
from connectors.telemetry import FileKind, files_refused
from pipelines.entities.own import OwnStarts, list_files, read_own
from pipelines.entities.table import Starts, load
from pipelines.rules.load import stamp_of
from pipelines.text.tokens import Tokens

_LOOK_SECONDS = 2.0
# Texts in which common words are counted, at least and at most.
_LEAST_SAMPLE, _SAMPLE_TEXTS = 200, 2000


class NameBook:
    """A desk's own names out of files.

    The first reading raises what is wrong; later ones say so, and the last good lists stay in force.
    """

    def __init__(self, files: tuple[str, ...]) -> None:
        self._files = files
        self._stamp = self._stamps()
        self._starts: Starts = OwnStarts(read_own(files)) if files else load()
        self._look_at = time.monotonic() + _LOOK_SECONDS
        self._common: Counter[str] = Counter()
        self._texts: deque[frozenset[str]] = deque()

    def current(self) -> Starts:
        """The names to find now."""
        if self._files and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _LOOK_SECONDS
            self._look()
        return self._starts

    def saw(self, texts: Iterable[Tokens]) -> None:
        """Take note of what was read: a name that is a common word in it is refused at the next change."""
        if not self._files:
            return
        for tokens in texts:
            words = common_words(tokens)
            self._texts.append(words)
            self._common.update(words)
            if len(self._texts) > _SAMPLE_TEXTS:
                self._common.subtract(self._texts.popleft())

    def frequency(self, word: str) -> float | None:
        """Give the share of recent texts in which a folded word is a common word; None while too few were read."""
        return self._common[word] / len(self._texts) if len(self._texts) >= _LEAST_SAMPLE else None

    def _stamps(self) -> tuple[object, ...]:
        faults: list[Fault] = []
        return tuple((str(path), stamp_of(path)) for path in list_files(self._files, faults))

    def _look(self) -> None:
        stamp = self._stamps()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._starts = OwnStarts(read_own(self._files, self.frequency))
        except SettingsError as error:
            files_refused(FileKind.NAMES, error)


def common_words(tokens: Tokens) -> frozenset[str]:
    """Give the folded words that stand in a text with a small first letter, or in a script that has no capitals."""
    found: set[str] = set()
    for place, word in enumerate(tokens.words):
        if word:
            char = tokens.source(place)[tokens.starts[place]]
            if char.islower() or char.lower() == char.upper():
                found.add(word)
    return frozenset(found)


@lru_cache(maxsize=4)
def shared_namebook(files: tuple[str, ...]) -> NameBook:
    """The namebook of this process for these files."""
    return NameBook(files)
