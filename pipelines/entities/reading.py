"""One item's words, and what stands around each of them: neighbours, sentences, capitals."""

from __future__ import annotations

from pipelines.entities.table import Header
from pipelines.text.tokens import Tokens

_ENDS_SENTENCE = frozenset(".!?…。！？\n")
# A headline in which most words begin with a capital tells nothing by its capitals.
_HEADLINE_SHARE = 0.62
_HEADLINE_LIMIT = 160
_GERSHAYIM = ('"', "״", "”", "׳")
_FEMININE_VERB_LEAST = 4
_GAP = " -‑–'’ʼ·・\u00a0\u200c\u200f\u200e"


class Reading:
    """A title and a text as words, in a language ("" unknown), with the lists that tell what a neighbour is."""

    def __init__(self, tokens: Tokens, language: str, header: Header) -> None:
        self.tokens = tokens
        self.language = language
        self.header = header
        # What was found out once, by whether it is the title.
        self._headlines: dict[bool, bool] = {}
        self._all_capitals: dict[bool, bool] = {}

    def is_joined(self, first: int, last: int) -> bool:
        """Say whether only spaces, hyphens, apostrophes or an abbreviation's dots part the words."""
        tokens = self.tokens
        if tokens.field(first) != tokens.field(last) or first <= tokens.title_count <= last:
            return False
        source = tokens.source(first)
        for place in range(first, last):
            start, end = tokens.ends[place], tokens.starts[place + 1]
            if start == end:
                continue
            gap = source[start:end]
            if gap == " " or gap in _GERSHAYIM:
                continue
            if gap == ". " and tokens.ends[place] - tokens.starts[place] <= 3:
                continue
            if gap.strip(_GAP) not in ("", ".") or (gap.startswith(".") and gap != "."):
                return False
        return True

    def is_all_capitals(self, place: int) -> bool:
        """Say whether a word's field has no small letter."""
        tokens = self.tokens
        in_title = place < tokens.title_count
        found = self._all_capitals.get(in_title)
        if found is None:
            found = self._all_capitals[in_title] = tokens.source(place).isupper()
        return found

    def begins_sentence(self, place: int) -> bool:
        """Say whether a word is the first of its field or stands behind a sentence's end."""
        tokens = self.tokens
        if place == 0 or place == tokens.title_count + 1:
            return True
        gap = tokens.source(place)[tokens.ends[place - 1] : tokens.starts[place]]
        return not _ENDS_SENTENCE.isdisjoint(gap)

    def is_marked_name(self, place: int) -> bool:
        """Say whether an apostrophe stands right behind a word: Turkish sets one between a name and its ending."""
        tokens = self.tokens
        return tokens.source(place)[tokens.ends[place] : tokens.ends[place] + 1] in ("'", "’")

    def written(self, place: int) -> str:
        """Give a word as it is written."""
        tokens = self.tokens
        return tokens.source(place)[tokens.starts[place] : tokens.ends[place]]

    def before(self, place: int) -> str:
        """Give the word right before, only a space between, as it is written; "" where there is none."""
        tokens = self.tokens
        if place in (0, tokens.title_count + 1):
            return ""
        end = tokens.ends[place - 1]
        if tokens.starts[place] - end != 1:
            return ""
        source = tokens.title if place < tokens.title_count else tokens.text
        return source[tokens.starts[place - 1] : end] if source[end] == " " else ""

    def after(self, place: int) -> str:
        """Give the word right behind, only a space between, as it is written; "" where there is none."""
        tokens = self.tokens
        behind = place + 1
        if behind >= len(tokens.words) or behind == tokens.title_count or place == tokens.title_count:
            return ""
        end = tokens.ends[place]
        if tokens.starts[behind] - end != 1:
            return ""
        source = tokens.title if place < tokens.title_count else tokens.text
        return source[tokens.starts[behind] : tokens.ends[behind]] if source[end] == " " else ""

    def is_part_of_longer(self, first: int, last: int) -> bool:
        """Say whether a capitalised word behind it makes it an organisation or a feature (Iran Air)."""
        if self.language not in ("en", ""):
            return self._katakana_goes_on(first, last)
        after = self.after(last)
        return after in self.header.organisation_follows_country if after else self._katakana_goes_on(first, last)

    def _katakana_goes_on(self, first: int, last: int) -> bool:
        """Say whether a Kana name is only part of a longer Kana word (マリ in マリア)."""
        tokens = self.tokens
        source, start, end = tokens.source(first), tokens.starts[first], tokens.ends[last]
        before, after = source[start - 1 : start], source[end : end + 1]
        return ("ァ" <= source[start] <= "ヺ" and ("ァ" <= before <= "ヺ" or before == "ー")) or (
            ("ァ" <= source[end - 1] <= "ヺ" or source[end - 1] == "ー") and ("ァ" <= after <= "ヺ" or after == "ー")
        )

    def beside_capital(self, first: int, last: int) -> bool:
        """Say whether a capitalised word stands beside it, as a person's other name would."""
        if self.is_headline(first):
            return False
        if not self.begins_sentence(first):
            before = self.before(first)
            if before and before[0].isupper() and not before.isupper() and before not in self.header.may_precede:
                return True
        after = self.after(last)
        return after[:1].isupper() and not after.isupper()

    def beside_dot(self, first: int, last: int) -> bool:
        """Say whether the dot of a foreign person's name stands right beside a Chinese name (查德·约翰逊)."""
        if self.language != "zh":
            return False
        tokens = self.tokens
        source, start, end = tokens.source(first), tokens.starts[first], tokens.ends[last]
        return "·" in (source[max(0, start - 1) : start], source[end : end + 1])

    def is_headline(self, place: int) -> bool:
        """Say whether a word's field is a short one in which most words are capitalised."""
        tokens = self.tokens
        in_title = place < tokens.title_count
        if in_title not in self._headlines:
            source = tokens.title if in_title else tokens.text
            self._headlines[in_title] = len(source) < _HEADLINE_LIMIT and self._is_capitalised(source, in_title)
        return self._headlines[in_title]

    def _is_capitalised(self, source: str, in_title: bool) -> bool:
        tokens = self.tokens
        first, last = (0, tokens.title_count) if in_title else (tokens.title_count + 1, len(tokens.words))
        capitals = sum(source[tokens.starts[word]].isupper() for word in range(first, last))
        return capitals > _HEADLINE_SHARE * (last - first)


def is_feminine_verb(word: str) -> bool:
    """Say whether an Arabic word may be a verb in the past of a feminine subject, as cities are."""
    is_verb = word.endswith("ت") and not word.endswith("ات") and not word.startswith("ال")
    return is_verb and len(word) >= _FEMININE_VERB_LEAST
