"""Measures country names in inflected Slavic news: ``python -m tools.measure_slavic_news FOLDER``.

The folder holds documents of SlavicNER, the corpus of the BSNLP shared tasks (github.com/SlavicNLP/SlavicNER; not
shipped): ``LANGUAGE/NAME.txt`` and, beside it, ``NAME.tsv`` with start, end, mention, lemma, category and id.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pipelines.entities.find import entities_of_text

LANGUAGES = ("ru", "uk", "pl", "cs", "bg", "sl")
# Names of the corpus that English CLDR does not have.
_OTHER_NAMES = {"Great-Britain": "GB", "Holland": "NL", "USA": "US", "Vatican": "VA"}


@dataclass
class Tally:
    """Counts of one language, and what was wrong."""

    wanted: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0
    mistakes: Counter[str] = field(default_factory=Counter)


@lru_cache(maxsize=4096)
def country_of(gold: str) -> str:
    """Give the country that an id of the corpus names ("GPE-Russia"); "" for what is none."""
    kind, _, name = gold.partition("-")
    if kind != "GPE":
        return ""
    if name in _OTHER_NAMES:
        return f"country:{_OTHER_NAMES[name]}"
    written = name.removeprefix("Kingdom-of-").replace("-", " ")
    for one in entities_of_text(f"He was in {written}.", "en"):
        if one["kind"] == "country" and one["text"] == written:
            return str(one["id"])
    return ""


def measure(folder: Path) -> tuple[Tally, Tally]:
    """Give the tallies of names and of inhabitants in one language's documents."""
    names, people = Tally(), Tally()
    for path in sorted(folder.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        gold = [line.split("\t") for line in path.with_suffix(".tsv").read_text(encoding="utf-8").splitlines() if line]
        spans = [(int(row[0]), int(row[1]), row[4], country_of(row[5]), row[2]) for row in gold]
        found = entities_of_text(text, folder.name)
        for start, end, category, country, mention in spans:
            if not country or category not in ("LOC", "PER"):
                continue
            tally = names if category == "LOC" else people
            tally.wanted += 1
            # Inside an office's or a body's name it is implied: "президент США".
            over = [one for one in found if one["start"] < end and start < one["end"]]
            ids = {one["id"] for one in over} | {implied for one in over for implied in one.get("implies", ())}
            if country in ids:
                tally.found += 1
            else:
                tally.mistakes[f"missed {mention} ({country}): {sorted(ids)} in {path.name}"] += 1
        for one in found:
            if one["kind"] != "country":
                continue
            marked = [span for span in spans if span[0] < one["end"] and one["start"] < span[1]]
            if any(span[2] not in ("LOC", "PER") for span in marked):
                continue
            if any(one["id"] == span[3] for span in marked):
                names.right += 1
            else:
                names.wrong += 1
                names.mistakes[f"wrong {one['text']} ({one['id']}) in {path.name}: {[span[4] for span in marked]}"] += 1
    return names, people


def main(folder: Path) -> None:
    """Print a row for each language, then the mistakes."""
    print("| | documents | names | recall | precision | inhabitants | recall |")
    print("|---|---|---|---|---|---|---|")
    mistakes: list[str] = []
    for language in LANGUAGES:
        names, people = measure(folder / language)
        count = len(list((folder / language).glob("*.txt")))
        print(
            f"| {language} | {count} | {names.wanted} | {names.found / max(1, names.wanted):.3f}"
            f" | {names.right / max(1, names.right + names.wrong):.3f}"
            f" | {people.wanted} | {people.found / max(1, people.wanted):.3f} |"
        )
        mistakes += [f"{language}: {count} x {one}" for one, count in (names.mistakes + people.mistakes).most_common()]
    print("\n".join(["", *mistakes]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
