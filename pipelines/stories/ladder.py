"""The ladder of who says so: single source, confirmed by another party, independent. Pure.

Denials, corrections and citing-only reports come with the claims; until then every report that is no
copy stands behind its story.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectors.records import AlertState

_INDEPENDENT = ("private:", "public:")
_UNKNOWN = "unknown:"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a story stands."""

    state: AlertState
    flags: tuple[str, ...]
    # How many of the interests are newsrooms on their own authority.
    independent: int


def counts(interest: str) -> bool:
    """Say whether an interest counts at all: what nobody labelled counts nowhere."""
    return bool(interest) and not interest.startswith(_UNKNOWN)


def is_independent(interest: str) -> bool:
    """Say whether an interest is an independent newsroom's."""
    return interest.startswith(_INDEPENDENT)


def is_party(interest: str, countries: Collection[str]) -> bool:
    """Say whether an interest is a party to a story that names these countries (ISO codes)."""
    kind, _, country = interest.partition(":")
    return kind == "state" and country in countries


def standing(first: str, interests: Sequence[str], countries: Collection[str]) -> Standing:
    """Place a story on the ladder.

    ``first`` is the first report's interest, which may be unknown; ``interests`` are the ones that
    count, each once; ``countries`` are those that the story names.
    """
    independent = sum(map(is_independent, interests))
    confirmed = any(is_party(interest, countries) for interest in interests if interest != first)
    if len(interests) >= 2 and independent:
        flags = (str(AlertState.PARTY_CONFIRMED),) if confirmed else ()
        return Standing(AlertState.INDEPENDENT, flags, independent)
    if confirmed:
        return Standing(AlertState.PARTY_CONFIRMED, (), independent)
    return Standing(AlertState.SINGLE_SOURCE, (), independent)
