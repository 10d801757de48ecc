"""Persons: a surname is somebody's when the given name, the office or nobody else stands beside it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pipelines.entities.lists.read import rows
from pipelines.entities.offices import roles_of
from pipelines.entities.table import FAMILY_FIRST, GivenNames, Sense

if TYPE_CHECKING:
    from pipelines.entities.find import Finder, Span

_GIVEN_LIMIT = 4
# A listed surname outweighs a town of its name below this power of ten.
_TOWN = 5.5
_SHORT_HANGUL = 2
_SEVERAL = 2
_PARTICLES = frozenset("al el as ash аль эль ас аш אל бен ибн bin ibn ben de von van der".split())
# Conjunctions and prepositions that Arabic and Hebrew write together with the name.
_ATTACHED = frozenset("وفبلكובלמשהכ")
_PATRONYMICS = (
    "ович", "евич", "овна", "евна", "овича", "евича", "овны", "евны", "ичем", "овичем", "евичем", "овне", "евне",
    "ovich", "evich", "ovych", "ovna", "ivna", "івна", "івни",
)  # fmt: skip


def widen(finder: Finder, span: Span) -> None:
    """Take a surname for the person whose given name stands beside it, and reach over that name."""
    given = span.listed.given
    may_be_before = _given_may_stand_before(finder, span.first, given)
    may_be_behind = bool(given.begins) and _given_may_stand_behind(finder, span.last, given)
    if not (may_be_before or may_be_behind or span.listed.has_whole):
        if _is_function_word(finder, span.first):
            _, span.senses = _parted(span)
        return
    best: tuple[int, int, int, Sense] | None = None
    for sense in span.senses:
        if sense.kind != "person":
            continue
        if "whole" in sense.flags:
            found = (span.last - span.first + 1, span.first, span.last, sense)
        elif may_be_before or may_be_behind:
            found = _with_given(finder, span, sense, given)
        else:
            continue
        if found[0] and (best is None or found[0] > best[0]):
            best = found
    if best is None:
        return
    words, first, span.last, span.sense = best
    if first < span.first:
        # The surname's prefix is inside the name now; the given name may have one of its own.
        prefix = _prefix_of(finder, first, span.sense)
        if prefix != span.start.prefix:
            span.start = replace(span.start, prefix=prefix)
    span.first = first
    if finder.explains:
        span.reasons += (f"surname and given name, {words} words" if words > 1 else "the name alone is a person's",)


@lru_cache(maxsize=64)
def _function_words(language: str) -> frozenset[str]:
    return frozenset(
        word for row in rows("function_words.tsv") if row[0] == (language or "en") for word in row[1].split()
    )


def _is_function_word(finder: Finder, first: int) -> bool:
    """Say whether a word that begins its sentence is a pronoun or its like: "He said" is not He Lifeng."""
    return finder.tokens.words[first] in _function_words(finder.language) and finder.begins_sentence(first)


def _given_may_stand_before(finder: Finder, first: int, given: GivenNames) -> bool:
    """Say cheaply whether a given name, an initial or a particle may stand right before, or before a middle name."""
    words = finder.tokens.words
    before = words[first - 1] if first else ""
    if not before:
        return False
    if _may_be_given(before, given) or before in _PARTICLES:
        return True
    return first > 1 and words[first - 2] in given.ends


def _may_be_given(word: str, given: GivenNames) -> bool:
    """Say cheaply whether a word may be the last of a given name, or its initial."""
    return word in given.ends or len(word) == 1 or (word[:1] in _ATTACHED and word[1:] in given.ends)


def _given_may_stand_behind(finder: Finder, last: int, given: GivenNames) -> bool:
    """Say cheaply whether a given name may stand right behind."""
    words = finder.tokens.words
    return last + 1 < len(words) and words[last + 1] in given.begins


def _with_given(finder: Finder, span: Span, sense: Sense, given: GivenNames) -> tuple[int, int, int, Sense]:
    """Give how many words a surname has with its given name, and the first and last of them; 0 without one."""
    first, last = span.first, span.last
    words, most = finder.tokens.words, given.most
    at = first
    count = _given_before(finder, at, sense, most)
    if not count and at and words[at - 1] in _PARTICLES and finder.is_joined(at - 1, at):
        at -= 1
        count = _given_before(finder, at, sense, most)
    if not count and at > 1 and _may_be_given(words[at - 2], given) and _may_be_middle(finder, at - 1):
        count = _given_before(finder, at - 1, sense, most)
        if count:
            return last - (at - 1 - count) + 1, at - 1 - count, last, sense
    if count:
        return last - (at - count) + 1, at - count, last, sense
    if sense.countries[0] in FAMILY_FIRST:
        for size in range(_GIVEN_LIMIT, 0, -1):
            behind = last + size
            if (
                behind < len(words)
                and " ".join(words[last + 1 : behind + 1]) in sense.given
                and finder.is_joined(first, behind)
            ):
                return behind - first + 1, first, behind, sense
    return 0, first, last, sense


def _given_before(finder: Finder, at: int, sense: Sense, most: int) -> int:
    """Give how many words of given name end right before a word; 0 for none."""
    words = finder.tokens.words
    is_han = "\u3400" <= words[at] <= "\u9fff"
    for size in range(min(_GIVEN_LIMIT * (3 if is_han else 1), most, at), 0, -1):
        if " ".join(words[at - size : at]) in sense.given and finder.is_joined(at - size, at):
            return size
        # "" is in no set, and the boundary between title and text is "".
        if words[at - size][:1] in _ATTACHED and " ".join(words[at - size : at])[1:] in sense.given:
            return size
    initial = words[at - 1] if at else ""
    if (
        len(initial) == 1
        and initial.isalpha()
        and not is_han
        and finder.written(at - 1).isupper()
        and finder.is_joined(at - 1, at)
        and any(name.startswith(initial) for name in sense.given)
    ):
        return 1
    return 0


def _prefix_of(finder: Finder, first: int, sense: Sense) -> str:
    """Give the Arabic or Hebrew prefix before a name's first word; "" where there is none."""
    word = finder.tokens.words[first]
    return word[0] if word[:1] in _ATTACHED and word not in sense.given and word[1:] in sense.given else ""


def _may_be_middle(finder: Finder, place: int) -> bool:
    """Say whether a word may stand between given name and surname: an initial, a patronymic, a second name."""
    word = finder.tokens.words[place]
    return finder.is_joined(place, place + 1) and (
        len(word) == 1 or word.endswith(_PATRONYMICS) or (finder.written(place)[0].isupper() and word.isascii())
    )


def settle(finder: Finder) -> None:
    """Link surnames that stand alone: to who was named in full, holds the office before it, or bears it alone."""
    named: dict[str, int] = {}
    short: list[tuple[Span, str]] = []
    for place, span in enumerate(finder.spans):
        if span.sense is not None and span.sense.kind == "person":
            named[span.sense.id] = place
            if "whole" in span.sense.flags and _is_short(finder, span):
                short.append((span, span.sense.id))
    if short:
        _drop_unsupported(finder, short)
    strangers: set[str] = set()
    for place, span in enumerate(finder.spans):
        if span.sense is not None or not span.listed.persons:
            continue
        candidates, span.senses = _parted(span)
        if not candidates:
            continue
        chosen = _named(candidates, named, place) if named else None
        if chosen is not None:
            _take(span, chosen, 0.95, "surname; the full name stands in the text")
            continue
        chosen = _in_office(finder, place, candidates)
        if chosen is not None:
            _take(span, chosen, 0.9, "surname; the office stands before it")
            named[chosen.id] = place
            continue
        if span.senses:
            span.senses = tuple(filter(_outweighs_a_surname, span.senses))
        if any(sense.kind in ("country", "place", "demonym") for sense in span.senses):
            continue
        alone = [sense for sense in candidates if "alone" in sense.flags]
        if _has_other_given(finder, span):
            strangers |= {sense.id for sense in candidates}
        elif len(alone) == 1 and alone[0].id not in strangers:
            _take(span, alone[0], 0.85, "surname; nobody else of weight bears it")


def _parted(span: Span) -> tuple[tuple[Sense, ...], tuple[Sense, ...]]:
    """Give the persons that a name may be, and what else."""
    if span.senses is span.listed:
        return span.listed.persons, span.listed.others
    persons = tuple([sense for sense in span.senses if sense.kind == "person"])
    return persons, tuple([sense for sense in span.senses if sense.kind != "person"])


def _outweighs_a_surname(sense: Sense) -> bool:
    return sense.kind != "place" or sense.weight >= _TOWN or "curated" in sense.flags


def _take(span: Span, sense: Sense, score: float, reason: str) -> None:
    span.sense, span.score = sense, score
    span.flags += ("surname",)
    span.reasons += (reason,)


def _named(candidates: tuple[Sense, ...], named: dict[str, int], place: int) -> Sense | None:
    """Give the candidate named in full nearest before a place, else the first behind it."""
    known = [sense for sense in candidates if sense.id in named]
    if len(known) < _SEVERAL:
        return known[0] if known else None
    return min(known, key=lambda sense: (named[sense.id] > place, abs(named[sense.id] - place)))


def _in_office(finder: Finder, place: int, candidates: tuple[Sense, ...]) -> Sense | None:
    """Give the one candidate whose office's words stand right before the surname."""
    if not place:
        return None
    before, span = finder.spans[place - 1], finder.spans[place]
    if before.last + 1 != span.first:
        return None
    # "президент РФ Путин": the country may stand between.
    if place > 1 and not roles_of(before):
        between, before = before, finder.spans[place - 2]
        if before.last + 1 != between.first:
            return None
    roles = roles_of(before)
    if not roles or not finder.is_joined(before.first, span.first):
        return None
    codes = {
        code
        for one in finder.spans[max(0, place - 4) : place]
        for sense in one.senses
        for code in map(str.lower, sense.countries)
    }
    holders, offices = finder.header.holders, finder.header.offices
    found = [
        sense
        for sense in candidates
        if any(
            office.endswith(f"-{role}")
            and (not codes or office.removesuffix(f"-{role}") in codes or "-" in office.removesuffix(f"-{role}"))
            and any(
                person == sense.id and (not finder.year or first <= finder.year <= last)
                for person, first, last in holders[office]
            )
            for office in offices.get(sense.id, ())
            for role in roles
        )
    ]
    return found[0] if len(found) == 1 else None


def _has_other_given(finder: Finder, span: Span) -> bool:
    """Say whether another first name stands right before the surname (Kevin Trump, Пётр Песков)."""
    before = finder.before(span.first)
    if not before or before[0].islower():
        return False
    header, word = finder.header, finder.tokens.words[span.first - 1]
    if before in header.not_a_first_name or (before.isupper() and before.isascii()):
        return False
    return word in header.first_names or word in header.given_names


def _is_short(finder: Finder, span: Span) -> bool:
    """Say whether a whole name is two Chinese characters or Korean syllables: many people's."""
    word = finder.tokens.words[span.first]
    is_han = "\u3400" <= word <= "\u9fff" and span.last - span.first <= 1
    return is_han or ("\uac00" <= word <= "\ud7a3" and len(word) <= _SHORT_HANGUL)


def _drop_unsupported(finder: Finder, short: list[tuple[Span, str]]) -> None:
    """Take a short name for a person's only where something else of the desk's world may be named too."""
    ids = {
        sense.id
        for span in finder.spans
        for sense in ((span.sense,) if span.sense is not None else span.senses)
        if sense.kind
    }
    for span, person in short:
        if ids <= {person}:
            span.sense, span.senses = None, tuple(sense for sense in span.senses if sense.kind != "person")
