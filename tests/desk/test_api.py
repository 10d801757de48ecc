"""The JSON API and its description."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from desk.read import AlertDetail, AlertPage, StoryDetail, StoryPage
from desk.testing import Newsroom, ask, make_alert, make_story


def _schema_names(schema: Any) -> set[str]:
    return set(schema["components"]["schemas"])


def test_openapi_describes_every_route_and_resolves(desk: str) -> None:
    described = ask(desk + "/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert {
        "/api/v1/stories",
        "/api/v1/stories/{story_id}",
        "/api/v1/alerts",
        "/api/v1/alerts/{alert_id}",
        "/api/v1/feeds",
        "/api/v1/ops",
        "/api/v1/ops/lag",
        "/api/v1/why",
        "/api/v1/rules",
        "/api/v1/rules/{name}",
        "/api/v1/rules/{name}/history",
        "/api/v1/rules/explain",
        "/api/v1/names",
        "/api/v1/names/{section}/{id}",
        "/api/v1/names/{section}/{id}/history",
        "/stream",
        "/healthz",
        "/readyz",
    } == set(described["paths"])
    assert {"Alert", "Story", "Report", "Evidence", "FeedState", "Figures", "StoryPage"} <= _schema_names(described)
    references = _references(described)
    assert references
    assert all(reference.rpartition("/")[2] in _schema_names(described) for reference in references)
    for path in described["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert operation["responses"]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if "$ref" in node else []
        return here + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []


def test_answers_are_the_records_that_the_description_promises(desk: str, newsroom: Newsroom) -> None:
    newsroom.tell(make_story(alerts=("a1",)))
    newsroom.raise_alert(make_alert())
    for path, kind in (
        ("/api/v1/stories", StoryPage),
        ("/api/v1/stories/s1", StoryDetail),
        ("/api/v1/alerts", AlertPage),
        ("/api/v1/alerts/a1", AlertDetail),
    ):
        TypeAdapter(kind).validate_python(ask(desk + path).json())
    assert ask(desk + "/api/v1/alerts/a1").json()["alert"]["rule"] == "envoys"
    assert [step["revision"] for step in ask(desk + "/api/v1/alerts/a1").json()["steps"]] == [1]
    story = ask(desk + "/api/v1/stories/s1").json()
    assert [told["report"]["source"] for told in story["reports"]] == ["Outlet 1"]
    assert [alert["alert_id"] for alert in story["alerts"]] == ["a1"]


def test_lists_are_narrowed_and_go_on(desk: str, newsroom: Newsroom) -> None:
    for number in range(5):
        newsroom.raise_alert(
            make_alert(f"a{number}", revision=number + 1, rule="odd" if number % 2 else "even", countries=("IR",))
        )
    first = ask(desk + "/api/v1/alerts?limit=2").json()
    assert [alert["alert_id"] for alert in first["alerts"]] == ["a4", "a3"]
    second = ask(f"{desk}/api/v1/alerts?limit=2&before={first['next'].replace('|', '%7C')}").json()
    assert [alert["alert_id"] for alert in second["alerts"]] == ["a2", "a1"]
    odd = ask(desk + "/api/v1/alerts?rule=odd&country=ir").json()
    assert [alert["alert_id"] for alert in odd["alerts"]] == ["a3", "a1"]
    assert odd["next"] == ""
    assert ask(desk + "/api/v1/alerts?country=FR").json()["alerts"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/alerts?limit=0", 422),
        ("/api/v1/alerts?limit=201", 422),
        ("/api/v1/stories?before=x", 400),
        ("/api/v1/alerts/none", 404),
        ("/api/v1/stories/none", 404),
        ("/api/v1/why?url=ftp://a", 400),
        ("/api/v1/nothing", 404),
    ],
)
def test_bad_questions_get_an_answer_that_says_so(desk: str, path: str, status: int) -> None:
    answer = ask(desk + path)
    assert answer.status == status
    assert "detail" in answer.json()


def test_why_says_that_a_link_was_never_seen(desk: str) -> None:
    told = ask(desk + "/api/v1/why?url=https://www.outlet.example/a?utm_source=x").json()
    assert told["url"] == "https://outlet.example/a"
    assert told["became"].startswith("not seen")
