"""Own names saved, changed, deleted and tried: from the page's forms and over the API."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from connectors.log import names
from desk import naming
from desk.testing import Answer, Newsroom, ask, serving
from pipelines.embedded import throw_away_store
from pipelines.settings import Settings

PAYLOAD = "<script>alert(1)</script>"
NAME = {"names": {"ru": "Иван Примеров"}, "country": "BY", "author": "Ana"}
FORM = {
    "section": "persons",
    "id": "ivan-example",
    "names": "ru: Иван Примеров\r\nen: Ivan Primerov|Vanya Primerov",
    "country": "BY",
    "author": "Ana",
    "revision": "0",
}
ENTRY = "persons/ivan-example"


def put(desk: str, entry: str = ENTRY, **changes: Any) -> Answer:
    body = json.dumps({**NAME, **changes}).encode()
    return ask(f"{desk}/api/v1/names/{entry}", "PUT", body)


def saved(desk: str, **changes: str) -> Answer:
    answer = ask(f"{desk}/names/save", "POST", {**FORM, **changes})
    assert answer.status == 200
    return answer


def tried(desk: str, **form: str) -> str:
    answer = ask(f"{desk}/names/try", "POST", {"section": "persons", **form})
    assert answer.status == 200
    return answer.text


def test_name_saved_from_the_page_is_listed_edited_and_deleted_with_its_history(desk: str) -> None:
    answer = saved(desk, offices="president 2020-2024, director 2025-", alone="1")
    assert answer.headers["HX-Redirect"] == "/names?saved=persons%2Fivan-example"
    page = ask(f"{desk}/names?saved={ENTRY}").text
    assert "revision 1 by" in page
    assert "It is found within seconds" in page
    assert "Saved here (1)" in page
    assert "In force (1)" in page
    editor = ask(f"{desk}/names?edit={ENTRY}").text
    assert re.search(r'name="revision" value="1"', editor)
    assert "ru: Иван Примеров\nen: Ivan Primerov|Vanya Primerov</textarea>" in editor
    assert 'value="ivan-example" readonly' in editor
    assert 'value="president 2020-2024, director 2025-"' in editor
    assert 'value="1" checked' in editor
    assert "HX-Redirect" in saved(desk, country="RU", author="Ben", revision="1").headers
    history = ask(f"{desk}/names/history/{ENTRY}").text
    assert history.index("Revision 2</b> changed by") < history.index("Revision 1</b> saved by")
    assert '<del dir="auto">BY</del> <ins dir="auto">RU</ins>' in history
    gone = ask(f"{desk}/names/delete", "POST", {"name": ENTRY, "author": "Ana", "revision": "2"})
    assert gone.headers["HX-Redirect"] == "/names?deleted=persons%2Fivan-example"
    page = ask(f"{desk}/names?deleted={ENTRY}").text
    assert "Its history stays" in page
    assert "Saved here" not in page
    assert "Revision 3</b> deleted by" in ask(f"{desk}/names/history/{ENTRY}").text
    assert ask(f"{desk}/names?edit={ENTRY}").status == 404
    assert ask(f"{desk}/names/history/persons/never").status == 404


def test_second_editor_is_told_who_was_first_and_nothing_is_written_over(desk: str) -> None:
    saved(desk)
    saved(desk, country="RU", author="Ben", revision="1")
    answer = saved(desk, country="UA", revision="1")
    assert "HX-Redirect" not in answer.headers
    assert re.search(r"changed by Ben at [\d-]+ [\d:]+ UTC meanwhile", answer.text)
    assert 'href="/names?edit=persons/ivan-example"' in answer.text
    assert put(desk, revision=1).status == 409
    assert ask(f"{desk}/api/v1/names/{ENTRY}?author=Ana&revision=1", "DELETE").status == 409
    assert [one["author"] for one in ask(f"{desk}/api/v1/names/{ENTRY}/history").json()] == ["Ben", "Ana"]


def test_of_two_editors_at_once_one_saves_and_one_is_told(desk: str) -> None:
    answers: list[int] = []
    barrier = threading.Barrier(4)

    def edit(author: str) -> None:
        barrier.wait()
        answers.append(put(desk, author=author).status)

    editors = [threading.Thread(target=edit, args=(f"Editor {number}",)) for number in range(4)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join(30)
    assert sorted(answers) == [200, 409, 409, 409]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "id: expected a text"),
        ({"id": "Ivan Example"}, "id: expected small letters"),
        ({"country": "XX"}, "country: no country has the code XX"),
        ({"names": ""}, "names: expected spellings by language"),
        ({"names": "Ivan Primerov"}, "names.Ivan Primerov: expected a two-letter language"),
        ({"names": "ru:"}, "names.ru: expected names"),
        ({"offices": "king"}, "offices: expected &#39;role 2008-2024&#39;"),
        ({"kind": "org"}, "kind: expected one of alone, country"),
        ({"section": "ships"}, "list: expected one of persons, organisations, places"),
        ({"section": "places"}, "type: missing"),
        ({"author": ""}, "author: expected the name of who saves it"),
    ],
)
def test_what_cannot_be_saved_is_told_by_field(desk: str, changes: dict[str, str], said: str) -> None:
    answer = saved(desk, **changes)
    assert said in answer.text
    assert "HX-Redirect" not in answer.headers
    assert "Saved here" not in ask(f"{desk}/names").text


def test_deleting_needs_a_name(desk: str) -> None:
    saved(desk)
    answer = ask(f"{desk}/names/delete", "POST", {"name": ENTRY, "revision": "1"})
    assert "who deletes it" in answer.text
    assert "Saved here (1)" in ask(f"{desk}/names").text


def test_two_lines_of_one_language_are_its_spellings(desk: str) -> None:
    saved(desk, names="ru: Иван Примеров\nru: Ваня Примеров")
    [one] = ask(f"{desk}/api/v1/names").json()["names"]
    assert one["names"] == {"ru": "Иван Примеров|Ваня Примеров"}


def test_file_wins_and_names_of_files_are_listed_with_their_place(redis_url: str, tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    with serving(dataclasses.replace(Settings(), names=(str(path),)), redis_url) as desk:
        path.write_text("places:\n  - {id: pier-nine, type: port, country: GB, names: {en: Pier Nine}}\n")
        assert put(desk).status == 200
        refused = put(desk, "places/pier-nine", type="town")
        assert refused.status == 422
        assert "the file names.yaml, line 2, has an entry of this id: change it there" in refused.json()["detail"]
        listed = ask(f"{desk}/api/v1/names").json()["names"]
        assert [(one["section"], one["id"], one["origin"], one["place"]) for one in listed] == [
            ("places", "pier-nine", "file", "names.yaml:2"),
            ("persons", "ivan-example", "saved", ""),
        ]
        path.write_text("persons:\n  - {id: ivan-example, country: BY, names: {ru: Пётр Другов}}\n", encoding="utf-8")
        assert "Not found: the file names.yaml, line 2, has an entry of this id" in ask(f"{desk}/names").text
        path.write_text("persons: 3\n")
        assert "expected a list, each entry behind a dash" in ask(f"{desk}/names").text


def test_name_saved_over_the_api_is_in_force_with_its_origin(desk: str) -> None:
    answer = put(desk, alone=True, offices=["director 2020-"])
    assert answer.status == 200
    assert {key: answer.json()[key] for key in ("section", "id", "revision", "author", "alone")} == {
        "section": "persons",
        "id": "ivan-example",
        "revision": 1,
        "author": "Ana",
        "alone": True,
    }
    assert put(desk, "places/geonames:2643743", type="town").status == 200
    listed = {one["id"]: one for one in ask(f"{desk}/api/v1/names").json()["names"]}
    assert (listed["ivan-example"]["origin"], listed["ivan-example"]["revision"]) == ("saved", 1)
    assert listed["geonames:2643743"]["section"] == "places"
    gone = ask(f"{desk}/api/v1/names/{ENTRY}?author=Ana&revision=1", "DELETE")
    assert (gone.status, gone.json()["is_deleted"]) == (200, True)
    assert [one["id"] for one in ask(f"{desk}/api/v1/names").json()["names"]] == ["geonames:2643743"]
    assert ask(f"{desk}/api/v1/names/persons/never/history").status == 404


def test_saved_entry_that_cannot_be_read_is_listed_with_the_reason(desk: str, newsroom: Newsroom) -> None:
    put(desk)
    raw: Any = newsroom.client.hget(names.NAMES, ENTRY)
    newsroom.client.hset(names.NAMES, ENTRY, raw.replace(b'"BY"', b'"XX"'))
    newsroom.client.hset(names.NAMES, "persons/broken", b"{}")
    newsroom.client.set(names.NAMES_CHANGE, "another")
    page = ask(f"{desk}/names").text
    assert "Not found: country: no country has the code XX" in page
    assert "Not found: expected a SavedName" in page
    left_out = {one["name"]: one for one in ask(f"{desk}/api/v1/names").json()["left_out"]}
    assert left_out[ENTRY]["revision"] == 1
    assert left_out["persons/broken"]["revision"] == 0


def test_word_that_is_common_among_the_newest_items_is_refused(desk: str, newsroom: Newsroom) -> None:
    naming._newest_words.cache_clear()
    for number in range(220):
        newsroom.keep_item(number, "Pictures of the shield" if number % 10 == 0 else f"Harbour {number} opens")
    refused = put(desk, "organisations/shield", kind="group", names={"en": "Shield"})
    naming._newest_words.cache_clear()
    assert refused.status == 422
    assert "common word in 10.0% of recent texts: write ?Shield" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("entry", "body", "status"),
    [
        (ENTRY, b"", 422),
        (ENTRY, b"[]", 422),
        (ENTRY, b"\xff", 422),
        (ENTRY, b'{"author": "Ana"}', 422),
        (ENTRY, b'{"names": {"ru": 5}, "country": "BY", "author": "Ana"}', 422),
        (ENTRY, b'{"names": {}, "country": "BY", "author": "Ana"}', 422),
        (ENTRY, b'{"names": {"en": "Jane Zorble"}, "country": "GB", "author": "A\\u0000"}', 422),
        (ENTRY, b'{"names": {"en": "' + b"x " * 500_000 + b'"}, "country": "BY", "author": "Ana"}', 413),
        ("ships/a", b'{"names": {"en": "Jane Zorble"}, "country": "GB", "author": "Ana"}', 422),
        ("persons/%00", b'{"names": {"en": "Jane Zorble"}, "country": "GB", "author": "Ana"}', 422),
        ("persons/" + "x" * 500, b'{"names": {"en": "Jane Zorble"}, "country": "GB", "author": "Ana"}', 422),
    ],
)
def test_hostile_bodies_are_refused_and_nothing_is_kept(
    desk: str, newsroom: Newsroom, entry: str, body: bytes, status: int
) -> None:
    answer = ask(f"{desk}/api/v1/names/{quote(entry, safe='%/')}", "PUT", body)
    assert answer.status == status
    assert answer.json()["detail"]
    assert newsroom.client.keys("name*") == []


def test_what_was_saved_comes_out_as_text(desk: str) -> None:
    assert put(desk, names={"en": f"Jane {PAYLOAD}"}, author=PAYLOAD).status == 200
    assert put(desk, "places/pier", type=PAYLOAD, author=PAYLOAD).status == 200
    assert put(desk, author=PAYLOAD, revision=1).status == 200
    pages = [f"/names?saved={PAYLOAD}", f"/names?deleted={PAYLOAD}", f"/names?saved={ENTRY}", f"/names?edit={ENTRY}"]
    for path in (*pages, f"/names/history/{ENTRY}"):
        page = ask(desk + path).text
        assert "<script>alert" not in page
        assert " style=" not in page
        assert not re.search(r"\son[a-z]+\s*=", page)
    for form in ({"id": PAYLOAD}, {"names": PAYLOAD}, {"country": PAYLOAD}, {"section": PAYLOAD}):
        assert "<script>alert" not in saved(desk, **form).text
        assert "<script>alert" not in tried(desk, text=PAYLOAD, **form)


def test_other_sites_cannot_save_and_a_token_is_demanded(desk: str, start_desk: Callable[..., str]) -> None:
    body = json.dumps(NAME).encode()
    path = f"/api/v1/names/{ENTRY}"
    elsewhere: dict[str, Any] = {"Origin": "https://evil.example"}
    assert ask(desk + path, "PUT", body, **elsewhere).status == 403
    assert ask(desk + path + "?author=A&revision=1", "DELETE", **elsewhere).status == 403
    assert ask(desk + "/names/save", "POST", FORM, **elsewhere).status == 403
    guarded = start_desk(token="correct horse battery staple")
    assert ask(guarded + path, "PUT", body).status == 401


def test_store_that_goes_away_is_told_and_nothing_seems_saved(start_desk: Callable[..., str]) -> None:
    with throw_away_store() as url:
        desk = start_desk(url)
        assert put(desk).status == 200
    answer = saved(desk, id="other")
    assert "The store does not answer" in answer.text
    assert "HX-Redirect" not in answer.headers
    assert put(desk, "persons/other").status == 503
    assert "Reads soundly" in tried(desk, id="jane", names="en: Jane Zorble", country="GB")


def test_unsaved_entry_is_tried_on_a_text_beside_those_in_force(desk: str) -> None:
    put(desk, "places/pier-nine", type="port", country="GB", names={"en": "Pier Nine"})
    text = "Иван Примеров прибыл на Pier Nine."
    shown = tried(desk, text=text)
    assert "1 found in this text." in shown
    assert "place:pier-nine" in shown
    assert "Save this entry" not in shown
    shown = tried(desk, id="ivan-example", names="ru: Иван Примеров", country="BY", text=text, language="ru")
    assert "Reads soundly." in shown
    assert "2 found in this text." in shown
    assert "<mark>Иван Примеров</mark>" in shown
    assert "<code>person:ivan-example</code>" in shown
    assert "listed as port" in shown
    assert "Save this entry" in shown
    assert ask(f"{desk}/api/v1/names/{ENTRY}/history").status == 404


def test_mistake_is_shown_while_typing(desk: str) -> None:
    shown = tried(desk, id="ivan-example", names="ru: Иван Примеров", country="XX")
    assert "country: no country has the code XX" in shown
    assert "Save this entry" not in shown


def test_changed_entry_is_tried_in_place_of_the_saved_one(desk: str) -> None:
    put(desk)
    shown = tried(desk, id="ivan-example", names="ru: Пётр Другов", country="BY", text="Иван Примеров", language="ru")
    assert "0 found in this text." in shown
