"""Which of several places or bodies a name means: by what else the text names, and by how many people live there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipelines.entities.context import BODIES, Context, number_of
from pipelines.entities.surroundings import Surroundings
from pipelines.entities.table import Sense

if TYPE_CHECKING:
    from pipelines.entities.find import Finder, Span

# A country's names outweigh a city of that name, a body's both.
_COUNTRY, _BODY = 9.0, 11.0
_OF_COUNTRY = {"country": 0.0, "demonym": -0.5, "metonym": 1.0}
# Norská is Norwegian, Norska is of Norway: folded they are one word.
_LONG_VOWELS, _CZECH_ADJECTIVE = "áéíý", 2.5
_ALTERNATE, _CAPITAL, _UNIT_NAMED = 0.6, 1.0, 1.5
# For each time that a place's country is named, ever less.
_COUNTRY_NAMED = tuple(min(1.2 * math.log2(1 + count), 1.8) for count in range(4))
_COUNTRY_MOST = len(_COUNTRY_NAMED) - 1
_BEFORE_COUNTRY, _BEFORE_UNIT, _BEHIND_COMPASS = 6.0, 8.0, 3.0
# A state or province against a big city of its name, and what counts as one.
_UNIT_LESS = 2.0
_LESSER = {"unit": 5.0, "county": 4.2, "state": 5.7}
# Kuwait, Algiers in Arabic: the country before the city of its name.
_OWN_COUNTRY = 6.0
# Names that two countries share: the one that the text names more, else the first.
_SHARED = {"place:korea": ("KR", "KP"), "place:congo": ("CD", "CG")}
# How sure that is, where the text names the one and where it names neither.
_SHARED_NAMED, _SHARED_ALONE = 0.95, 0.6
_STATE_WORDS = frozenset(("state", "province", "region", "oblast", "governorate", "county"))
_STATE_BEGINNINGS = ("област", "край", "кра")


def choose(finder: Finder, span: Span, context: Context, named: set[str] | None = None) -> bool:
    """Choose what a span means; True where support is missing that ``named``, what else was found, may bring."""
    senses = span.senses
    if len(senses) == 1:
        only = senses[0]
        if not only.id or only.kind == "role":
            return False
        if only.kind in BODIES and "support" not in only.flags:
            span.sense = only
            return False
    around = Surroundings(finder, span, context)
    kept: list[Sense] = []
    waits = False
    for sense in senses:
        if not sense.id or sense.kind == "role":
            continue
        if sense.kind == "place":
            if around.holds(sense) and not (sense.id in _SHARED and around.is_of_a_thing(sense)):
                kept.append(sense)
        elif sense.id.startswith("country:"):
            if not _is_backed(finder, sense, around, named):
                waits = True
            elif not around.is_surname(sense) and (sense.kind == "metonym" or not around.is_of_a_thing(sense)):
                kept.append(sense)
        elif "support" not in sense.flags or (named and sense.id in named) or context.names(sense):
            kept.append(sense)
        else:
            waits = True
    if len(kept) == 1:
        span.sense = kept[0]
    elif kept:
        _take_best(finder, span, [(_score(finder, span, sense, around, context), sense) for sense in kept])
    if span.sense is not None and span.sense.id in _SHARED:
        _take_shared(span, span.sense, context)
    return waits and not kept


def _take_best(finder: Finder, span: Span, kept: list[tuple[float, Sense]]) -> None:
    """Take the best sense, and keep what came next."""
    best, sense = max(kept, key=_first)
    span.sense = sense
    others = [one for one in kept if one[1].id != sense.id]
    if others:
        next_best, other = max(others, key=_first)
        span.score = round(1 - 0.5 * math.exp(next_best - best), 2)
        span.runner_up = other.id
        if finder.explains:
            span.reasons += (f"{best - next_best:.1f} ahead of {other.id}",)


def _take_shared(span: Span, sense: Sense, context: Context) -> None:
    """Take the country that the text names more of two that share a name, and keep the other."""
    code, other = _SHARED[sense.id]
    if context.countries[other] > context.countries[code]:
        code, other = other, code
    span.sense = Sense(f"country:{code}", "country", "capital", countries=(code,))
    span.runner_up = f"country:{other}"
    span.score = _SHARED_NAMED if context.countries[code] else _SHARED_ALONE


def _first(one: tuple[float, Sense]) -> float:
    return one[0]


def _is_backed(finder: Finder, sense: Sense, around: Surroundings, named: set[str] | None) -> bool:
    """Say whether a country's nickname, or its name that is a common word, has what it needs beside it."""
    if "support" in sense.flags:
        return named is not None and sense.id in named
    if not _needs_context(finder, sense, around):
        return True
    if sense.kind == "demonym" and finder.language == "he":
        return around.is_hebrew_adjective or _is_named(sense, around, named)
    return around.is_supported or around.is_before_state_word or _is_named(sense, around, named)


def _needs_context(finder: Finder, sense: Sense, around: Surroundings) -> bool:
    """Say whether a country's name is a common word of the text's language, perhaps where capitals tell nothing."""
    if not sense.rules:
        return False
    here = (finder.language, "zh")
    for rule in sense.rules:
        if here[0] and not rule.startswith(here):
            continue
        if rule.endswith(" =needs-context") or (rule.endswith(" =needs-context-if-capital") and around.must_be_capital):
            return True
    return False


def _is_named(sense: Sense, around: Surroundings, named: set[str] | None) -> bool:
    """Say whether such a country is meant: named elsewhere too, or one of several in a clause."""
    if named is None:
        return False
    return sense.id in named or (around.is_listed() and any(one.startswith("country:") for one in named))


def _score(finder: Finder, span: Span, sense: Sense, around: Surroundings, context: Context) -> float:
    if sense.kind == "place":
        return _place_score(finder, span, sense, around, context)
    if sense.id.startswith("country:"):
        return _country_score(finder, span, sense, context)
    return _BODY - ("support" in sense.flags)


def _country_score(finder: Finder, span: Span, sense: Sense, context: Context) -> float:
    code = sense.countries[0]
    if sense.kind == "demonym" and finder.language == "cs" and finder.written(span.last)[-1] in _LONG_VOWELS:
        return _COUNTRY + _CZECH_ADJECTIVE
    # Its own mention counts for nothing.
    others = _COUNTRY_NAMED[min(max(context.countries[code] - 1, 0), _COUNTRY_MOST)]
    return _COUNTRY + _OF_COUNTRY[sense.kind] + others


def _place_score(finder: Finder, span: Span, sense: Sense, around: Surroundings, context: Context) -> float:
    score = sense.weight
    if "alternate" in sense.flags:
        score -= _ALTERNATE
    if sense.type == "capital":
        score += _CAPITAL
    elif sense.type in _LESSER:
        score += _unit_score(span, sense, around, context)
    for code in sense.countries:
        if code in context.countries:
            score += _COUNTRY_NAMED[min(context.countries[code], _COUNTRY_MOST)]
    if sense.unit and sense.unit in context.units:
        score += _UNIT_NAMED
    if around.region is not None:
        codes, units = around.region
        if sense.unit in units:
            score += _BEFORE_UNIT
        elif sense.type not in ("unit", "state") and not codes.isdisjoint(sense.countries):
            score += _BEFORE_COUNTRY
    if len(span.senses) > 1 and any(
        other.kind == "country" and other.countries[0] in sense.countries for other in span.senses
    ):
        score -= _OWN_COUNTRY
    return score


def _unit_score(span: Span, sense: Sense, around: Surroundings, context: Context) -> float:
    """Score a state, province or county against cities of its name."""
    score = _UNIT_NAMED if context.city_units and number_of(sense) in context.city_units else 0.0
    if around.is_state_before:
        score += _BEFORE_COUNTRY
    elif around.is_behind_compass:
        score += _BEHIND_COMPASS
    after = around.after and around.after.casefold()
    if after in _STATE_WORDS or after.startswith(_STATE_BEGINNINGS):
        return score + _BEFORE_COUNTRY
    is_lesser = len(span.senses) > 1 and any(
        other.type in ("city", "capital")
        and (sense.type != "state" or "weak" not in other.flags)
        and other.weight >= _LESSER[sense.type]
        for other in span.senses
    )
    return score - _UNIT_LESS * is_lesser
