"""Names of countries: CLDR's in all its languages, our own short forms, adjectives, inhabitants and seats.

Inputs: CLDR territory names out of babel (Unicode licence, named in NOTICE) and our own lists under
``tools/data/entities``. Inflected forms are generated; wrong ones do not occur in text.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from pipelines.entities.lists.inflect import INFLECTED, Inflector
from pipelines.entities.lists.read import rows
from pipelines.entities.table import Sense
from pipelines.text.tokens import words_of

SOURCES = Path(__file__).parents[1] / "data" / "entities"

# CLDR territories that are no country or territory of their own.
_NO_COUNTRY = frozenset("AC AQ CP DG EA EU EZ IC QO TA UN XA XB ZZ CQ".split())
# Languages whose names count in a text of any language; the others only in their own, unless long.
_EVERYWHERE = frozenset("en de fr es it pt nl pl cs sl tr ru uk bg ar fa he zh ja ko el hi".split())
_LONG_NAME = 7
_VARIANTS = ("zh_Hant", "zh_Hant_HK", "sr_Latn", "pt_PT", "nb")
_CASED_INHABITANTS = frozenset("pl cs sl de en tr".split())


class Table:
    """Collects names; the first language to claim a name for a country decides between countries."""

    def __init__(self) -> None:
        self.names: dict[str, dict[tuple[str, str, str], set[str]]] = defaultdict(dict)
        self.surfaces: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.rules: dict[str, list[str]] = defaultdict(list)
        # Names that English and Turkish themselves use, by language.
        self.own: dict[str, set[tuple[str, str]]] = {"en": set(), "tr": set()}
        # Names of which only nicknames.tsv knows: a country's only where the text names it otherwise too.
        self.nicknames: set[tuple[str, str]] = set()

    def add(self, name: str, sense_id: str, kind: str, case: str, origin: str, language: str = "") -> None:
        """File one name of the language ``origin``; ``language`` "" means that it holds in every text."""
        key = " ".join(words_of(name))
        if not key or (len(key) < 2 and case != "exact"):
            return
        if origin in self.own:
            self.own[origin].add((key, sense_id))
        if case == "exact":
            self.surfaces[key, sense_id].add(name.rstrip("."))
        elif _loses_accents(name, key):
            case = "accents"
            # Turkish İ, folded by itself, is an i with a dot: ÇİN.
            for written in (name, name.replace("i", "İ")):
                self.surfaces[key, sense_id].add(unicodedata.normalize("NFC", written).casefold())
        self.names[key].setdefault((sense_id, kind, case), set()).add(language)

    def senses(self) -> dict[str, list[Sense]]:
        """Give every name's senses, best first."""
        found: dict[str, list[Sense]] = {}
        for key, claims in self.names.items():
            kept: list[Sense] = []
            swallowed = [claim for claim in claims if claim[0] == ""]
            for sense_id, kind, case in swallowed[:1] or claims:
                languages = claims[sense_id, kind, case]
                kept.append(
                    Sense(
                        sense_id,
                        kind,
                        case,
                        () if "" in languages else tuple(sorted(languages)),
                        frozenset(self.surfaces[key, sense_id] if case in ("exact", "accents") else ()),
                        self._rules(key, sense_id, is_abbreviation=case == "exact", is_seat=kind == "metonym"),
                        tuple(part[-2:] for part in sense_id.split() if part.startswith("country:")),
                        flags=frozenset(("support",) if (key, sense_id) in self.nicknames else ()),
                    )
                )
            found[key] = _without_repeats(kept)
        return found

    def _rules(self, key: str, sense_id: str, *, is_abbreviation: bool, is_seat: bool) -> tuple[str, ...]:
        """Give the trap lists' rules; foreign names are refused in English, if short (Island, Indie), and in Turkish.

        Turkish has a name of its own for every country, and other languages' forms of one word are words,
        given names and surnames in it: Benim, Polen, Gani, Jordan. Abbreviations (USA) are left alone.
        """
        rules = list(self.rules.get(key, ()))
        if sense_id and key.isascii() and " " not in key:
            if len(key) < _LONG_NAME and (key, sense_id) not in self.own["en"]:
                rules.append("en =foreign")
            if not is_abbreviation and not is_seat and (key, sense_id) not in self.own["tr"]:
                rules.append("tr =elsewhere")
        return tuple(rules)


def _without_repeats(senses: list[Sense]) -> list[Sense]:
    """Drop a sense that an earlier, wider one of the same country covers."""
    kept: list[Sense] = []
    for sense in senses:
        wider = [
            other for other in kept
            if other.id == sense.id and not other.languages and (other.case in ("any", sense.case))
        ]  # fmt: skip
        if not wider:
            kept.append(sense)
    return kept


def _loses_accents(name: str, key: str) -> bool:
    """Say whether a short name in Latin letters is another word without its accents (Irã, Çin)."""
    return (
        len(key) <= 4
        and key.isascii()
        and not name.isascii()
        and unicodedata.normalize("NFC", name).casefold().replace("ı", "i").replace("i̇", "i") != key
    )


def without_brackets(name: str) -> list[str]:
    """Give a CLDR name without its bracket, and what the bracket holds where that is a name too."""
    found = re.fullmatch(r"(.+?)\s*[(（\[](.+?)[)）\]]\s*", name)
    if not found:
        return [name]
    inner = found[2].strip()
    return [found[1], inner] if len(inner) > 4 and inner[:1].isupper() and inner.count(" ") == 0 else [found[1]]


def _codes() -> set[str]:
    from babel import Locale

    return {code for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", code)} - _NO_COUNTRY


def add_cldr(table: Table, inflector: Inflector, cities: Container[str]) -> None:
    """File CLDR's names of all languages, those that count everywhere first; a city's name counts at home."""
    from babel import Locale, localedata

    codes = _codes()
    # Names in a bracket that name the wrong country: "Hong Kong (China)", "America (USA, Canada)".
    everyone = [*sorted(_EVERYWHERE, key=lambda language: (language != "en", language)), *_VARIANTS]
    plain = [identifier for identifier in localedata.locale_identifiers() if "_" not in identifier]
    for identifier in [*everyone, *sorted(set(plain) - set(everyone) - {"root"})]:
        language = identifier.partition("_")[0]
        language = "no" if language == "nb" else language
        for code, raw in Locale.parse(identifier).territories.items():
            if code not in codes or not raw or raw == code:
                continue
            names = without_brackets(raw)
            for name in names[:1] if code in ("HK", "MO") else names:
                key = " ".join(words_of(name))
                everywhere = language in _EVERYWHERE or (len(key) >= _LONG_NAME and key not in cities)
                first, _, rest = key.partition(" ")
                if language not in _EVERYWHERE and rest and len(first) <= 3 and first.isascii():
                    continue  # an article: looking at every "in" and "a" of other languages costs too much
                if len(key) < 4 and key.isascii() and language != "en":
                    everywhere = False
                for form in inflector.phrases(language, "NA", name):
                    table.add(form, f"country:{code}", "country", "capital", language, "" if everywhere else language)


def add_own_names(table: Table, inflector: Inflector) -> None:
    """File our short forms, and seats of government."""
    for code, language, names in (row[:3] for row in rows(SOURCES / "countries_extra.tsv")):
        if not re.fullmatch("[A-Z]{2}", code):
            continue
        for name in names.split("|"):
            if name.startswith("^"):
                # Two letters that another language uses for something else.
                narrow = language in ("bg", "sl") and len(name) <= 3
                table.add(name[1:], f"country:{code}", "country", "exact", language, language if narrow else "")
            else:
                for form in inflector.phrases(language, "NA", name):
                    table.add(form, f"country:{code}", "country", "capital", language)
    for row in rows(SOURCES / "metonyms.tsv"):
        if row[1] != "seat" or not row[0].startswith("government:"):
            continue
        for language, name in columns_of(row[2:]):
            for form in inflector.phrases(language, "NA", name):
                table.add(form, f"country:{row[0][-2:]}", "metonym", "capital", language)


def add_nicknames(table: Table, inflector: Inflector) -> None:
    """File what a country is called beside its name: the Island, the States; one word of it begins no sentence."""
    for code, language, names in (row[:3] for row in rows(SOURCES / "nicknames.tsv")):
        country = f"country:{code}"
        for name in names.split("|"):
            for form in inflector.phrases(language, "NA", name):
                key = " ".join(words_of(form))
                if any(claim[0] == country for claim in table.names.get(key, ())):
                    continue
                table.nicknames.add((key, country))
                if " " not in key and f"{language} =sentence-start" not in table.rules[key]:
                    table.rules[key].append(f"{language} =sentence-start")
                table.add(form, country, "country", "capital", language, language)


def columns_of(columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give language and name out of cells such as "en:Kremlin|The Kremlin"."""
    for column in columns:
        language, _, names = column.partition(":")
        for name in names.split("|"):
            if name:
                yield language, name.lstrip("^")


def add_demonyms(table: Table, inflector: Inflector) -> None:
    """File adjectives and inhabitants, in the forms of their language."""
    endings = {(row[0], row[1]): row[2].split() for row in rows(SOURCES / "clitics.tsv")}
    for path in sorted((SOURCES / "demonyms").glob("*.tsv")):
        language = path.stem
        for row in rows(path):
            if language == "zh":
                _add_chinese(table, row)
                continue
            if not re.fullmatch("[A-Z]{2}", row[0]):
                sense_id, kind = "", ""
            else:
                sense_id, kind = f"country:{row[0]}", "demonym"
            for column, words in enumerate(row[1:3]):
                for word in words.split():
                    name = word.replace("_", " ")
                    for form in _demonym_forms(name, language, column, inflector, endings):
                        case, where = _demonym_case(form, language, column)
                        table.add(form, sense_id, kind, case, language, where)


def _demonym_forms(
    name: str, language: str, column: int, inflector: Inflector, endings: dict[tuple[str, str], list[str]]
) -> Iterable[str]:
    if language in INFLECTED:
        return inflector.phrases(language, "A" if column == 0 else "I", name)
    suffixes = ["" if ending == "-" else ending for ending in endings.get((language, "adjective-endings"), ["-"])]
    if language == "ar":
        words = [[f"{article}{word}{suffix}" for article in ("", "ال") for suffix in suffixes] for word in name.split()]
        return (" ".join(parts) for parts in itertools.product(*words))
    if language == "tr":
        words = [[word] for word in name.split()]
        words[-1] = [words[-1][0] + suffix for suffix in suffixes]
        return (" ".join(parts) for parts in itertools.product(*words))
    return [name + suffix for suffix in suffixes]


def _demonym_case(form: str, language: str, column: int) -> tuple[str, str]:
    """Give the case rule, and the language that alone may use a lower-case Latin form."""
    if language in ("ru", "uk", "bg"):
        return ("any", "") if column == 0 else ("lower", "")
    if language in ("ar", "fa", "he"):
        return "any", "" if len(form) > 4 or language != "he" else language
    if language in ("en", "tr") or (column == 1 and language in _CASED_INHABITANTS):
        return "capital", ""
    return "any", language


# Characters that stand for a country in Chinese pairs.
_CHINESE = dict(
    zip("中美俄乌日韩朝英法德印伊以菲巴", "CN US RU UA JP KR KP GB FR DE IN IR IL PH PS".split(), strict=True)
)


def _add_chinese(table: Table, row: list[str]) -> None:
    codes = row[0].split()
    for name in " ".join(row[1:]).split():
        if len(codes) == 1:
            is_country = codes[0] != "EU"
            table.add(name, f"country:{codes[0]}" if is_country else "", "country" if is_country else "", "any", "zh")
        elif len(name) == 2:
            first, second = codes if _CHINESE.get(name[0], codes[0]) == codes[0] else reversed(codes)
            ids = " ".join("-" if code == "EU" else f"country:{code}" for code in (first, second))
            table.add(name, ids, "country", "any", "zh")


def add_traps(table: Table) -> None:
    """File phrases that are no country, and the rules for names that are common words too."""
    more = [row for name in ("traps_more.tsv", "traps_zh.tsv") for row in rows(SOURCES / name)]
    off = {(row[0], row[1]) for row in more if row[2] == "=off"}
    for row in (row for row in rows(SOURCES / "traps.tsv") if (row[0], row[1]) not in off):
        _add_trap(table, *row[:3])
    for language, phrases, rule in (row[:3] for row in more):
        if not rule.startswith("=off"):
            for phrase in phrases.split("|"):
                _add_trap(table, language, phrase, rule)


def _add_trap(table: Table, language: str, phrase: str, rule: str) -> None:
    key = " ".join(words_of(phrase))
    if rule.startswith(("=", "!")):
        condition, _, listed = rule.partition(":")
        # Chinese ones are characters that stand together.
        if condition in ("!with", "!before", "!after") and (language != "zh" or condition == "!with"):
            rule = f"{condition}:" + " ".join(word for name in listed.split() for word in words_of(name))
        table.rules[key].append(f"{language} {rule}")
    else:
        sense_id = rule if rule.startswith("country:") else ""
        table.names[key].clear()
        table.add(phrase, sense_id, "country" if sense_id else "", "any" if not sense_id else "capital", language)


def country_names(inflector: Inflector, cities: Container[str]) -> dict[str, list[Sense]]:
    """Give the senses of every folded name of a country, and of the phrases that swallow one.

    ``cities`` are big cities' names: where a small language calls a country so, that holds in its texts only.
    """
    table = Table()
    add_own_names(table, inflector)
    add_cldr(table, inflector, cities)
    add_demonyms(table, inflector)
    add_traps(table)
    add_nicknames(table, inflector)
    return table.senses()
