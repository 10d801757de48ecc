"""Names that no list has: what a model marked in a text and the gazetteer did not find. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.model import Entity
from pipelines.text.tokens import tokenize

UNLINKED = "unlinked"
# Labels of spaCy's published models, in whichever scheme their training data had. Other labels (dates, sums,
# nationalities, works) are no names of a person, a place or a body.
_KINDS = {
    "person": ("PERSON", "PER", "PRS", "PS", "persName"),
    "place": ("GPE", "LOC", "FAC", "LC", "GPE_LOC", "placeName", "geogName"),
    "org": ("ORG", "ORGANIZATION", "OG", "GPE_ORG", "orgName"),
}
_KIND_OF = {label: kind for kind, labels in _KINDS.items() for label in labels}
_APOSTROPHES = ("'", "’")
# Shorter ones are initials and slips of the model.
_LEAST_LETTERS = 2

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Marked:
    """What a model marked in a text; offsets are code points, end exclusive."""

    start: int
    end: int
    # As the model has it: "PERSON", "LOC".
    label: str


def unlisted(text: str, listed: Iterable[Range], marked: Iterable[Marked], field: str = "text") -> tuple[Entity, ...]:
    """Give what was marked as a person, place or body and touches nothing that is listed, in reading order.

    ``listed`` are the ranges of what the gazetteer found in the text: it knows better what those words mean. The
    entities are flagged ``unlinked``; one id stands for one spelling, whatever its case and accents.
    """
    taken = list(listed)
    found: list[Entity] = []
    for each in sorted(marked, key=lambda one: (one.start, -one.end)):
        kind, name = _KIND_OF.get(each.label), _name_in(text, each)
        if kind is None or name is None:
            continue
        start, end, words = name
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        taken.append((start, end))
        name_id = f"{UNLINKED}:{'-'.join(words)}"
        found.append(Entity(name_id, kind, field, start, end, text[start:end], score=0.0, flags=(UNLINKED,)))
    return tuple(found)


def _name_in(text: str, marked: Marked) -> tuple[int, int, list[str]] | None:
    """Give the name's own words and range; None where there are none.

    Without quotes, "the" and "'s", which models include or not as it happens: one name would be counted as several.
    """
    tokens = tokenize("", text[marked.start : marked.end])
    # The first is the boundary behind the empty title.
    first, last = 1, len(tokens.words) - 1
    if first < last and tokens.words[first] == "the":
        first += 1
    if first < last and tokens.words[last] == "s":
        before = tokens.text[tokens.ends[last - 1] : tokens.starts[last]]
        last -= int(before in _APOSTROPHES)
    words = tokens.words[first : last + 1]
    letters = "".join(words)
    if len(letters) < _LEAST_LETTERS or letters.isdecimal():
        return None
    return marked.start + tokens.starts[first], marked.start + tokens.ends[last], words
