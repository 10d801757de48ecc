"""What ``wirewatch eval entities`` measures: found names against a labelled file, strictly by id and span."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import Fault, SettingsError
from pipelines.archive import opened, read_objects
from pipelines.entities.find import entities_of_text, year_of


@dataclass(slots=True)
class Tally:
    """Counts of right, wrong and missed names; ``precision``, ``recall`` and ``f1`` are 0 to 1."""

    right: int = 0
    found: int = 0
    wanted: int = 0

    def add(self, right: int, found: int, wanted: int) -> None:
        """Count one text."""
        self.right += right
        self.found += found
        self.wanted += wanted

    @property
    def precision(self) -> float:
        """Share of the found that is right."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the wanted that was found."""
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / (self.found + self.wanted) if self.found + self.wanted else 1.0


@dataclass(slots=True)
class Report:
    """Tallies by group, and what went wrong where."""

    groups: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    mistakes: list[dict[str, Any]] = field(default_factory=list)


def evaluate(lines: Iterable[str | bytes], path: str = "input") -> Report:
    """Compare what is found in each labelled line's text with its ``entities``.

    A name is right where id, start and end are. Groups: ``all``, ``language en``, ``set trap``, ``kind person``
    (by the label's kind, found ones by their own), and ``span place`` (places and countries by span alone) with
    ``link place`` (ids of those). Errors: SettingsError naming the line.
    """
    report = Report()
    for number, given in read_objects(lines, path):
        text, wanted = given.get("text"), given.get("entities")
        if not isinstance(text, str) or not isinstance(wanted, list):
            raise SettingsError([Fault(path, number, "", 'expected {"text", "language", "entities": [...]}')])
        for place, label in enumerate(wanted):
            if not _is_label(label):
                where = f"entities[{place}]"
                raise SettingsError([Fault(path, number, where, 'expected {"id", "kind", "start", "end"}')])
        language = str(given.get("language") or "")[:2]
        found = entities_of_text(text, language, year_of(given.get("date")))
        _compare(report, given, language, found, wanted)
    return report


def _is_label(label: Any) -> bool:
    return isinstance(label, dict) and all(
        isinstance(label.get(key), expected)
        for key, expected in (("id", str), ("kind", str), ("start", int), ("end", int))
    )


def key_of(entity: dict[str, Any]) -> tuple[str, int, int]:
    """Give what must agree for a name to count as found: its id, start and end."""
    return entity["id"], entity["start"], entity["end"]


def _compare(
    report: Report, given: dict[str, Any], language: str, found: list[dict[str, Any]], wanted: list[dict[str, Any]]
) -> None:
    have, want = {key_of(one) for one in found}, {key_of(one) for one in wanted}
    for group in ("all", f"language {language or '-'}", f"set {given.get('set') or '-'}"):
        report.groups[group].add(len(have & want), len(have), len(want))
    for kind in {one["kind"] for one in found} | {one["kind"] for one in wanted}:
        has = {key_of(one) for one in found if one["kind"] == kind}
        wants = {key_of(one) for one in wanted if one["kind"] == kind}
        report.groups[f"kind {kind}"].add(len(has & wants), len(has), len(wants))
    places = {key_of(one)[1:]: one["id"] for one in found if one["id"].startswith(("place:", "country:"))}
    gold = {key_of(one)[1:]: one["id"] for one in wanted if one["id"].startswith(("place:", "country:"))}
    shared = places.keys() & gold.keys()
    report.groups["span place"].add(len(shared), len(places), len(gold))
    report.groups["link place"].add(sum(places[span] == gold[span] for span in shared), len(shared), len(shared))
    if have != want:
        report.mistakes.append(
            {
                "id": given.get("id"), "language": language, "text": given["text"],
                "missed": sorted(_shown(given["text"], one) for one in wanted if key_of(one) not in have),
                "wrong": sorted(_shown(given["text"], one) for one in found if key_of(one) not in want),
            }
        )  # fmt: skip


def _shown(text: str, entity: dict[str, Any]) -> str:
    return f"{text[entity['start'] : entity['end']]} {entity['id']}"


def table_of(report: Report) -> Iterator[str]:
    """Give the report as lines for people."""
    yield f"{'group':24} {'precision':>9} {'recall':>7} {'F1':>6} {'names':>7}"
    for group, tally in sorted(report.groups.items(), key=lambda one: (one[0] != "all", one[0])):
        yield f"{group:24} {tally.precision:9.3f} {tally.recall:7.3f} {tally.f1:6.3f} {tally.wanted:7}"


def evaluate_file(path: str, show_mistakes: bool) -> int:
    """Print the figures for a labelled file ("-": standard input), and every mistake if wanted."""
    with opened(path) as lines:
        report = evaluate(lines, path)
    print("\n".join(table_of(report)))
    if show_mistakes:
        for mistake in report.mistakes:
            print(f"\n{mistake['id']} {mistake['language']} {mistake['text']}")
            print(f"  missed: {'; '.join(mistake['missed']) or '-'}\n  wrong: {'; '.join(mistake['wrong']) or '-'}")
    return 0
