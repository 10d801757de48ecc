"""Names saved by people: kept with their history, never written over unseen, found with those of the files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from connectors.errors import SettingsError
from connectors.log import names
from pipelines.entities.find import find_entities
from pipelines.entities.own import Section, read_own, starts_of
from pipelines.name_shelf import NameShelf, check
from pipelines.revisions import SAVED, ChangedMeanwhileError
from pipelines.saved_names import SavedName, SavedNames
from pipelines.text.tokens import tokenize
from pipelines.transforms import namebook
from pipelines.transforms.namebook import NameBook

AT = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)
FILE = "places:\n  - {id: pier-nine, type: port, country: GB, names: {en: Pier Nine}}\n"
TEXT = "Иван Примеров прибыл на Pier Nine."


def make_name(**changes: Any) -> SavedName:
    base = SavedName(
        Section.PERSONS, "ivan-example", {"ru": "Иван Примеров", "en": "Ivan Primerov"}, "Ana", AT, country="BY"
    )
    return replace(base, **changes)


@pytest.fixture
def store(client: redis.Redis) -> SavedNames:
    return SavedNames(client)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "names.yaml"
    made.write_text(FILE, encoding="utf-8")
    return made


def test_saved_entry_is_read_as_it_was_saved_the_native_language_first(store: SavedNames) -> None:
    made = store.save(make_name(alone=True, offices=("director 2020-",)), seen=0)
    assert made == make_name(alone=True, offices=("director 2020-",), revision=1)
    read = store.read().records["persons/ivan-example"]
    assert read == made
    assert list(read.names) == ["ru", "en"]
    assert store.history("persons/ivan-example") == (made,)


def test_second_of_two_editors_is_told_who_was_first(store: SavedNames) -> None:
    store.save(make_name(), seen=0)
    store.save(make_name(country="RU", author="Ben", saved_at=AT + timedelta(minutes=5)), seen=1)
    with pytest.raises(ChangedMeanwhileError, match="changed by Ben at 2022-11-08 12:05:00 UTC meanwhile"):
        store.save(make_name(country="UA"), seen=1)
    with pytest.raises(ChangedMeanwhileError, match="changed by Ben"):
        store.delete("persons/ivan-example", "Ana", AT, seen=1)
    assert [one.country for one in store.history("persons/ivan-example")] == ["RU", "BY"]


def test_deleted_entry_leaves_its_history_and_can_be_made_again(store: SavedNames) -> None:
    store.save(make_name(), seen=0)
    gone = store.delete("persons/ivan-example", "Ben", AT, seen=1)
    assert (gone.is_deleted, gone.revision, gone.country) == (True, 2, "BY")
    assert store.read().records == {}
    assert store.save(make_name(), seen=0).revision == 3
    with pytest.raises(ChangedMeanwhileError, match="there is no such entry"):
        store.delete("persons/never", "Ben", AT, seen=0)


def test_one_id_may_stand_in_two_lists(store: SavedNames) -> None:
    store.save(make_name(), seen=0)
    store.save(make_name(section=Section.ORGANISATIONS, kind="org"), seen=0)
    assert [entry.name for entry in NameShelf((), store).read().entries] == [
        "organisations/ivan-example",
        "persons/ivan-example",
    ]


def test_entries_of_files_and_saved_ones_are_in_force_together(store: SavedNames, file: Path) -> None:
    store.save(make_name(), seen=0)
    shelf = NameShelf((str(file),), store)
    found = shelf.read()
    assert [(entry.name, entry.path, entry.line) for entry in found.entries] == [
        ("places/pier-nine", str(file), 2),
        ("persons/ivan-example", SAVED, 0),
    ]
    assert found.left_out == {}
    assert shelf.read() is found


def test_names_to_find_are_made_anew_only_where_an_entry_changed(store: SavedNames, file: Path) -> None:
    shelf = NameShelf((str(file),), store)
    made = shelf.starts()
    file.write_text(FILE + "# a remark\n", encoding="utf-8")
    assert shelf.starts() is made
    store.save(make_name(), seen=0)
    found = find_entities(tokenize("", TEXT), "ru", 0, shelf.starts())
    assert [entity.id for entity in found] == ["person:ivan-example", "place:pier-nine"]


def test_saved_entry_with_mistakes_is_left_out_and_stops_no_other(store: SavedNames, client: redis.Redis) -> None:
    store.save(make_name(), seen=0)
    # As an older version may have taken it.
    store.save(make_name(id="jane", country="XX"), seen=0)
    client.hset(names.NAMES, "persons/broken", "{}")
    found = NameShelf((), store).read()
    assert [entry.name for entry in found.entries] == ["persons/ivan-example"]
    assert found.left_out["persons/jane"] == "country: no country has the code XX"
    assert "expected a SavedName" in found.left_out["persons/broken"]


def test_file_that_takes_the_id_of_a_saved_entry_wins(store: SavedNames, file: Path) -> None:
    store.save(make_name(section=Section.PLACES, id="pier-nine", type="town"), seen=0)
    found = NameShelf((str(file),), store).read()
    assert [(entry.name, entry.fields["type"]) for entry in found.entries] == [("places/pier-nine", "port")]
    assert found.left_out == {"places/pier-nine": "the file names.yaml, line 2, has an entry of this id"}


def test_files_with_mistakes_do_not_hold_up_saved_entries(store: SavedNames, file: Path) -> None:
    shelf = NameShelf((str(file),), store)
    shelf.read()
    file.write_text("places: 3\n")
    store.save(make_name(), seen=0)
    found = shelf.read()
    assert [entry.name for entry in found.entries] == ["places/pier-nine", "persons/ivan-example"]
    assert len(found.faults) == 1
    file.write_text(FILE)
    assert shelf.read().faults == ()


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"id": "Ivan"}, "id", "expected small letters"),
        ({"country": ""}, "country", "missing"),
        ({"country": "XX"}, "country", "no country has the code XX"),
        ({"names": {}}, "names", "expected spellings by language"),
        ({"names": {"russian": "Иван"}}, "names.russian", "two-letter language"),
        ({"names": {"ru": "Иван||"}}, "names.ru", 'expected names, "|" between them'),
        ({"names": {"en": "Shield"}}, "names.en", "common word in 2.0% of recent texts: write ?Shield"),
        ({"offices": ("king",)}, "offices", "expected 'role 2008-2024'"),
        ({"kind": "org"}, "kind", "expected one of alone, country, id, names, offices"),
        ({"section": Section.PLACES, "id": "pier-nine", "type": "port"}, "id", "names.yaml, line 2, has an entry"),
        ({"author": " "}, "author", "expected the name of who saves it"),
    ],
)
def test_what_cannot_be_saved_is_told_by_field(file: Path, changes: dict[str, Any], field: str, said: str) -> None:
    listed = read_own([file])
    assert check(make_name(), listed).name == "persons/ivan-example"
    with pytest.raises(SettingsError) as caught:
        check(make_name(**changes), listed, lambda word: 0.02 if word == "shield" else None)
    [fault] = caught.value.faults
    assert fault.where == field
    assert said in fault.message


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        check(make_name(id="A", country="XX", author="", offices=("king",)), ())
    assert [fault.where for fault in caught.value.faults] == ["author", "offices", "id", "country"]


def test_bare_surname_is_found_only_where_it_is_said_to_stand_alone() -> None:
    def found(**changes: Any) -> list[str]:
        starts = starts_of([check(make_name(**changes), ())])
        return [entity.id for entity in find_entities(tokenize("", "Встреча с Примеровым."), "ru", 0, starts)]

    assert found() == []
    assert found(alone=True) == ["person:ivan-example"]


def test_namebook_takes_saved_names_over_and_keeps_them_while_the_store_is_away(
    redis_url: str, store: SavedNames, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namebook, "_LOOK_SECONDS", 0.0)
    book = NameBook((str(file),), redis_url)

    def found() -> list[str]:
        return [entity.id for entity in find_entities(tokenize("", TEXT), "ru", 0, book.current())]

    assert found() == ["place:pier-nine"]
    store.save(make_name(), seen=0)
    assert found() == ["person:ivan-example", "place:pier-nine"]

    def away(*_: object) -> None:
        raise redis.ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(redis.Redis, "get", away)
        file.write_text(FILE.replace("pier-nine", "pier-9"), encoding="utf-8")
        assert found() == ["person:ivan-example", "place:pier-9"]
    store.delete("persons/ivan-example", "Ben", AT, seen=1)
    assert found() == ["place:pier-9"]


def test_namebook_without_files_finds_saved_names(
    redis_url: str, store: SavedNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namebook, "_LOOK_SECONDS", 0.0)
    book = NameBook((), redis_url)
    shipped = book.current()
    store.save(make_name(), seen=0)
    assert book.current() is not shipped
