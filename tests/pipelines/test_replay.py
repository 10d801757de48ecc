"""What a replay says of each entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.feeds.settings import FeedsSettings
from pipelines.archive import EPOCH, ArchiveEntry, entry_from_json
from pipelines.replay import replay
from pipelines.settings import Settings
from pipelines.testing import forget_process_state

FIRST = "Patrushev lands in Tehran for talks about security with Ali Shamkhani"
EDITED = "Russian security chief Patrushev has come to Tehran, says the office of Shamkhani"
AGAIN = "Moscow's man for security is in the Iranian capital, an official there tells us"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One rule, no feed lists: every feed is an outlet of its own."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n  - {name: visits, query: country:IR OR tehran}\n")
    return replace(Settings(), rules=(str(rules),), feeds=FeedsSettings(use_default_catalogue=False))


@pytest.fixture
def _fresh() -> Iterator[None]:
    forget_process_state()
    yield
    forget_process_state()


def decided(url: str, settings: Settings, *lines: tuple[str, str, str, str]) -> dict[str, dict[str, Any]]:
    entries = []
    for name, feed, page, title in lines:
        line = {"id": name, "feed_id": feed, "url": f"https://{feed}.example/{page}", "title": title}
        entries.append(ArchiveEntry(name, entry_from_json(line, EPOCH)))
    return {result["id"]: result for result in replay(entries, settings, url)}


@pytest.mark.usefixtures("_fresh")
def test_copy_names_the_first_entry_with_its_words(redis_url: str, settings: Settings) -> None:
    told = decided(
        redis_url,
        settings,
        ("first", "nour", "1", FIRST),
        ("edit", "nour", "1", EDITED),
        ("copy", "cnn", "2", EDITED),
        ("older", "blog", "3", FIRST),
        ("rewritten", "cnn", "2", AGAIN),
    )
    assert {name: result["copy_of"] for name, result in told.items()} == {
        "first": None,
        "edit": None,
        "copy": "edit",
        "older": "first",
        "rewritten": None,
    }
    assert {result["story_id"] for result in told.values()} == {told["first"]["story_id"]}


@pytest.mark.usefixtures("_fresh")
def test_sighting_of_a_sighting_is_in_its_story(redis_url: str, settings: Settings) -> None:
    told = decided(
        redis_url,
        settings,
        ("first", "nour", "1", FIRST),
        ("elsewhere", "nour", "2", FIRST),
        ("again", "nour", "2", FIRST),
    )
    assert [told[name]["outcome"] for name in ("first", "elsewhere", "again")] == ["kept", "seen", "seen"]
    assert told["again"]["story_id"] == told["elsewhere"]["story_id"] == told["first"]["story_id"]
