"""An item as the operators see it: its words by part, and the facts beside its words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain, combinations
from urllib.parse import urlsplit

from connectors.records import Evidence
from pipelines.model import Entity, Item
from pipelines.rules.forms import forms_of
from pipelines.rules.model import Cased, Literal, Pattern, Term, Unit, Value, Word, terms_of
from pipelines.text.sentences import number_units
from pipelines.text.tokens import Tokens, words_of

# First place, and the first place behind.
Extent = tuple[int, int]
# Places of a literal's first and last word.
Span = tuple[int, int]

# Fields whose values are ids of the entities that the item names.
ENTITY_FIELDS = ("country", "person", "org", "place", "group", "office")
# What may be excluded behind a country's code: `country:RU-metonym` does not hold for "the Kremlin" alone.
WAYS = ("demonym", "implied", "metonym")
# Fields of which a value takes whole words, wherever they stand in the fact.
WORD_FIELDS = ("category", "url")


class TextView:
    """Plain view: looks through the words for each question. Slow, and the specification."""

    def __init__(self, item: Item, tokens: Tokens) -> None:
        self.item = item
        self.tokens = tokens
        self._facts: dict[str, list[str]] = {}

    @cached_property
    def _units(self) -> dict[Unit, list[int]]:
        sentences, paragraphs = number_units(self.tokens)
        return {Unit.SENTENCE: sentences, Unit.PARAGRAPH: paragraphs}

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """Places of each word, in order."""
        places: dict[str, list[int]] = {}
        for place, word in enumerate(self.tokens.words):
            places.setdefault(word, []).append(place)
        return places

    def spans(self, literal: Literal, extent: Extent) -> list[Span]:
        """Give where a literal stands inside an extent, in order; a phrase never reaches over the boundary."""
        terms = terms_of(literal)
        first, last = extent[0], extent[1] - len(terms)
        places: Sequence[int] = range(first, last + 1)
        if isinstance(terms[0], Word) and not terms[0].is_prefix:
            # Where its first word stands: a query of a thousand words does not read the text a thousand times.
            places = [place for place in self._places.get(terms[0].text, ()) if first <= place <= last]
        return [
            (place, place + len(terms) - 1)
            for place in places
            if all(self._is_at(term, place + step) for step, term in enumerate(terms))
        ]

    def spans_of_any(self, literals: Sequence[Literal], extent: Extent) -> list[Span]:
        """Give where any of some literals stands, in order, each stretch of words once."""
        return sorted({span for literal in literals for span in self.spans(literal, extent)})

    def _is_at(self, term: Term, place: int) -> bool:
        tokens = self.tokens
        word = tokens.words[place]
        if place == tokens.title_count:
            return False
        if isinstance(term, Word):
            return word.startswith(term.text) if term.is_prefix else word == term.text
        if isinstance(term, Pattern):
            return fits(term.text, word)
        if isinstance(term, Cased):
            return tokens.surface(place, place) == term.text
        return word in forms_of(term.text, term.language)

    def whole(self) -> Extent:
        """Give the extent of the whole item."""
        return 0, len(self.tokens.words)

    def part(self, part: str) -> Extent:
        """Give the extent of a part: "title", "lead" or "text"."""
        tokens = self.tokens
        if part == "title":
            return 0, tokens.title_count
        return tokens.title_count + 1, tokens.lead_end if part == "lead" else len(tokens.words)

    def first(self, extent: Extent, count: int) -> Extent:
        """Give the extent of the first words of an extent; the boundary counts as no word."""
        first, behind = extent
        end = first + count
        if first <= self.tokens.title_count < end:
            end += 1
        return first, min(behind, end)

    def unit(self, unit: Unit, place: int) -> int:
        """Give the number of the sentence or paragraph in which a word stands."""
        return self._units[unit][place]

    def are_apart(self, left: Span, right: Span) -> int:
        """Give how many words ``right`` begins behind the end of ``left``, neighbours 1; 0 where it does not."""
        if (left[0] < self.tokens.title_count) != (right[0] < self.tokens.title_count):
            return 0
        return max(0, right[0] - left[1])

    def evidence(self, first: int, last: int) -> Evidence:
        """Give the words ``first`` to ``last`` as they were written."""
        tokens = self.tokens
        return Evidence(tokens.field(first), tokens.starts[first], tokens.ends[last], tokens.surface(first, last))

    def facts(self, field: str) -> list[str]:
        """Give what the item has under a value's field, in the form in which queries write it."""
        if field not in self._facts:
            self._facts[field] = facts_of(self.item, field)
        return self._facts[field]

    def holds(self, value: Value) -> bool:
        """Say whether the item has a value."""
        return any(fact_is(value, fact) for fact in self.facts(value.field))


def fits(pattern: str, word: str) -> bool:
    """Say whether a word fits a pattern of letters, ``?`` for one letter and perhaps a ``*`` at the end."""
    stem = pattern.removesuffix("*")
    is_long_enough = len(word) >= len(stem) if stem != pattern else len(word) == len(stem)
    return is_long_enough and all(wanted in ("?", found) for wanted, found in zip(stem, word, strict=False))


def facts_of(item: Item, field: str) -> list[str]:
    """Give an item's values under one field."""
    if field == "lang":
        return [item.language] if item.language else []
    if field in ENTITY_FIELDS:
        return [value for entity in item.entities for value in entity_values(entity, field)]
    if field == "feed":
        return [item.feed_id.lower()]
    if field == "source":
        host = urlsplit(item.url).hostname or ""
        return [name for name in (item.feed_id.lower(), host) if name]
    if field == "url":
        return [" ".join(words_of(item.url))]
    return [" ".join(words_of(category)) for category in item.categories]


def entity_values(entity: Entity, field: str) -> list[str]:
    """Give the values of an entity under a field, its own and those that it stands for.

    A country comes with every exclusion that it outlives: "RU", "RU-metonym" and so on for "Russia".
    """
    ids = (entity.id, *entity.implies)
    if field == "country":
        codes = [one.removeprefix("country:") for one in ids if one.startswith("country:")]
        way = entity.kind if entity.kind in WAYS else "" if entity.id.startswith("country:") else "implied"
        return [f"{code}{ending}" for code in codes for ending in _ENDINGS[way]]
    kinds = ("org:", "company:") if field == "org" else (f"{field}:",)
    return [one.partition(":")[2] for one in ids if one.startswith(kinds)]


def _endings(way: str) -> tuple[str, ...]:
    """Give the exclusions under which a country that was named in one way still counts."""
    others = [one for one in WAYS if one != way]
    chosen = chain.from_iterable(combinations(others, count) for count in range(len(others) + 1))
    return tuple("".join(f"-{one}" for one in parts) for parts in chosen)


_ENDINGS = {way: _endings(way) for way in ("", *WAYS)}


def fact_is(value: Value, fact: str) -> bool:
    """Say whether one of an item's values is the one that a query asks for."""
    wanted = value.value
    if value.field in WORD_FIELDS:
        return f" {wanted}" in f" {fact}" if value.is_prefix else f" {wanted} " in f" {fact} "
    if value.is_prefix:
        return fact.startswith(wanted)
    # A site's name covers its hosts: source:bbc.co.uk is news.bbc.co.uk too.
    return fact == wanted or (value.field == "source" and "." in wanted and fact.endswith(f".{wanted}"))
