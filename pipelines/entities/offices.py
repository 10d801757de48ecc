"""Offices: a role's words beside a country or an organisation, and who held it in the year of the item."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from pipelines.entities.context import BODIES, STATES
from pipelines.entities.table import Sense

if TYPE_CHECKING:
    from pipelines.entities.find import Finder, Span

# Roles that one person holds at a time: an office even where no holder is listed.
_SINGULAR = frozenset(
    "president vice-president prime-minister chancellor monarch crown-prince supreme-leader foreign-minister"
    " defence-minister interior-minister finance-minister energy-minister security-council-secretary"
    " national-security-adviser chief-of-general-staff central-bank-governor".split()
)
# Roles that a state gives to many at a time.
_SHARED = frozenset(
    "ambassador envoy adviser governor mayor commander leader director chairman judge negotiator party-leader"
    " opposition-leader chief-executive secretary".split()
)
_BETWEEN = frozenset("of the von der des de du d del la los las l di של ה s".split())
_BETWEEN_LIMIT = 2
_APPOSITION_LIMIT = 8
# Capitals tell nothing about persons here: nouns have them, or nothing has.
_CAPITALISED_NOUNS = frozenset(("de",))
_COUNTRY_CODE = 2


def settle(finder: Finder) -> None:
    """Join roles with the country or body beside them; where the holder's name follows, the parts stay apart."""
    spans = finder.spans
    are_joined = False
    for place, span in enumerate(spans):
        if not span.listed.has_role or span.sense is not None:
            continue
        roles = roles_of(span)
        if not roles:
            continue
        for beside in (place - 1, place + 1):
            if 0 <= beside < len(spans) and _join(finder, place, beside, roles):
                are_joined = True
                break
    if are_joined:
        finder.spans = [span for span in spans if span.kind != "joined"]


def roles_of(span: Span) -> list[str]:
    """Give the roles that a span's words may name: president, foreign-minister."""
    return [sense.id.removeprefix("role:") for sense in span.senses if sense.kind == "role"]


def _join(finder: Finder, place: int, beside: int, roles: list[str]) -> bool:
    spans = finder.spans
    span, other = spans[place], spans[beside]
    if (
        other.sense is None
        or other.kind == "joined"
        or not _touches(finder, *sorted((span, other), key=attrgetter("first")))
    ):
        return False
    sense = other.sense
    if sense.kind in STATES and sense.id.startswith("country:") and " " not in sense.id:
        owner = sense.id.removeprefix("country:").lower()
    elif sense.kind in BODIES:
        owner = sense.id.partition(":")[2]
    else:
        return False
    if "security-council" in owner and "secretary" in roles and sense.countries:
        # Named with its body instead of its country.
        owner, roles = sense.countries[0].lower(), ["security-council-secretary"]
    held = finder.header.holders
    fitting = [role for role in roles if _is_office(finder, owner, role)]
    key = min((f"{owner}-{role}" for role in fitting), key=lambda one: one not in held, default="")
    if not key:
        return False
    first, last = min(span.first, other.first), max(span.last, other.last)
    if _person_follows(finder, place, beside, last) or _person_precedes(finder, min(place, beside), first):
        return False
    holders = [person for person, begun, ended in held.get(key, ()) if finder.year and begun <= finder.year <= ended]
    span.sense = Sense(f"office:{key}", "office", "any", countries=sense.countries)
    span.kind = "office"
    span.first, span.last = first, last
    if first == other.first:
        span.start = other.start
    span.reasons += (f"role beside {sense.id}",)
    if len(holders) == 1:
        span.implies = (holders[0],)
        span.reasons += (f"held in {finder.year} by {holders[0]}",)
    elif holders:
        span.flags += ("several-holders",)
    other.kind, other.sense, other.senses = "joined", None, ()
    return True


def _is_office(finder: Finder, owner: str, role: str) -> bool:
    if role in _SHARED and len(owner) == _COUNTRY_CODE:
        return False
    key = f"{owner}-{role}"
    return key in finder.header.holders or (role in _SINGULAR and len(owner) == _COUNTRY_CODE)


def _touches(finder: Finder, left: Span, right: Span) -> bool:
    """Say whether only "of the" or a possessive stands between two spans."""
    between = range(left.last + 1, right.first)
    if len(between) > _BETWEEN_LIMIT or not finder.is_joined(left.last, right.first):
        return False
    return all(finder.tokens.words[place] in _BETWEEN for place in between)


def _person_precedes(finder: Finder, place: int, first: int) -> bool:
    """Say whether the phrase stands behind a person's name and a comma: "Rutte, the NATO secretary general"."""
    if not place:
        return False
    before = finder.spans[place - 1]
    if before.sense is None or before.sense.kind != "person":
        return False
    tokens = finder.tokens
    if tokens.field(before.last) != tokens.field(first):
        return False
    gap = tokens.source(first)[tokens.ends[before.last] : tokens.starts[first]]
    return gap.startswith((", ", "، ")) and len(gap) <= _APPOSITION_LIMIT and "." not in gap


def _person_follows(finder: Finder, place: int, beside: int, last: int) -> bool:
    """Say whether the phrase is an apposition: a person's name stands right behind it."""
    behind = max(place, beside) + 1
    if behind < len(finder.spans):
        follower = finder.spans[behind]
        is_person = follower.sense is not None and follower.sense.kind == "person"
        if is_person and follower.first == last + 1 and finder.is_joined(last, follower.first):
            return True
    after = finder.after(last)
    return (
        bool(after)
        and after[0].isupper()
        and not after.isupper()
        and finder.language not in _CAPITALISED_NOUNS
        and not finder.is_headline(last)
    )
