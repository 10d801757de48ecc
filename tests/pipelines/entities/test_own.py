"""A desk's own names: generated forms, mistakes with their lines, common words refused, read again when they change."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from connectors.errors import SettingsError
from pipelines.entities.common import CommonWords
from pipelines.entities.find import find_entities
from pipelines.entities.own import read_own, starts_of
from pipelines.entities.table import Starts
from pipelines.text.tokens import tokenize
from pipelines.transforms import namebook
from pipelines.transforms.namebook import NameBook

PERSON = "persons:\n  - {id: ivan-example, country: BY, names: {ru: Иван Примеров}}\n"


def _ids(text: str, language: str, starts: Starts) -> list[str]:
    return [entity.id for entity in find_entities(tokenize("", text), language, 0, starts)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "Встреча с Иваном Примеровым."),
        ("en", "Ivan Primerov spoke."),
        ("de", "Iwan Primerow sprach."),
        ("fr", "Ivan Primerov parle."),
        ("pl", "Rozmowa z Iwanem Primerowem."),
    ],
)
def test_name_entered_once_in_cyrillic_is_found_in_cases_and_other_languages(
    tmp_path: Path, language: str, text: str
) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(PERSON, encoding="utf-8")
    assert _ids(text, language, starts_of(read_own([path]))) == ["person:ivan-example"]


def test_own_organisation_place_and_office_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(
        "persons:\n"
        "  - {id: jane-doe, country: GB, names: {en: Jane Zorble}, offices: [director@port-council 2020-]}\n"
        "organisations:\n"
        '  - {id: port-council, kind: org, country: GB, names: {en: "Port Council|?Council of Ports"}}\n'
        "places:\n"
        "  - {id: pier-nine, country: GB, type: port, names: {en: Pier Nine}}\n",
        encoding="utf-8",
    )
    starts = starts_of(read_own([path]))
    assert _ids("The Port Council met at Pier Nine in Iran.", "en", starts) == [
        "org:port-council",
        "place:pier-nine",
        "country:IR",
    ]
    [office] = find_entities(tokenize("", "The Port Council director spoke."), "en", 2024, starts)
    assert office.id == "office:port-council-director"
    assert "person:jane-doe" in office.implies
    # Support is missing here.
    assert _ids("The Council of Ports met.", "en", starts) == []


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(
        "persons:\n"
        "  - {id: Ivan, country: XX, names: {ru: Иван Примеров}}\n"
        "  - {id: a-b, country: BY, names: {russian: Иван}}\n"
        "  - {id: c-d, country: BY, names: {ru: Иван Примеров}, offices: [king]}\n"
        "organisations:\n"
        "  - {id: e-f, kind: club, names: {en: Some Club}}\n"
        "groups: []\n"
        "? [places]\n"
        ": []\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError) as caught:
        read_own([path])
    told = [(fault.line, fault.where) for fault in caught.value.faults]
    assert told == [
        (2, "persons[0].id"),
        (2, "persons[0].country"),
        (3, "persons[1].names.russian"),
        (4, "persons[2].offices"),
        (6, "organisations[0].kind"),
        (7, "groups"),
        (8, ""),
    ]


@pytest.mark.parametrize("country", ["BY RU", "'-'"])
def test_person_of_no_or_several_countries_is_refused(tmp_path: Path, country: str) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(PERSON.replace("BY", country), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"names.yaml:2: persons\[0\].country: expected one country"):
        read_own([path])


def test_bare_surname_links_only_where_alone_is_true(tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(PERSON.replace("BY,", "BY, alone: true,"), encoding="utf-8")
    assert _ids("Примеров приехал.", "ru", starts_of(read_own([path]))) == ["person:ivan-example"]
    path.write_text(PERSON.replace("BY,", "BY, alone: false,"), encoding="utf-8")
    assert _ids("Примеров приехал.", "ru", starts_of(read_own([path]))) == []
    path.write_text(PERSON.replace("BY,", "BY, alone: no,"), encoding="utf-8")
    with pytest.raises(SettingsError, match="expected true or false, got 'no'"):
        read_own([path])


def test_common_word_is_refused_with_its_share(tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text("organisations:\n  - {id: shield, kind: group, names: {en: Shield}}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"'Shield' is a common word in 2.0% of recent texts: write \?Shield"):
        read_own([path], lambda word: 0.02 if word == "shield" else None)
    assert len(read_own([path], lambda word: 0.001)) == 1


def test_lists_are_read_again_when_they_change_and_bad_ones_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namebook, "_LOOK_SECONDS", 0.0)
    path = tmp_path / "names.yaml"
    path.write_text(PERSON, encoding="utf-8")
    book = NameBook((str(path),))
    before = book.current()
    path.write_text(PERSON.replace("Примеров", "Другов"), encoding="utf-8")
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 1))
    after = book.current()
    assert after is not before
    assert [e.id for e in find_entities(tokenize("", "Иван Другов"), "ru", 0, after)] == ["person:ivan-example"]
    path.write_text("persons: 3\n", encoding="utf-8")
    assert book.current() is after


def test_words_of_what_was_read_are_counted_once_a_text() -> None:
    common = CommonWords()
    common.saw(tokenize("", "the guard and the guard") for _ in range(150))
    assert common.frequency("guard") is None
    common.saw(tokenize("", "The Guard") for _ in range(150))
    assert common.frequency("guard") == 0.5


def test_surname_stands_alone_only_where_the_list_says_so(tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    found = []
    for alone in ("true", "false"):
        path.write_text(PERSON.replace("country: BY", f"country: BY, alone: {alone}"), encoding="utf-8")
        found.append(_ids("Встреча с Примеровым.", "ru", starts_of(read_own([path]))))
    assert found == [["person:ivan-example"], []]
    path.write_text(PERSON.replace("country: BY", "country: BY, alone: [1]"), encoding="utf-8")
    with pytest.raises(SettingsError, match="alone: expected true or false"):
        read_own([path])
