"""Finds countries by name, adjective and inhabitant in every script: longest name first, one pass.

First engine behind the entities seam; places, persons and organisations come behind the same
``Entity`` records.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pipelines.entities.table import Sense, Start, Starts, Value, load
from pipelines.model import Entity
from pipelines.text.tokens import Tokens, fold, tokenize

# Words after which a name that is a common word too is a place.
_PLACE_WORDS = frozenset(
    "in at from to near outside around into across toward towards republic of"
    " в во из на до у к из-за через республика республики республике під до у з із по"
    " v ve w we z ze do na iz k ke in en au aux du de des à a dans vers chez aus nach von bei"
    " في من الي جمهوريه حكومه دوله شمال جنوب وسط در كشور جمهوري دولت از به"
    " ב ל מ ש כ מה וב ול ומ".split()
)
_ENDS_SENTENCE = frozenset(".!?…。！？\n")
# A headline in which most words begin with a capital tells nothing by its capitals.
_HEADLINE_SHARE = 0.62
_HEADLINE_LIMIT = 160


def find_countries(tokens: Tokens, language: str = "") -> tuple[Entity, ...]:
    """Find the countries that a title and text name, in reading order, title first.

    ``entity.kind`` is "country" for names, "demonym" for adjectives and inhabitants, "metonym" for
    a seat of government. ``language`` ("" unknown) decides between names that languages share.
    """
    return tuple(_Finder(tokens, language, load()).find())


def entities_of_text(text: str, language: str = "") -> list[dict[str, Any]]:
    """Find the countries in one text, as ``wirewatch entities`` prints them."""
    return [
        {"id": entity.id, "kind": entity.kind, "start": entity.start, "end": entity.end, "text": entity.text}
        for entity in find_countries(tokenize("", text), language)
    ]


@lru_cache(maxsize=1)
def country_ids() -> frozenset[str]:
    """All ids that ``find_countries`` can give, "country:RU" and so on."""
    return frozenset(part for sense in load().table.senses for part in sense.id.split() if part != "-")


class _Finder:
    """One pass over one item's words."""

    def __init__(self, tokens: Tokens, language: str, starts: Starts) -> None:
        self._tokens = tokens
        self._language = language
        self._table = starts.table
        self._starts = starts
        self._headlines: dict[bool, bool] = {}
        self._rejected: set[str] = set()
        self._waiting: list[tuple[int, int, Sense, Start]] = []

    def find(self) -> list[Entity]:
        """Give the entities in reading order."""
        tokens, found, free = self._tokens, list[Entity](), 0
        begins = [
            (place, start)
            for place, start in enumerate(map(self._starts.__getitem__, tokens.words))
            if start is not None
        ]
        for place, start in begins:
            if place < free:
                continue
            taken = self._longest(place, start)
            if taken is None:
                continue
            last, sense = taken
            free = last + 1
            if sense is not None and sense.id:
                found += self._entities(place, last, sense, start)
        named = {entity.id for entity in found}
        late = [
            entity
            for place, last, sense, start in self._waiting
            if sense.id in named
            for entity in self._entities(place, last, sense, start)
        ]
        if late:
            found = sorted([*found, *late], key=lambda entity: (entity.field == "text", entity.start))
        if self._rejected:
            found = [entity for entity in found if (entity.text.casefold()) not in self._rejected]
        return found

    def _longest(self, place: int, start: Start) -> tuple[int, Sense | None] | None:
        """Give the last word and the sense of the longest name that begins here and holds."""
        words = self._tokens.words
        if start.several is not None:
            for length in start.lengths:
                last = place + length
                if last >= len(words):
                    continue
                value = start.several.get(" ".join(words[place + 1 : last + 1]))
                if value is not None and self._is_joined(place, last):
                    sense = self._sense(value, place, last, start)
                    if sense is not None:
                        return last, sense
        if start.single is not None:
            sense = self._sense(start.single, place, place, start)
            if sense is not None:
                return place, sense
        return None

    def _is_joined(self, first: int, last: int) -> bool:
        """Say whether only spaces, hyphens, apostrophes or an abbreviation's dots part the words."""
        tokens = self._tokens
        source = tokens.source(first)
        for place in range(first, last):
            start, end = tokens.ends[place], tokens.starts[place + 1]
            if start == end:
                continue
            gap = source[start:end]
            if gap == ". " and tokens.ends[place] - tokens.starts[place] <= 3:
                continue
            if gap.strip(" -‑–'’ʼ\u00a0\u200c\u200f\u200e") not in ("", ".") or (gap.startswith(".") and gap != "."):
                return False
        return True

    def _sense(self, value: Value, first: int, last: int, start: Start) -> Sense | None:
        """Give the first sense whose conditions hold; between countries the text's own language decides."""
        if isinstance(value, int):
            sense = self._table.senses[value]
            return sense if self._holds(sense, first, last, start) else None
        senses = [self._table.senses[number] for number in value]
        if any(sense.id != senses[0].id for sense in senses):
            senses.sort(key=lambda sense: self._language not in sense.languages)
        return next((sense for sense in senses if self._holds(sense, first, last, start)), None)

    def _holds(self, sense: Sense, first: int, last: int, start: Start) -> bool:
        if sense.languages and self._language not in sense.languages:
            return False
        if not sense.id:
            return True
        surface = self._tokens.surface(first, last)
        if not self._case_holds(sense, surface, first):
            return False
        if sense.kind == "country" and self._is_part_of_longer(first, last):
            return False
        return all(self._rule_holds(rule, sense, first, last, start) for rule in sense.rules)

    def _case_holds(self, sense: Sense, surface: str, first: int) -> bool:
        case = sense.case
        if case == "capital":
            return not surface[0].islower()
        if case == "any":
            return True
        if case == "lower":
            return surface[0].islower() or (self._begins_sentence(first) and not surface.isupper())
        if case == "accents":
            return surface.casefold() in sense.surfaces and not (sense.kind == "country" and surface[0].islower())
        if surface not in sense.surfaces:
            return False
        # Among capitals only, "US" may be the pronoun.
        return len(surface) > 2 or not surface.isascii() or not self._tokens.source(first).isupper()

    def _rule_holds(self, written: str, sense: Sense, first: int, last: int, start: Start) -> bool:
        language, _, rule = written.partition(" ")
        if language not in (self._language, "zh") and self._language:
            return True
        tokens = self._tokens
        before = tokens.words[first - 1] if first else ""
        if rule == "=foreign":
            return self._language != "en"
        if rule == "=sentence-start":
            return not self._begins_sentence(first)
        if rule == "=exact-case":
            return not tokens.surface(first, last)[0].islower()
        if rule == "=person":
            if self._beside_capital(first, last):
                self._rejected.add(tokens.surface(first, last).casefold())
                return False
            return True
        if rule == "=needs-context":
            if before in _PLACE_WORDS or start.prefix in _PLACE_WORDS:
                return True
            self._waiting.append((first, last, sense, start))
            return False
        if rule == "!number":
            after = tokens.words[last + 1] if last + 1 < len(tokens.words) else ""
            return not (before.isdigit() or after.isdigit() or before == "نصف")
        if rule.startswith("!with:"):
            return set(rule[6:].split()).isdisjoint(tokens.words)
        if rule.startswith("!before:"):
            after = tokens.words[last + 1] if last + 1 < len(tokens.words) else ""
            return not after or after not in rule[8:]
        if rule.startswith("!after:"):
            return not before or before not in rule[7:]
        return True

    def _begins_sentence(self, place: int) -> bool:
        tokens = self._tokens
        if place == 0 or place == tokens.title_count + 1:
            return True
        gap = tokens.source(place)[tokens.ends[place - 1] : tokens.starts[place]]
        return not _ENDS_SENTENCE.isdisjoint(gap)

    def _is_part_of_longer(self, first: int, last: int) -> bool:
        """Say whether a capitalised word behind it makes it an organisation or a feature (Iran Air)."""
        tokens = self._tokens
        if self._language not in ("en", ""):
            return self._katakana_goes_on(first, last)
        after = last + 1
        if after < len(tokens.words) and tokens.field(after) == tokens.field(last) and after != tokens.title_count:
            source = tokens.source(last)
            if source[tokens.ends[last] : tokens.starts[after]] == " ":
                return source[tokens.starts[after] : tokens.ends[after]] in self._table.organisation_follows
        return self._katakana_goes_on(first, last)

    def _katakana_goes_on(self, first: int, last: int) -> bool:
        """Say whether a Kana name is only part of a longer Kana word (マリ in マリア)."""
        tokens = self._tokens
        source, start, end = tokens.source(first), tokens.starts[first], tokens.ends[last]
        before, after = source[start - 1 : start], source[end : end + 1]
        return ("ァ" <= source[start] <= "ヺ" and ("ァ" <= before <= "ヺ" or before == "ー")) or (
            ("ァ" <= source[end - 1] <= "ヺ" or source[end - 1] == "ー") and ("ァ" <= after <= "ヺ" or after == "ー")
        )

    def _beside_capital(self, first: int, last: int) -> bool:
        """Say whether a capitalised word stands beside it, as a person's other name would."""
        if self._is_headline(first):
            return False
        tokens = self._tokens
        source = tokens.source(first)
        if first not in (0, tokens.title_count + 1) and not self._begins_sentence(first):
            before = source[tokens.starts[first - 1] : tokens.ends[first - 1]]
            beside = source[tokens.ends[first - 1] : tokens.starts[first]] == " "
            if beside and before[0].isupper() and not before.isupper() and before not in self._table.may_precede:
                return True
        after = last + 1
        if after < len(tokens.words) and after != tokens.title_count:
            beside = source[tokens.ends[last] : tokens.starts[after]] == " "
            word = source[tokens.starts[after] : tokens.ends[after]]
            return beside and word[:1].isupper() and not word.isupper()
        return False

    def _is_headline(self, place: int) -> bool:
        tokens = self._tokens
        in_title = place < tokens.title_count
        if in_title not in self._headlines:
            source = tokens.title if in_title else tokens.text
            self._headlines[in_title] = len(source) < _HEADLINE_LIMIT and self._is_capitalised(source, in_title)
        return self._headlines[in_title]

    def _is_capitalised(self, source: str, in_title: bool) -> bool:
        tokens = self._tokens
        first, last = (0, tokens.title_count) if in_title else (tokens.title_count + 1, len(tokens.words))
        capitals = sum(source[tokens.starts[word]].isupper() for word in range(first, last))
        return capitals > _HEADLINE_SHARE * (last - first)

    def _entities(self, first: int, last: int, sense: Sense, start: Start) -> list[Entity]:
        tokens = self._tokens
        begin, end = tokens.starts[first], tokens.ends[last]
        source = tokens.source(first)
        if start.prefix:
            begin = _past_prefix(source, begin, end, start.prefix)
        if start.suffix and first == last:
            end -= len(start.suffix)
        # The last dot of "U.S." belongs to it.
        if sense.case == "exact" and "." in source[begin:end] and source[end : end + 1] == ".":
            end += 1
        field = tokens.field(first)
        if " " not in sense.id:
            return [Entity(sense.id, sense.kind, field, begin, end, source[begin:end])]
        return [
            Entity(part, sense.kind, field, begin + place, begin + place + 1, source[begin + place])
            for place, part in enumerate(sense.id.split(" "))
            if part != "-"
        ]


def _past_prefix(source: str, begin: int, end: int, prefix: str) -> int:
    """Give the offset behind a prefix, whose letters may carry marks in the text."""
    for place in range(begin + 1, end):
        if fold(source[begin:place]) == prefix and source[place].isalpha() and source[place] != "ـ":
            return place
    return begin
