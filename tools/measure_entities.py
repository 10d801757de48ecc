"""Prints docs/quality.md out of tools/data/quality.md: ``python -m tools.measure_entities > docs/quality.md``."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from pipelines.entities.evaluate import Report, Tally, evaluate, key_of
from pipelines.entities.find import entities_of_text, year_of
from pipelines.entities.table import load

_DATA = Path(__file__).parents[1] / "tests" / "data" / "entities"
SENTENCES, COUNTRIES = _DATA / "sentences.jsonl", _DATA / "countries.jsonl"
_OWN_SETS = ("ar", "fa", "he", "tr", "zh")

PAGE = Path(__file__).parent / "data" / "quality.md"


def _row(name: str, tally: Tally) -> str:
    return f"| {name} | {tally.precision:.3f} | {tally.recall:.3f} | {tally.f1:.3f} | {tally.wanted:,} |"


def _tables(whole: Report, held_out: Report) -> list[str]:
    lines = ["## Labelled sentences", ""]
    for title, report in (("all", whole), ("held out", held_out)):
        lines += [f"| {title} | precision | recall | F1 | names |", "|---|---|---|---|---|"]
        groups = sorted(report.groups, key=lambda group: (group != "all", group))
        lines += [_row(group, report.groups[group]) for group in groups if not group.startswith("link")]
        link = report.groups["link place"]
        lines += [f"| right id of the places and countries found | {link.precision:.3f} | | | {link.found:,} |", ""]
    return lines


def _countries(rows: list[dict[str, object]]) -> list[str]:
    """Names of countries only, on the sets that were written for them, half of them traps.

    Inside an office or a body a country counts where that implies it.
    """
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        if not str(row["id"]).startswith("own"):
            continue
        text, language = str(row["text"]), str(row["language"])
        marked = row["entities"]
        assert isinstance(marked, list)
        everything = {key_of(one) for one in marked}
        wanted = {key_of(one) for one in marked if one["kind"] == "country"}
        entities = entities_of_text(text, language, year_of(row.get("date")))
        found = {key_of(one) for one in entities if one["kind"] == "country"}
        implied = {key for key in wanted - found if any(_implies(one, *key) for one in entities)}
        for part in ("second",) if row["part"] == "second" else ("all", str(row["part"])):
            tally = counts[language, part]
            tally[0] += len(found & wanted) + len(implied)
            tally[1] += len(wanted)
            tally[2] += len(found - everything)
    lines = [
        "## Countries by name, half of the sentences traps",
        "",
        "| | recall | precision | held out: recall | precision | second set: recall | precision |",
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    for language in _OWN_SETS:
        cells = []
        for part in ("all", "held out", "second"):
            right, wanted_count, wrong = counts[language, part]
            cells += [f"{right / wanted_count:.3f}", f"{right / (right + wrong):.3f}"] if wanted_count else ["", ""]
        lines.append(f"| {language} | {' | '.join(cells)} |")
    return [*lines, ""]


def _implies(entity: dict[str, Any], country: str, start: int, end: int) -> bool:
    return bool(entity["start"] <= start and end <= entity["end"] and country in entity.get("implies", ()))


def page() -> str:
    """Give the page."""
    raw = SENTENCES.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in raw]
    second = [json.loads(line) for line in COUNTRIES.read_text(encoding="utf-8").splitlines()]
    whole = evaluate(raw)
    held_out = evaluate(line for line, row in zip(raw, rows, strict=True) if row["part"] == "held out")
    counts = load().table.header.counts
    lists = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in sorted(counts.items()))
    return PAGE.read_text(encoding="utf-8").format(
        count=f"{len(rows):,}",
        names=f"{whole.groups['all'].wanted:,}",
        traps=sum(row["set"] == "trap" for row in rows),
        tables="\n".join([f"Lists: {lists}.", "", *_tables(whole, held_out), *_countries([*rows, *second])]),
    )


if __name__ == "__main__":
    print(page(), end="")
