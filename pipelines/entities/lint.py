"""What ``wirewatch names lint`` says of a desk's own lists; nothing is run and nothing is searched."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.archive import opened, read_archive
from pipelines.entities.common import LEAST_SAMPLE, SAMPLE_TEXTS, CommonWords
from pipelines.entities.own import OwnEntry, Section, own_names_of, read_own
from pipelines.text.normalize import normalize
from pipelines.text.tokens import tokenize


def lint_lists(paths: Iterable[str | Path], archive: str = "") -> int:
    """Print what some lists hold; ``archive`` ("": none) has the entries in which common words are counted.

    Errors: SettingsError with every mistake of the lists, or with the archive's line that is no entry.
    """
    common = CommonWords()
    if archive:
        _count_words(common, archive)
    for line in lint_lines(read_own(paths, common.frequency), common.texts if archive else None):
        print(line)
    return 0


def _count_words(common: CommonWords, archive: str) -> None:
    with opened(archive) as lines:
        # As many as the pipeline remembers; what came before them it has forgotten.
        newest = deque(read_archive(lines, archive), maxlen=SAMPLE_TEXTS)
    items = (normalize(archived.entry) for archived in newest)
    common.saw(tokenize(item.title, item.text) for item in items)


def lint_lines(entries: Sequence[OwnEntry], texts: int | None = None) -> Iterator[str]:
    """Say how much was read, and in how many texts (None: none were given) common words were counted."""
    listed = Counter(entry.section for entry in entries)
    parts = ", ".join(f"{section} {listed[section]}" for section in Section)
    names = sum(len(spelled.split("|")) for entry in entries for spelled in entry.fields["names"].values())
    forms = len(own_names_of(entries).names)
    yield f"entries: {len(entries)} ({parts}), names: {names}, forms that are found: {forms}; no mistakes"
    if texts is not None and texts < LEAST_SAMPLE:
        yield f"common words: not looked for, expected at least {LEAST_SAMPLE} entries, got {texts}"
    elif texts is not None:
        yield f"common words: counted in the last {texts} entries"
