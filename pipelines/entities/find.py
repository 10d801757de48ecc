"""Finds who and where a text names, in every script: longest name first, one pass, then one look at the whole.

Words are looked up in the gazetteer (``table.py``); what a name may mean is decided by its letters and
neighbours here, by the other names of the text in ``link.py``, by the person's given name in ``persons.py``.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import compress
from typing import Any

import msgspec

from pipelines.entities import metonyms, offices, persons
from pipelines.entities.context import STATES, Context
from pipelines.entities.link import choose
from pipelines.entities.reading import Reading
from pipelines.entities.surroundings import PLACE_WORDS
from pipelines.entities.table import Sense, Senses, Start, Starts, load
from pipelines.model import Entity
from pipelines.text.tokens import Tokens, fold, tokenize


class Span(msgspec.Struct):
    """A name in the text: its words, and what it may mean until that is decided."""

    first: int
    last: int
    senses: tuple[Sense, ...]
    start: Start
    # All that is listed under the name, wherever it holds.
    listed: Senses
    # What it is taken for; None where nothing held.
    sense: Sense | None = None
    score: float = 1.0
    runner_up: str = ""
    # Other than its sense's: "metonym" of a capital, "office".
    kind: str = ""
    flags: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    # Why, for --explain.
    reasons: tuple[str, ...] = ()


def find_entities(
    tokens: Tokens, language: str = "", year: int = 0, starts: Starts | None = None
) -> tuple[Entity, ...]:
    """Find the entities that a title and text name, in reading order, title first; none lies inside another.

    ``language`` ("" unknown) decides between names that languages share; ``year`` (0: this is not known)
    who held an office; ``starts`` is the gazetteer, the shipped one without it. Time and memory are bounded by
    the text's length.
    """
    return tuple(Finder(tokens, language, year, load() if starts is None else starts).find())


def entities_of_text(
    text: str, language: str = "", year: int = 0, *, explain: bool = False, starts: Starts | None = None
) -> list[dict[str, Any]]:
    """Find the entities in one text, as ``wirewatch entities`` prints them; ``explain`` adds why each was linked."""
    finder = Finder(tokenize("", text), language, year, load() if starts is None else starts)
    finder.explains = explain
    found = [as_object(entity) for entity in finder.find()]
    if explain:
        for shown, reasons in zip(found, finder.why, strict=True):
            shown["why"] = reasons
    return found


def year_of(date: object) -> int:
    """Give the year of a date as text, "2024-05-12"; 0 for what is none."""
    digits = date[:4] if isinstance(date, str) else ""
    return int(digits) if len(digits) == len("2024") and digits.isascii() and digits.isdigit() else 0


def as_object(entity: Entity) -> dict[str, Any]:
    """Give an entity as the command line and the API show it."""
    shown: dict[str, Any] = {
        "id": entity.id, "kind": entity.kind, "start": entity.start, "end": entity.end, "text": entity.text,
        "score": entity.score,
    }  # fmt: skip
    if entity.runner_up:
        shown["runner_up"] = entity.runner_up
    if entity.flags:
        shown["flags"] = list(entity.flags)
    if entity.implies:
        shown["implies"] = list(entity.implies)
    return shown


@lru_cache(maxsize=1)
def country_ids() -> frozenset[str]:
    """All country ids that can be found, "country:RU" and so on."""
    return frozenset(
        part for sense in load().table.all_senses() for part in sense.id.split() if part.startswith("country:")
    )


class Finder(Reading):
    """One pass over one item's words."""

    def __init__(self, tokens: Tokens, language: str, year: int, starts: Starts) -> None:
        super().__init__(tokens, language, starts.header)
        self.year = year
        self.spans: list[Span] = []
        self._starts = starts
        # What was found out once, by rule.
        self._without: dict[str, bool] = {}
        # Surfaces, casefolded, that were seen to be a person's: nowhere a place in this text.
        self.rejected: set[str] = set()
        # Asks for the reasons.
        self.explains = False
        # Why each entity that ``find`` gives was linked, in the same order.
        self.why: list[list[str]] = []

    def find(self) -> list[Entity]:
        """Give the entities in reading order."""
        self._collect()
        persons.settle(self)
        self._settle_names()
        offices.settle(self)
        metonyms.mark(self)
        found: list[Entity] = []
        for span in self.spans:
            sense = span.sense
            if sense is None or not sense.id or sense.kind == "role":
                continue
            entities = self._entities(span, sense)
            if self.rejected and sense.kind != "person" and entities[0].text.casefold() in self.rejected:
                continue
            found += entities
            if self.explains:
                self.why += [[*_plain_reasons(sense), *span.reasons]] * len(entities)
        return found

    # Collecting

    def _collect(self) -> None:
        tokens, free = self.tokens, 0
        words, starts_at = tokens.words, tokens.starts
        title, text, title_count = tokens.title, tokens.text, tokens.title_count
        starts = list(map(self._starts.__getitem__, words))
        final = len(words) - 1
        # Half of an English text's words may begin a name; the cheapest look that refuses most of them is first.
        for place in compress(range(len(starts)), starts):  # None is the one that is false
            start = starts[place]
            if start is None:
                continue
            if start.needs_capital and (title if place < title_count else text)[starts_at[place]].islower():
                continue
            if not start.single and (place == final or words[place + 1] not in start.seconds):
                continue
            if place < free:
                continue
            span = None
            if start.several is not None and place < final and words[place + 1] in start.seconds:
                span = self._longest(place, start)
            if span is None and start.single:
                span = self._span(start.single, place, place, start)
            if span is None:
                continue
            while self.spans and self.spans[-1].last >= span.first:
                self.spans.pop()
            self.spans.append(span)
            free = span.last + 1

    def _longest(self, place: int, start: Start) -> Span | None:
        """Give the longest name of several words that begins here and may hold."""
        words, several = self.tokens.words, start.several or {}
        for length in start.lengths:
            last = place + length
            if last >= len(words):
                continue
            senses = several.get(" ".join(words[place + 1 : last + 1]))
            if senses is not None and self.is_joined(place, last) and self._is_whole(senses, place, last):
                span = self._span(senses, place, last, start)
                if span is not None:
                    return span
        return None

    def _span(self, senses: Senses, first: int, last: int, start: Start) -> Span | None:
        if senses.is_plain:
            # What begins only with a capital was looked at before.
            if not start.needs_capital and self.written(first)[0].islower():
                return None
            held: tuple[Sense, ...] = senses
        else:
            held = tuple([sense for sense in senses if self._holds(sense, first, last, start)])
        if self.language == "zh" and self._names_its_head(last):
            held = tuple(sense for sense in held if sense.kind != "org")
        if not held:
            return None
        span = Span(first, last, held, start, senses)
        if senses.persons:
            persons.widen(self, span)
            if span.sense is None and not span.senses:
                return None
        return span

    def _is_whole(self, senses: Senses, first: int, last: int) -> bool:
        """Say whether no dot of a foreign person's name parts a Chinese name of a place."""
        if self.language != "zh" or "·" not in self.tokens.surface(first, last):
            return True
        return any(sense.kind != "place" for sense in senses)

    def _names_its_head(self, last: int) -> bool:
        """Say whether a Chinese ministry's name goes on as its minister's: 外交部, but 外交部长."""
        tokens = self.tokens
        end = tokens.ends[last]
        return tokens.source(last)[end - 1 : end + 1] in ("部长", "部長")

    def _holds(self, sense: Sense, first: int, last: int, start: Start) -> bool:
        if sense.languages and self.language not in sense.languages:
            return False
        if sense.kind == "role":
            return True
        if not sense.id:
            return not sense.rules or all(self._rule_holds(rule, sense, first, last, start) for rule in sense.rules)
        # What begins only with a capital was looked at before.
        is_capital = sense.case == "capital" and start.needs_capital
        if not is_capital and not self._case_holds(sense, self.tokens.surface(first, last), first):
            return False
        if sense.kind == "country" and self.is_part_of_longer(first, last):
            return False
        return not sense.rules or all(self._rule_holds(rule, sense, first, last, start) for rule in sense.rules)

    def _case_holds(self, sense: Sense, surface: str, first: int) -> bool:
        case = sense.case
        if case == "capital":
            return not surface[0].islower()
        if case == "any":
            return True
        if case == "lower":
            return surface[0].islower() or (self.begins_sentence(first) and not surface.isupper())
        if case == "accents":
            return surface.casefold() in sense.surfaces and not (sense.kind == "country" and surface[0].islower())
        if surface not in sense.surfaces:
            return False
        # Among capitals only, "US" may be the pronoun.
        return len(surface) > 2 or not surface.isascii() or not self.is_all_capitals(first)

    def _rule_holds(self, written: str, sense: Sense, first: int, last: int, start: Start) -> bool:
        language, _, rule = written.partition(" ")
        if language not in (self.language, "zh") and self.language:
            return True
        tokens = self.tokens
        before = tokens.words[first - 1] if first else ""
        if rule == "=foreign":
            return self.language != "en"
        if rule == "=dot":
            source, end = tokens.source(last), tokens.ends[last]
            return source[end : end + 1] == "." and source[: tokens.starts[first]].endswith((", ", "-", "("))
        if rule == "=never":
            return False
        if rule == "=elsewhere":
            return self.language != language
        if rule == "=sentence-start":
            return not self.begins_sentence(first) or (self.language == "tr" and self.is_marked_name(last))
        if rule == "=exact-case":
            return not tokens.surface(first, last)[0].islower()
        if rule == "=person":
            if self.beside_capital(first, last) or self.beside_dot(first, last):
                self.rejected.add(tokens.surface(first, last).casefold())
                return False
            return True
        if rule == "!number":
            after = tokens.words[last + 1] if last + 1 < len(tokens.words) else ""
            return not (before.isdigit() or after.isdigit() or before == "نصف")
        if rule == "!of-the":
            # "diameter of the pipe", not the state, unless a verb or a preposition asks for a name.
            after = tokens.words[last + 1] if last + 1 < len(tokens.words) else ""
            return not after.startswith("ال") or before in PLACE_WORDS or before.endswith("ت") or bool(start.prefix)
        if rule.startswith("!with:"):
            return self._is_without(rule)
        if rule.startswith("!before:"):
            after = tokens.words[last + 1] if last + 1 < len(tokens.words) else ""
            return not after or after not in _listed(language, rule[8:])
        if rule.startswith("!after-ending:"):
            # Behind a Hebrew plural הודו is its verb, "they thanked"; with a preposition of its own it is a name.
            return bool(start.prefix) or not before.endswith(tuple(rule.removeprefix("!after-ending:").split()))
        if rule.startswith("!after:"):
            return not before or before not in _listed(language, rule[7:])
        # "=needs-context" is settled when all names are known.
        return True

    def _is_without(self, rule: str) -> bool:
        """Say whether none of a rule's words stands in the title or the text."""
        found = self._without.get(rule)
        if found is None:
            found = self._without[rule] = set(rule.removeprefix("!with:").split()).isdisjoint(self.tokens.words)
        return found

    # Settling

    def _settle_names(self) -> None:
        """Choose a sense for every span that no person took; what needs support is decided last."""
        context = Context(self)
        waiting = [span for span in self.spans if span.sense is None and span.senses and choose(self, span, context)]
        if waiting:
            named = {span.sense.id for span in self.spans if span.sense is not None}
            for span in waiting:
                choose(self, span, context, named)

    # Giving

    def _entities(self, span: Span, sense: Sense) -> list[Entity]:
        tokens = self.tokens
        first, last = span.first, span.last
        begin, end = tokens.starts[first], tokens.ends[last]
        source, where = (tokens.title, "title") if first < tokens.title_count else (tokens.text, "text")
        start = span.start
        # The Hebrew article belongs to the name, a conjunction or preposition before it does not.
        if start.prefix and (prefix := start.prefix.removesuffix("ה")):
            begin = _past_prefix(source, begin, end, prefix)
        if start.suffix and first == last:
            end = _before_suffix(source, begin, end, start.suffix)
        # The last dot of "U.S." belongs to it.
        if sense.case == "exact" and "." in source[begin:end] and source[end : end + 1] == ".":
            end += 1
        if sense.rules and "en =dot" in sense.rules:
            end += 1
        # A geresh belongs to the letter before it (סמוטריץ').
        if source[end : end + 1] in ("'", "׳") and source[end - 1] in "גזצץת":
            end += 1
        if " " in sense.id:
            # Each character of a pair is a word; a space or a dot may part them.
            return [
                Entity(part, sense.kind, where, tokens.starts[word], tokens.ends[word], self.written(word))
                for word, part in enumerate(sense.id.split(" "), first)
                if part != "-"
            ]
        flags, implies = span.flags, span.implies
        if start.is_spoofed:
            flags = (*flags, "homoglyph")
        if "alternate" in sense.flags:
            flags = (*flags, "alternate")
        if sense.type == "media":
            flags = (*flags, "media")
        if sense.countries and sense.kind not in ("country", "demonym"):
            implies += _implied(sense.countries, sense.id)
        return [
            Entity(
                sense.id, span.kind or sense.kind, where, begin, end, source[begin:end], span.score, span.runner_up,
                flags, implies,
            )
        ]  # fmt: skip


@lru_cache(maxsize=4096)
def _implied(codes: tuple[str, ...], but: str) -> tuple[str, ...]:
    """Give the ids of countries by their codes, without the one that it is itself."""
    return tuple(country for country in map("country:{}".format, codes) if country != but)


@lru_cache(maxsize=1024)
def _listed(language: str, words: str) -> frozenset[str]:
    """Give a rule's words; Chinese ones are single characters that stand together."""
    return frozenset(words if language == "zh" else words.split())


def _plain_reasons(sense: Sense) -> list[str]:
    """Say what a sense is by itself."""
    told = [f"listed as {sense.type or sense.kind}"]
    if sense.kind == "place" and sense.weight and "curated" not in sense.flags:
        told.append(f"about {10**sense.weight:,.0f} people")
    if sense.countries and sense.kind not in STATES:
        told.append("in " + ", ".join(sense.countries) if sense.kind == "place" else "of " + ", ".join(sense.countries))
    return told


def _past_prefix(source: str, begin: int, end: int, prefix: str) -> int:
    """Give the offset behind a prefix, whose letters may carry marks in the text."""
    for place in range(begin + 1, end):
        if fold(source[begin:place]) == prefix and source[place].isalpha() and source[place] != "ـ":
            return place
    return begin


def _before_suffix(source: str, begin: int, end: int, suffix: str) -> int:
    """Give the offset where a suffix begins, whose letters may be written as several code points."""
    return next((place for place in range(end - 1, begin, -1) if fold(source[place:end]) == suffix), end)
