"""Gives the words of a query their field, folds them, and puts the tree into its one normal form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NoReturn

from pipelines.entities.find import country_ids, entities_of_text
from pipelines.entities.lists.anybody import spellings_of
from pipelines.rules.forms import LANGUAGES, language_of
from pipelines.rules.mistakes import fail
from pipelines.rules.model import (
    And,
    AtLeast,
    Cased,
    First,
    Forms,
    In,
    Literal,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Term,
    Together,
    Unit,
    Value,
    Word,
    is_negative,
    walk,
)
from pipelines.rules.print import RESERVED
from pipelines.rules.rows import (
    MARK,
    NAME,
    READING_LIMIT,
    VALUES,
    Beside,
    Counted,
    Field,
    Joined,
    Leaf,
    Negated,
    Raw,
    start_of,
)
from pipelines.rules.view import WAYS, WORD_FIELDS
from pipelines.text.tokens import tokenize, words_of

TERMS_LIMIT = 2_000
PREFIX_LEAST = 3
DISTANCE_LIMIT = 100
COUNT_LIMIT = 1_000
# Cyrillic and Greek letters that cannot be told from those of AND, OR and NOT; marks of direction, joiners.
_LOOK_ALIKES = str.maketrans("АОТΑΟΤΝ", "AOTAOTN", "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_ALMOST = re.compile(r"(?:O?NEAR|ADJ|PRE|W|FIRST)/\S*|N/\d+|(?:O?NEAR|ADJ|PRE)\d+|ATLEAST/?\d*", re.I)
_REGEX = re.compile(r"/.+/[a-z]*")
_BARE_OPERATORS = frozenset(word.upper() for word in RESERVED) - {"AND", "OR", "NOT", "FIRST", "SAME"}


# A word that stands in many queries is one node: of a hundred thousand, words are most of what is kept.
@lru_cache(maxsize=100_000)
def _word(folded: str) -> Word:
    return Word(folded)


def resolve(query: str, raw: Raw, named: Mapping[str, Node]) -> Node:
    """Make the tree of a query that was read as rows; ``named`` gives what ``@name`` stands for. Errors: QueryError."""
    return _Resolver(query, named).resolve(raw, "", "")


class _Resolver:
    """Gives the words their field, folds them, and puts the tree into its one normal form."""

    def __init__(self, query: str, named: Mapping[str, Node]) -> None:
        self._query = query
        self._named = named
        self._terms = 0

    def _fail(self, place: int, message: str, hint: str = "") -> NoReturn:
        fail(self._query, place, message, hint)

    def resolve(self, raw: Raw, part: str, field: str) -> Node:
        """Resolve a subtree that stands inside a part of the item, or behind a value's field."""
        if isinstance(raw, Field):
            if part or field:
                self._fail(raw.start, f"{raw.name}: inside {part or field}:", "a field cannot stand inside another")
            if raw.name in VALUES:
                return self.resolve(raw.child, "", raw.name)
            return In(raw.name, self.resolve(raw.child, raw.name, ""))
        if isinstance(raw, Negated):
            child = self.resolve(raw.child, part, field)
            if is_negative(child):
                self._fail(raw.start, "an exclusion excluded", "say what must be there instead")
            return Not(child)
        if isinstance(raw, Joined):
            return self._join(raw, [self.resolve(child, part, field) for child in raw.children])
        if isinstance(raw, Beside):
            return self._beside(raw, part, field)
        if isinstance(raw, Counted):
            return self._counted(raw, part, field)
        if not raw.is_quoted and not raw.mark and raw.text.startswith("@"):
            return self._sub_query(raw, part, field)
        self._terms += 1
        if self._terms > TERMS_LIMIT:
            self._fail(raw.start, f"more than {TERMS_LIMIT} terms", "make it several rules")
        if field == NAME:
            return self._name(raw)
        return self._value(raw, field) if field else self._words(raw)

    def _beside(self, raw: Beside, part: str, field: str) -> Node:
        if field:
            self._fail(raw.start, f"{raw.operator} inside {field}:", "distance is measured between words of the text")
        left, right = (self._literals(side, raw.operator, part) for side in (raw.left, raw.right))
        if raw.operator in ("W/S", "W/P"):
            return Together(left, right, Unit.SENTENCE if raw.operator == "W/S" else Unit.PARAGRAPH)
        name, _, number = raw.operator.partition("/")
        distance = self._number(number, raw, DISTANCE_LIMIT, "write a distance")
        return Near(left, right, distance, is_ordered=name not in ("NEAR", "W"))

    def _counted(self, raw: Counted, part: str, field: str) -> Node:
        if field:
            self._fail(raw.start, f"{raw.operator} inside {field}:", "only words of the text are counted")
        number = raw.operator.removeprefix("ATLEAST").removeprefix("FIRST").removeprefix("/")
        if raw.operator.startswith("ATLEAST"):
            literals = self._literals(raw.child, raw.operator, part)
            return AtLeast(self._number(number, raw, COUNT_LIMIT, "write a count"), literals)
        child = self.resolve(raw.child, part, "")
        if any(isinstance(below, In | First) for below in walk(child)):
            self._fail(raw.start, f"a field or a second FIRST inside {raw.operator}", "write title:(FIRST/n …)")
        if is_negative(child):
            self._fail(raw.start, f"{raw.operator} of what only excludes", "write NOT before it")
        return First(self._number(number, raw, COUNT_LIMIT, "write a number of words"), child)

    def _number(self, digits: str, raw: Beside | Counted, limit: int, hint: str) -> int:
        number = int(digits[:9])
        if not 1 <= number <= limit:
            self._fail(raw.start, f"{raw.operator} counts {number}", f"{hint} from 1 to {limit}")
        return number

    def _literals(self, raw: Raw, operator: str, part: str) -> tuple[Literal, ...]:
        """Read one side of a distance: a word, a phrase or alternatives of them."""
        node = self.resolve(raw, part, "")
        choices = node.children if isinstance(node, Or) else (node,)
        for choice in choices:
            if not isinstance(choice, Literal):
                self._fail(start_of(raw), f"{operator} takes words and phrases", 'on each side: word, "…" or (… OR …)')
        # The check above leaves literals only; the type checker cannot see it.
        return tuple(dict.fromkeys(choices))  # type: ignore[arg-type]

    def _sub_query(self, raw: Leaf, part: str, field: str) -> Node:
        name = raw.text[1:]
        if name not in self._named:
            known = ", ".join(f"@{one}" for one in self._named) or "none; add them under queries: in a rules file"
            self._fail(raw.start, f"no query is named {raw.text}", f"known: {known[:READING_LIMIT]}")
        node = self._named[name]
        if field or (part and any(isinstance(below, In | Value) for below in walk(node))):
            self._fail(raw.start, f"{raw.text} inside {field or part}:", "it has fields of its own")
        self._terms += sum(1 for below in walk(node) if isinstance(below, Literal | Value))
        return node

    def _join(self, raw: Joined, children: list[Node]) -> Node:
        flat: list[Node] = []
        for child in children:
            flat += child.children if isinstance(child, And | Or) and type(child) is raw.kind else [child]
        if raw.kind is Or and any(map(is_negative, flat)):
            self._fail(raw.start, "an alternative that only excludes", "it would hold for nearly every item")
        return raw.kind(tuple(flat))

    def _words(self, leaf: Leaf) -> Literal:
        if not leaf.is_quoted and not leaf.mark:
            self._check_bare(leaf)
        terms: list[Term] = []
        place = leaf.start
        for piece in leaf.text.split():
            place = self._query.index(piece, place)
            mark = MARK.match(piece) if leaf.is_quoted and not leaf.mark else None
            skipped = mark.end() if mark else 0
            terms += self._terms_of(piece[skipped:], mark[0] if mark else leaf.mark, place + skipped)
            place += len(piece)
        if not terms:
            self._fail(leaf.start, "no letter or digit to look for", "punctuation is not searched")
        return terms[0] if len(terms) == 1 else Phrase(tuple(terms))

    def _terms_of(self, piece: str, mark: str, place: int) -> list[Term]:
        """Read what stands between two spaces: usually one word, several where hyphens or dots part it."""
        if mark and ("*" in piece or "?" in piece):
            self._fail(place, f"a wildcard behind {mark}", "write the word out")
        if mark == "!":
            cut = tokenize(piece, "")
            return [Cased(cut.surface(word, word)) for word in range(cut.title_count)]
        if mark:
            return [self._forms(word, mark, place) for word in words_of(piece)]
        if "?" in piece.rstrip("?*") or ("?" in piece and words_of(piece)):
            return [self._pattern(piece, place)]
        starred = piece.endswith("*")
        if "*" in piece.rstrip("*"):
            self._fail(
                place + piece.index("*"), "* may stand only at the end of a word", "write the words out, with OR"
            )
        words: list[Term] = [*map(_word, words_of(piece))]
        if not starred:
            return words
        if not words:
            self._fail(place, "nothing before the *", f"write at least {PREFIX_LEAST} letters before it")
        last = words_of(piece)[-1]
        if not _is_whole_by_itself(last):
            least = 2 if "\uac00" <= last[0] <= "\ud7a3" else PREFIX_LEAST
            if len(last) < least:
                self._fail(place, f"{piece} fits too many words", f"write at least {least} letters before the *")
            words[-1] = Word(last, True)
        return words

    def _pattern(self, piece: str, place: int) -> Pattern:
        starred = piece.endswith("*")
        stem = piece.rstrip("*")
        if "*" in stem:
            self._fail(place + piece.index("*"), "* may stand only at the end of a word", "write ? for one letter")
        pieces = stem.split("?")
        if any(unicodedata.category(part[0]).startswith("M") for part in pieces[1:] if part):
            self._fail(place, f"a mark without its letter behind ? in {piece}", "let ? stand for letter and mark")
        parts = [words_of(part) for part in pieces]
        if any(len(part) > 1 for part in parts):
            self._fail(place, f"{piece} is more than one word", 'write "…" around words')
        pattern = Pattern("?".join(part[0] if part else "" for part in parts) + "*" * starred)
        if len(pattern.beginning) < PREFIX_LEAST:
            self._fail(place, f"{piece} fits too many words", f"write at least {PREFIX_LEAST} letters before the ?")
        return pattern

    def _forms(self, word: str, mark: str, place: int) -> Forms:
        language = mark[1:-1] or language_of(word)
        if language not in LANGUAGES:
            self._fail(place - len(mark), f"no endings are known for {language}", f"known: {', '.join(LANGUAGES)}")
        return Forms(word, language)

    def _check_bare(self, leaf: Leaf) -> None:
        meant = unicodedata.normalize("NFKC", leaf.text).translate(_LOOK_ALIKES)
        if meant.lower() in ("and", "or", "not") and not leaf.text.isascii():
            self._fail(
                leaf.start, f"looks like {meant}, but holds other letters or marks",
                f'type {meant.upper()} for the operator, "{meant.lower()}" in quotes for the word',
            )  # fmt: skip
        if leaf.text.lower() in ("and", "or", "not") and not leaf.text.isupper():
            self._fail(
                leaf.start, f"{leaf.text} may be an operator or a word",
                f'write {leaf.text.upper()} for the operator, "{leaf.text.lower()}" in quotes for the word',
            )  # fmt: skip
        if _ALMOST.fullmatch(leaf.text) or leaf.text in _BARE_OPERATORS:
            self._fail(
                leaf.start, f"{leaf.text} is no operator as it stands",
                f'write NEAR/5, ONEAR/5, w/s, w/p, ATLEAST3(…) or FIRST/50; for the word: "{leaf.text.lower()}"',
            )  # fmt: skip
        if _REGEX.fullmatch(leaf.text):
            self._fail(
                leaf.start,
                "regular expressions are not matched",
                "write the words with OR, * and ?; in quotes as words",
            )
        if "$" in leaf.text:
            self._fail(
                leaf.start + leaf.text.index("$"), "$ is no wildcard here", "write * for any ending, ? for one letter"
            )

    def _name(self, leaf: Leaf) -> Node:
        """Read a name as the words that it may be written with: given names right before surnames."""
        if not words_of(leaf.text) or "*" in leaf.text:
            self._fail(leaf.start, "expected a name behind name:", 'write name:"Given Surname", without *')
        given, surnames = ([_literal(one) for one in part] for part in spellings_of(leaf.text))
        self._terms += len(given) + len(surnames)
        if given:
            return Near(tuple(given), tuple(surnames), 1, is_ordered=True)
        return Or(tuple(surnames)) if len(surnames) > 1 else surnames[0]

    def _value(self, leaf: Leaf, field: str) -> Value:
        text = " ".join(leaf.text.split())
        starred = text.endswith("*")
        text = text.rstrip("*").strip()
        if "*" in text or not text:
            self._fail(leaf.start, f"expected a value behind {field}:", "a * may stand only at its end")
        if field in ("country", "lang"):
            if field == "country":
                text, ways = self._ways(leaf, text)
            if starred or not re.fullmatch("[A-Za-z]{2}", text):
                self._fail(
                    leaf.start, f"expected a two-letter code behind {field}:, got {text}", _code_hint(field, text)
                )
            if field == "country" and f"country:{text.upper()}" not in country_ids():
                self._fail(leaf.start, f"no country has the code {text}", _code_hint(field, text))
            return Value(field, text.upper() + ways if field == "country" else text.lower())
        if field in WORD_FIELDS:
            text = " ".join(words_of(text))
            if not text:
                self._fail(leaf.start, "no letter or digit to look for", f"write {field}:word")
        return Value(field, text.lower(), starred)

    def _ways(self, leaf: Leaf, text: str) -> tuple[str, str]:
        """Part a country's code from what is excluded behind it, "RU-metonym"; the latter in one order."""
        code, *ways = text.split("-")
        for way in map(str.lower, ways):
            if way not in WAYS:
                self._fail(
                    leaf.start, f"expected one of {', '.join(WAYS)} behind {code.upper()}-, got {way}",
                    f"write country:{code.upper()}-metonym to leave the Kremlin and its like out",
                )  # fmt: skip
        return code, "".join(f"-{way}" for way in WAYS if way in map(str.lower, ways))


def _literal(words: str) -> Literal:
    """Make a literal of folded words with spaces between."""
    terms = tuple(Word(word) for word in words.split())
    return terms[0] if len(terms) == 1 else Phrase(terms)


def _is_whole_by_itself(word: str) -> bool:
    """Say whether a word is a Han or Kana character, which begins no longer word."""
    return len(word) == 1 and len(words_of(word * 2)) == 2


def _code_hint(field: str, text: str) -> str:
    if field == "lang":
        return "for instance lang:ru"
    found = [one["id"] for tried in (text, text.title()) for one in entities_of_text(tried)]
    codes = [one.removeprefix("country:") for one in found if one.startswith("country:")]
    return f"write country:{codes[0]}" if codes else "for instance country:IR"
