"""Names for people: whose voice an interest is, what a control code means. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from connectors.records import AlertState, Report

# Codes of the State Media Monitor typology.
_CONTROL = {
    "SC": "state-controlled",
    "CaPu": "captured public outlet",
    "CaPr": "captured private outlet",
    "ISFM": "state-funded and state-managed, editorially independent",
    "ISF": "state-funded, editorially independent",
    "ISM": "state-managed, editorially independent",
    "IP": "independent public outlet",
    "private": "private",
}
_NEWSROOMS = {"private": "independent newsroom", "public": "independent public media"}
_ACTORS = {"group": "group", "company": "company", "org": "organisation", "person": "person"}
_LADDER = (AlertState.SINGLE_SOURCE, AlertState.PARTY_CONFIRMED, AlertState.INDEPENDENT)


@cache
def _adjectives() -> dict[str, str]:
    text = (Path(__file__).parent / "adjectives.tsv").read_text(encoding="utf-8")
    return {code: adjective for code, _, adjective in (line.partition("\t") for line in text.splitlines())}


def adjective(country: str) -> str:
    """Name a country's adjective ("Iranian"); its code where there is none."""
    return _adjectives().get(country, country)


def interest_label(interest: str) -> str:
    """Say whose voice an interest is: "Iranian state", "independent newsroom", "unlabelled"."""
    kind, _, name = interest.partition(":")
    if kind == "state" and name:
        return f"{adjective(name)} state"
    if kind in _NEWSROOMS:
        return _NEWSROOMS[kind]
    if kind in _ACTORS and name:
        return f"{_ACTORS[kind]} {name.replace('-', ' ')}"
    return "unlabelled"


def interest_name(interest: str) -> str:
    """Name a newsroom behind an interest; "" where the label names it already."""
    kind, _, name = interest.partition(":")
    return name.replace("-", " ") if kind in _NEWSROOMS else ""


def interest_kind(interest: str) -> str:
    """Class an interest for its colour: state, independent, actor or unknown."""
    kind = interest.partition(":")[0]
    if kind in _NEWSROOMS:
        return "independent"
    return "actor" if kind in _ACTORS else kind if kind == "state" else "unknown"


def control_label(control: str) -> str:
    """Say what a control code means; "" for the unknown."""
    return _CONTROL.get(control, "")


def telling(reports: Sequence[Report], most: int) -> list[Report]:
    """Choose the reports that a card has room for, in their order: the first of each voice, then the earliest.

    A newsroom that confirms after ten outlets of one state is what a reader must see.
    """
    heard: set[str] = set()
    chosen: list[int] = []
    for place, report in enumerate(reports):
        if not report.copy_of and report.interest not in heard:
            heard.add(report.interest)
            chosen.append(place)
    rest = [place for place in range(len(reports)) if place not in set(chosen)]
    return [reports[place] for place in sorted([*chosen, *rest][:most])]


def ladder_step(state: str, flags: tuple[str, ...]) -> int:
    """Say how far up the ladder of who says so, 1 to 3, denied and disputed beside; 0 not at all."""
    reached = {state, *flags}
    return max((place for place, name in enumerate(_LADDER, 1) if name.value in reached), default=0)
