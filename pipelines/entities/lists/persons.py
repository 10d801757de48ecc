"""Names of persons: surnames in every case and spelling, each with the given names that make it that person's."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from pipelines.entities.lists.inflect import Inflector
from pipelines.entities.lists.spelling import script_of, speller
from pipelines.entities.table import Sense
from pipelines.text.tokens import fold, words_of

_CYRILLIC = frozenset(("ru", "uk", "bg", "sr", "be", "mk"))
_DECLINING = frozenset(("ru", "uk", "bg", "sl", "pl", "cs"))
_TARGETS = ("en", "de", "fr", "es", "pl", "cs", "tr")
# Native names that reach other languages through an English press spelling.
_SPELLED_IN_ENGLISH = frozenset(("ar", "fa", "he"))
_FAMILY_FIRST_SCRIPTS = frozenset(("han", "kana", "hangul"))
_PARTICLES = frozenset(("al", "el", "as", "аль", "ас", "аш", "эль", "ال", "אל"))
OFFICE = re.compile(r"([a-z-]+)(?:@([A-Za-z0-9-]+))? (\d{4})-(\d{4})?")
_TIMELESS = frozenset(("negotiator", "activist", "journalist"))
_NO_YEAR = 9999
_YOUNGER = frozenset(("jr", "sr", "мл"))
# Shorter surnames without capitals are words too.
_CASELESS_LEAST = 5


def parts_of(name: str) -> tuple[list[str], list[str]]:
    """Cut a written name into the words of the given name and of the surname."""
    if ", " in name:
        surname, given = name.split(", ", 1)
        return _words(given), _words(surname)
    for mark in "·・":
        if mark in name:
            given, surname = name.rsplit(mark, 1)
            return _words(given), _words(surname)
    given, _, surname = name.rpartition(" ")
    is_younger = surname.rstrip(".").lower() in _YOUNGER
    if re.fullmatch(r"[IVX]+", surname) or (is_younger and " " not in given):
        return [], _words(name)  # Felipe VI is known by both words
    if is_younger:
        given, _, before = given.rpartition(" ")
        surname = f"{before} {surname}"
    return _words(given), _words(surname)


def _words(name: str) -> list[str]:
    """Cut a name into words whose letters still tell their case and accents where that is possible."""
    words = words_of(name)
    written = [word for word in re.split(r"[\s-]+", name) if word]
    return written if [fold(word) for word in written] == words else words


class Persons:
    """Collects the senses of persons by folded surname or whole name."""

    def __init__(self, inflector: Inflector) -> None:
        self.names: dict[str, dict[Sense, None]] = defaultdict(dict)
        # "ru-president" -> [person, first year, last year]
        self.holders: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        self.offices: dict[str, list[str]] = {}
        self.given_names: set[str] = set()
        self._inflector = inflector
        self._speller = speller()

    def add(self, entry: dict[str, Any]) -> None:
        """File one person: ``id country names alone offices`` as docs/entities.md describes."""
        person = f"person:{entry['id']}"
        self._add_offices(person, entry)
        given_forms: set[str] = set()
        surnames: dict[str, tuple[str, bool]] = {}
        wholes: dict[str, None] = {}
        native = next(iter(entry["names"]))
        for language, name in self._written(entry["names"], native):
            given, surname = parts_of(name)
            if not surname:
                continue
            script = script_of(surname[0])
            is_native = language == native
            if not given or (", " in name and script in _FAMILY_FIRST_SCRIPTS):
                wholes[" ".join(words_of(" ".join([*surname, *given])))] = None
                continue
            while len(surname) > 1 and fold(surname[0]) in _PARTICLES:
                surname = surname[1:]
            for form in self._forms(language, surname):
                surnames.setdefault(form, (surname[0], is_native))
            given_forms |= set(self._forms(language, given, "PN"))
        self.given_names |= {form.rpartition(" ")[2] for form in given_forms if len(form) > 1}
        sense = Sense(person, "person", "capital", countries=(entry["country"],), given=frozenset(given_forms))
        for key, (written, is_native) in surnames.items():
            is_alone = entry.get("alone") and _stands_alone(key, is_native)
            flags = frozenset(("alone",) if is_alone else ())
            case = "any" if written[:1].islower() and script_of(written) in ("latin", "cyrillic") else "capital"
            self.names[key].setdefault(replace(sense, case=case, flags=flags))
        for key in wholes:
            if len(key) > 1:
                self.names[key].setdefault(replace(sense, flags=frozenset(("whole",)), given=frozenset()))

    def _add_offices(self, person: str, entry: dict[str, Any]) -> None:
        held: list[str] = []
        for office in entry.get("offices") or ():
            if office in _TIMELESS:
                continue
            parsed = OFFICE.fullmatch(str(office))
            if not parsed:
                raise ValueError(f"{entry['id']}: expected 'role 2008-2024' or 'role@org 2024-', not {office!r}")
            role, organisation, first, last = parsed.groups()
            key = f"{organisation or entry['country'].lower()}-{role}".lower()
            self.holders[key].append((person, int(first), int(last or _NO_YEAR)))
            held.append(key)
        if held:
            self.offices[person] = held

    def _written(self, names: dict[str, Any], native: str) -> Iterator[tuple[str, str]]:
        """Give the written names by language, the generated spellings among them."""
        listed = {language: [one.strip() for one in str(text).split("|")] for language, text in names.items()}
        for language, spelled in listed.items():
            yield from ((language, name.lstrip("^?")) for name in spelled)
        english = listed.get("en", [])
        if native in _CYRILLIC:
            for name in listed[native]:
                yield from self._spelled(native, _TARGETS, name)
        elif native in _SPELLED_IN_ENGLISH:
            for name in english:
                yield from self._spelled("en", ("de", "fr"), name)
        for language in ("pl", "cs", "sl"):
            if native not in _CYRILLIC and language not in listed:
                yield from ((language, name) for name in english)

    def _spelled(self, source: str, targets: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
        given, surname = parts_of(name)
        for target in targets:
            cut = [[self._speller.spellings(source, target, word) for word in words] for words in (given, surname)]
            for number in range(max((len(options) for part in cut for options in part), default=0)):
                words = [" ".join(options[min(number, len(options) - 1)].title() for options in part) for part in cut]
                yield target, f"{words[1]}, {words[0]}" if words[0] else words[1]

    def _forms(self, language: str, words: list[str], kinds: str = "P") -> Iterator[str]:
        """Give the folded forms of a name of one or more words, by the endings of these classes."""
        if language in _DECLINING and len(words) == 1 and len(words[0]) > 2:
            forms: Iterable[str] = self._inflector.forms(language, kinds, words[0])
            yield from (" ".join(words_of(form)) for form in {*forms, words[0]})
            return
        plain = " ".join(words_of(" ".join(words)))
        yield plain
        if language in _DECLINING and len(words[-1]) > 2:
            before = " ".join(words_of(" ".join(words[:-1])))
            for form in self._inflector.forms(language, kinds, words[-1]):
                yield f"{before} {' '.join(words_of(form))}"
        if language == "de" and not plain.endswith(("s", "x", "z")):
            yield f"{plain}s"
        joined = "".join(words_of(" ".join(words)))
        if len(words) == 2 and script_of(words[0]) in ("arabic", "latin") and len(joined) < 16 and "-" not in joined:
            yield joined


def _stands_alone(key: str, is_native: bool) -> bool:
    script = script_of(key)
    if script in ("arabic", "hebrew"):
        return len(key.removeprefix("ال")) >= _CASELESS_LEAST
    if script == "han":
        return not is_native and key.count(" ") >= 1
    return len(key) > 2
