"""One row of the table that ``make bench`` prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A figure and its bar. ``is_met`` is None where there is no bar or it could not be measured."""

    name: str
    value: str
    bar: str = ""
    is_met: bool | None = None


def at_least(name: str, value: float, bar: float, unit: str) -> Row:
    """A figure that must not be lower than its bar."""
    return Row(name, f"{value:,.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}", f">= {bar:,g}", value >= bar)


def at_most(name: str, value: float, bar: float, unit: str) -> Row:
    """A figure that must not be higher than its bar."""
    return Row(name, f"{value:,.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}", f"<= {bar:,g}", value <= bar)


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    marks = {True: "met", False: "MISSED", None: ""}
    lines = ["| measure | value | bar | |", "|---|---|---|---|"]
    lines += [f"| {row.name} | {row.value} | {row.bar} | {marks[row.is_met]} |" for row in rows]
    return "\n".join(lines)
