"""Rules are tried on the desk with the own names in force: those of its files and those that people saved."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from desk.testing import Newsroom, ask, serving
from pipelines import name_shelf
from pipelines.entities.own import starts_of
from pipelines.settings import Settings

TITLE = "Иван Примеров прибыл на причал"
QUERY = "person:ivan-example"
ENTRY = "/api/v1/names/persons/ivan-example"
NAME = {"names": {"ru": "Иван Примеров"}, "country": "BY", "author": "Ana", "revision": 0}


def save(desk: str) -> None:
    assert ask(desk + ENTRY, "PUT", json.dumps(NAME).encode()).status == 200


def tried(desk: str, **form: str) -> str:
    answer = ask(f"{desk}/rules/try", "POST", {"query": QUERY, **form})
    assert answer.status == 200
    return answer.text


def explained(desk: str) -> bool:
    body = json.dumps({"query": QUERY, "title": TITLE}).encode()
    return bool(ask(f"{desk}/api/v1/rules/explain", "POST", body).json()["is_match"])


def test_name_that_was_just_saved_or_deleted_counts_in_the_next_trial(desk: str, newsroom: Newsroom) -> None:
    # Kept before anybody listed the person.
    newsroom.keep_item(1, TITLE)
    assert "It does not match" in tried(desk, title=TITLE)
    assert "0 of 1 kept items." in tried(desk, stream="1")
    assert not explained(desk)
    save(desk)
    assert "It matches this text." in tried(desk, title=TITLE)
    shown = tried(desk, stream="1")
    assert "1 of 1 kept items." in shown
    assert "<mark>Иван Примеров</mark>" in shown
    assert explained(desk)
    assert ask(f"{desk}{ENTRY}?author=Ana&revision=1", "DELETE").status == 200
    assert "It does not match" in tried(desk, title=TITLE)
    assert "0 of 1 kept items." in tried(desk, stream="1")
    assert not explained(desk)


def test_names_of_the_desks_files_count_in_trials(newsroom: Newsroom, redis_url: str, tmp_path: Path) -> None:
    newsroom.keep_item(1, TITLE)
    file = tmp_path / "names.yaml"
    file.write_text("persons:\n  - {id: ivan-example, country: BY, names: {ru: Иван Примеров}}\n", encoding="utf-8")
    with serving(Settings(names=(str(file),)), redis_url) as desk:
        assert "It matches this text." in tried(desk, title=TITLE)
        assert "1 of 1 kept items." in tried(desk, stream="1")
        assert explained(desk)


def test_list_with_mistakes_leaves_the_names_that_come_with_wirewatch(
    newsroom: Newsroom, redis_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "names.yaml"
    file.write_text("persons: 3\n", encoding="utf-8")
    with serving(Settings(names=(str(file),)), redis_url) as desk:
        assert "It does not match" in tried(desk, title=TITLE)
        assert "It matches this text." in tried(desk, query="country:IR", title="Iran waits")


def test_names_are_made_once_a_change_while_the_desk_goes_on_answering(
    desk: str, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, made = threading.Event(), threading.Event(), list[int]()

    def slowly(entries: Any) -> Any:
        made.append(len(entries))
        begun.set()
        assert may_end.wait(20)
        return starts_of(entries)

    tried(desk, title=TITLE)
    save(desk)
    monkeypatch.setattr(name_shelf, "starts_of", slowly)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(tried, desk, title=TITLE) for _ in range(2)]
        try:
            assert begun.wait(20)
            assert ask(f"{desk}/names").status == 200
        finally:
            may_end.set()
        assert all("It matches this text." in one.result(20) for one in waiting)
    assert explained(desk)
    assert made == [1]
