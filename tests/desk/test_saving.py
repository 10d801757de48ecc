"""Rules saved, changed and deleted: from the page's forms and over the API."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from connectors.log import names
from desk.testing import Answer, Newsroom, ask
from pipelines.embedded import throw_away_store

PAYLOAD = "<script>alert(1)</script>"
RULE = {"query": "port AND drone*", "author": "Ana", "severity": "high", "languages": ["en"], "routes": ["desk"]}
FORM = {"name": "ports", "query": "port AND drone*", "author": "Ana", "severity": "high", "revision": "0"}


def put(desk: str, name: str = "ports", **changes: Any) -> Answer:
    body = json.dumps({**RULE, **changes}).encode()
    return ask(f"{desk}/api/v1/rules/{quote(name, safe='')}", "PUT", body)


def saved(desk: str, **changes: str) -> Answer:
    answer = ask(f"{desk}/rules/save", "POST", {**FORM, **changes})
    assert answer.status == 200
    return answer


def test_rule_saved_from_the_page_is_listed_edited_and_deleted_with_its_history(desk: str) -> None:
    answer = saved(desk, query="port\r\nAND drone*", languages="en, ru")
    assert answer.headers["HX-Redirect"] == "/rules?saved=ports"
    page = ask(f"{desk}/rules?saved=ports").text
    assert "revision 1 by" in page
    assert "Saved here (1)" in page
    assert "saved by" in page
    editor = ask(f"{desk}/rules?edit=ports").text
    assert re.search(r'name="revision" value="1"', editor)
    assert re.search(r">port\nAND drone\*</textarea>", editor)
    assert 'value="ports" readonly' in editor
    assert 'value="en, ru"' in editor
    assert "Save this rule" in editor
    assert "HX-Redirect" in saved(desk, query="port", author="Ben", revision="1").headers
    history = ask(f"{desk}/rules/history/ports").text
    assert history.index("Revision 2</b> changed by") < history.index("Revision 1</b> saved by")
    assert "<del" in history
    assert "languages" in history
    gone = ask(f"{desk}/rules/delete", "POST", {"name": "ports", "author": "Ana", "revision": "2"})
    assert gone.headers["HX-Redirect"] == "/rules?deleted=ports"
    page = ask(f"{desk}/rules?deleted=ports").text
    assert "Its history stays" in page
    assert "Saved here" not in page
    assert "Revision 3</b> deleted by" in ask(f"{desk}/rules/history/ports").text
    assert ask(f"{desk}/rules?edit=ports").status == 404


def test_second_editor_is_told_who_was_first_and_nothing_is_written_over(desk: str) -> None:
    saved(desk)
    saved(desk, query="port", author="Ben", revision="1")
    answer = saved(desk, query="mine", revision="1")
    assert "HX-Redirect" not in answer.headers
    assert re.search(r"changed by Ben at [\d-]+ [\d:]+ UTC meanwhile", answer.text)
    assert 'href="/rules?edit=ports"' in answer.text
    assert put(desk, revision=1).status == 409
    assert ask(f"{desk}/api/v1/rules/ports?author=Ana&revision=1", "DELETE").status == 409
    assert [one["author"] for one in ask(f"{desk}/api/v1/rules/ports/history").json()] == ["Ben", "Ana"]


def test_of_two_editors_at_once_one_saves_and_one_is_told(desk: str) -> None:
    answers: list[int] = []
    barrier = threading.Barrier(6)

    def edit(author: str) -> None:
        barrier.wait()
        answers.append(put(desk, author=author).status)

    editors = [threading.Thread(target=edit, args=(f"Editor {number}",)) for number in range(6)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join(30)
    assert sorted(answers) == [200, 409, 409, 409, 409, 409]
    assert len(ask(f"{desk}/api/v1/rules/ports/history").json()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "russia-iran-contacts"}, "has a rule of this name: change it there, or choose another name"),
        ({"name": ""}, "expected letters, digits"),
        ({"query": "(port"}, "query: line 1, column 1: this parenthesis is never closed"),
        ({"query": ""}, "the query is empty"),
        ({"author": ""}, "author: expected the name of who saves it"),
        ({"severity": "loud"}, "severity: expected one of low, medium, high, critical"),
        ({"languages": "english"}, "languages: expected two-letter codes"),
    ],
)
def test_what_cannot_be_saved_is_told_by_field(desk: str, changes: dict[str, str], said: str) -> None:
    answer = saved(desk, **changes)
    assert said in answer.text
    assert "HX-Redirect" not in answer.headers
    assert "Saved here" not in ask(f"{desk}/rules").text


def test_deleting_needs_a_name(desk: str) -> None:
    saved(desk)
    answer = ask(f"{desk}/rules/delete", "POST", {"name": "ports", "revision": "1"})
    assert "who deletes it" in answer.text
    assert "Saved here (1)" in ask(f"{desk}/rules").text


def test_rule_saved_over_the_api_is_in_force_with_its_origin(desk: str) -> None:
    answer = put(desk)
    assert answer.status == 200
    assert {key: answer.json()[key] for key in ("name", "revision", "author", "languages")} == {
        "name": "ports",
        "revision": 1,
        "author": "Ana",
        "languages": ["en"],
    }
    listed = {one["name"]: one for one in ask(f"{desk}/api/v1/rules").json()["rules"]}
    assert (listed["ports"]["origin"], listed["ports"]["revision"]) == ("saved", 1)
    of_file = listed["russia-iran-contacts"]
    assert of_file["origin"] == "file"
    assert re.fullmatch(r"[\w-]+\.yaml:\d+", of_file["place"])
    gone = ask(f"{desk}/api/v1/rules/ports?author=Ana&revision=1", "DELETE")
    assert (gone.status, gone.json()["is_deleted"]) == (200, True)
    assert "ports" not in {one["name"] for one in ask(f"{desk}/api/v1/rules").json()["rules"]}
    assert ask(f"{desk}/api/v1/rules/never/history").status == 404
    assert ask(f"{desk}/rules/history/never").status == 404


def test_saved_rule_that_cannot_be_read_is_listed_with_the_reason(desk: str, newsroom: Newsroom) -> None:
    put(desk)
    raw: Any = newsroom.client.hget(names.RULES, "ports")
    newsroom.client.hset(names.RULES, "ports", raw.replace(b"port AND", b"@gone AND"))
    newsroom.client.hset(names.RULES, "broken", b"{}")
    newsroom.client.set(names.RULES_CHANGE, "another")
    page = ask(f"{desk}/rules").text
    assert re.search(r"Not matched: .*@gone", page)
    assert re.search(r"Not matched: expected a SavedRule", page)
    left_out = {one["name"]: one for one in ask(f"{desk}/api/v1/rules").json()["left_out"]}
    assert left_out["ports"]["revision"] == 1
    assert "@gone" in left_out["ports"]["reason"]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("ports", b"", 422),
        ("ports", b"[]", 422),
        ("ports", b"{", 422),
        ("ports", b"\xff", 422),
        ("ports", b'{"query": "port"}', 422),
        ("ports", b'{"query": 5, "author": "Ana"}', 422),
        ("ports", b'{"query": "port", "author": "A\\u0000"}', 422),
        ("ports", b'{"query": "port \\u202e", "author": "Ana"}', 422),
        ("ports", b'{"query": "port", "author": "Ana", "routes": ["a\\u0000"]}', 422),
        ("ports", b'{"query": "' + b"x" * 20_001 + b'", "author": "Ana"}', 422),
        ("ports", b'{"query": "' + b"x " * 500_000 + b'", "author": "Ana"}', 413),
        (PAYLOAD.replace("/", ""), b'{"query": "port", "author": "Ana"}', 422),
        ("%00", b'{"query": "port", "author": "Ana"}', 422),
        ("x" * 81, b'{"query": "port", "author": "Ana"}', 422),
    ],
)
def test_hostile_bodies_are_refused_and_nothing_is_kept(
    desk: str, newsroom: Newsroom, name: str, body: bytes, status: int
) -> None:
    answer = ask(f"{desk}/api/v1/rules/{quote(name, safe='%')}", "PUT", body)
    assert answer.status == status
    assert answer.json()["detail"]
    assert newsroom.client.keys("rule*") == []


def test_query_as_long_as_is_read_can_be_saved(desk: str) -> None:
    query = " OR ".join(f"w{number:05}" for number in range(1_900))
    assert put(desk, query=query).status == 200
    assert "HX-Redirect" in saved(desk, name="other", query=query).headers


def test_what_was_saved_comes_out_as_text(desk: str, newsroom: Newsroom) -> None:
    assert put(desk, query=f'"{PAYLOAD}"', author=PAYLOAD).status == 200
    assert put(desk, query="port", author=PAYLOAD, revision=1).status == 200
    pages = [f"/rules?saved={PAYLOAD}", f"/rules?deleted={PAYLOAD}", "/rules?saved=ports", "/rules?edit=ports"]
    for path in (*pages, "/rules/history/ports"):
        page = ask(desk + path).text
        assert "<script>alert" not in page
        assert " style=" not in page
        assert not re.search(r"\son[a-z]+\s*=", page)
    for form in ({"name": PAYLOAD}, {"query": f"({PAYLOAD}"}, {"severity": PAYLOAD}, {"languages": PAYLOAD}):
        assert "<script>alert" not in saved(desk, **form).text


def test_other_sites_cannot_save_and_a_token_is_demanded(desk: str, start_desk: Callable[..., str]) -> None:
    body = json.dumps(RULE).encode()
    path = "/api/v1/rules/ports"
    elsewhere: dict[str, Any] = {"Origin": "https://evil.example"}
    assert ask(desk + path, "PUT", body, **elsewhere).status == 403
    assert ask(desk + path + "?author=A&revision=1", "DELETE", **elsewhere).status == 403
    assert ask(desk + "/rules/save", "POST", FORM, **elsewhere).status == 403
    assert ask(desk + path, "PUT", body, Sec_Fetch_Site="cross-site").status == 403
    guarded = start_desk(token="correct horse battery staple")
    assert ask(guarded + path, "PUT", body).status == 401
    assert ask(guarded + path, "PUT", body, Authorization="Bearer correct horse battery staple").status == 200


def test_store_that_goes_away_is_told_and_nothing_seems_saved(start_desk: Callable[..., str]) -> None:
    with throw_away_store() as url:
        desk = start_desk(url)
        assert put(desk).status == 200
    answer = ask(f"{desk}/rules/save", "POST", {**FORM, "name": "other"})
    assert answer.status == 200
    assert "The store does not answer" in answer.text
    assert "HX-Redirect" not in answer.headers
    assert put(desk, "other").status == 503
    assert "Reads as" in ask(f"{desk}/rules/try", "POST", {"query": "port"}).text


def test_query_is_explained_over_the_api(desk: str) -> None:
    def explained(**body: str) -> Answer:
        return ask(f"{desk}/api/v1/rules/explain", "POST", json.dumps(body).encode())

    told = explained(query="(drone OR missil*) AND port", title="Missiles hit the harbour").json()
    assert told["is_match"] is False
    assert told["lacking"] == [{"query": "port", "said": "port is not in the item"}]
    assert told["tree"]["children"][0]["evidence"] == [{"field": "title", "start": 0, "end": 8, "words": "Missiles"}]
    put(desk, languages=["ru"])
    text = {"title": "Drone over the port"}
    assert explained(rule="ports", **text).json()["lacking"][0]["query"] == "languages: ru"
    assert explained(rule="ports", language="ru", **text).json()["is_match"] is True
    assert explained(rule="nothing", **text).status == 404
    assert explained(**text).status == 422
    assert explained(query="a", rule="ports").status == 422
    assert "never closed" in explained(query="(port").json()["detail"]
    assert explained(query="port", text="x" * 300_000).status == 413
