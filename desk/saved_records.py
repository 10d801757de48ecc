"""What the desk says of anything that people save, for page and API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipelines.revisions import Revised

T = TypeVar("T", bound=Revised)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was saved and is not in force, and why."""

    name: str
    reason: str
    # 0 where its record cannot be read.
    revision: int


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What a revision made of one field."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """One revision, with what it changed."""

    record: Revised
    # "saved", "changed", "deleted", "saved again".
    did: str
    changes: tuple[FieldChange, ...]


def left_out_of(reasons: Mapping[str, str], saved: Mapping[str, Revised]) -> tuple[LeftOut, ...]:
    """List what is left out, by name."""
    return tuple(
        LeftOut(name, reason, saved[name].revision if name in saved else 0) for name, reason in sorted(reasons.items())
    )


def steps_of(told: Sequence[T], shown: Callable[[T], Mapping[str, str]]) -> tuple[Step, ...]:
    """Tell a history, the newest revision first; ``shown`` gives the fields of a revision as the page names them."""
    return tuple(_step(record, before, shown) for record, before in zip(told, (*told[1:], None), strict=False))


def _step(record: T, before: T | None, shown: Callable[[T], Mapping[str, str]]) -> Step:
    if record.is_deleted:
        return Step(record, "deleted", ())
    now, then = shown(record), shown(before) if before is not None else {}
    changes = tuple(
        FieldChange(field, then.get(field, ""), value) for field, value in now.items() if value != then.get(field, "")
    )
    return Step(record, "saved" if before is None else "saved again" if before.is_deleted else "changed", changes)
