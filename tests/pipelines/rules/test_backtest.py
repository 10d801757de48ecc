"""A back-test tells what a rule would have found, day by day, and what another version of it finds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from pipelines.backtest import story_finder
from pipelines.cli import main
from pipelines.rules.backtest import BackTest, back_test, back_test_lines
from pipelines.rules.items import matched_plainly, read_items
from pipelines.rules.model import Rule, Severity
from pipelines.rules.syntax import parse
from pipelines.stories.limits import JoinLimits

Entry = tuple[str, str, str]
# Id, day of November 2022, title.
NEWS: list[Entry] = [
    ("a", "01", "Drone over the port"),
    ("b", "03", "Port reopens"),
    ("c", "03", "Drone hits the port"),
    ("d", "05", "Drone show at the harbour"),
]


def rule(query: str, when: tuple[str, ...] = ("first",)) -> Rule:
    return Rule("r", Severity.LOW, query, parse(query), "v", when=when)


def lines(news: Iterable[Entry]) -> list[str]:
    """Write entries as an archive; what stands before a hyphen in the id names the page."""
    return [
        json.dumps(
            {"id": entry_id, "title": title, "url": f"https://example.org/{page}", "published_at": f"2022-11-{day}"}
        )
        for entry_id, day, title in news
        for page in [entry_id.partition("-")[0]]
    ]


def run(query: str, news: Iterable[Entry] = NEWS, *, days: int = 14, against: str = "") -> BackTest:
    other = matched_plainly([rule(against)]) if against else None
    items = read_items(lines(news), "in.jsonl")
    return back_test(rule(query), items, matched_plainly([rule(query)]), days=days, against=other)


def test_hits_are_counted_by_day_and_days_without_any_are_shown() -> None:
    found = run("drone AND port")
    assert [(str(day), count) for day, count in found.days] == [
        ("2022-11-01", 1),
        ("2022-11-02", 0),
        ("2022-11-03", 1),
        ("2022-11-04", 0),
        ("2022-11-05", 0),
    ]
    assert [(hit.id, hit.words) for hit in found.hits] == [("a", ("Drone", "port")), ("c", ("Drone", "port"))]
    assert (found.entries, found.stories, found.gained, found.lost) == (4, None, None, None)


def test_only_the_last_days_of_the_archive_count() -> None:
    found = run("drone", days=3)
    assert (found.entries, [str(day) for day, _ in found.days]) == (3, ["2022-11-03", "2022-11-04", "2022-11-05"])
    assert [hit.id for hit in found.hits] == ["c", "d"]


def test_a_page_that_comes_again_is_one_hit() -> None:
    assert len(run("port", [("a-1", "01", "Port"), ("a-2", "02", "Port, updated")]).hits) == 1


def test_empty_archive_has_no_days() -> None:
    found = run("drone", [])
    assert (found.entries, found.days, found.hits) == (0, (), ())
    assert list(back_test_lines(found)) == ["r: 0 matches in 0 entries of 0 days"]


def test_versions_are_compared_and_what_is_lost_says_why() -> None:
    found = run("port", against="drone")
    assert [(hit.id, hit.words) for hit in found.gained or ()] == [("b", ("Port",))]
    assert [(hit.id, hit.why) for hit in found.lost or ()] == [("d", "port is not in the item")]


def test_versions_that_say_the_same_gain_and_lose_nothing() -> None:
    found = run("drone AND port", against="port drone")
    assert (found.gained, found.lost) == ((), ())


def test_alerts_are_counted_by_story() -> None:
    news = [
        ("a", "01", "Patrushev arrives in Tehran for talks with Shamkhani"),
        ("b", "01", "Russia's Patrushev arrives in Tehran for talks with Iran's Shamkhani"),
        ("c", "02", "Grain prices fall as harvest in Ukraine begins"),
    ]
    items = list(read_items(lines(news), "in.jsonl"))
    match = matched_plainly([rule("Patrushev OR grain")])
    found = back_test(rule("Patrushev OR grain"), items, match, story_of=story_finder(JoinLimits()))
    assert (len(found.hits), found.stories) == (3, 2)
    # The story of the first day was told before; only that of the second is new.
    last = back_test(rule("Patrushev OR grain"), items, match, days=1, story_of=story_finder(JoinLimits()))
    assert (len(last.hits), last.stories) == (1, 1)
    assert "alerts: 2, one a story; each may be revised when more outlets report it" in back_test_lines(found)
    late = rule("Patrushev OR grain", when=("independent", "denied"))
    waiting = back_test(late, items, match, story_of=story_finder(JoinLimits()))
    assert "alerts: at most 2, one a story, once it is independent or denied" in back_test_lines(waiting)


def test_printed_bars_are_to_scale_and_no_hit_is_without_a_bar() -> None:
    news = [(str(number), "01", "Port") for number in range(50)] + [("a", "02", "Port"), ("b", "03", "x")]
    printed = list(back_test_lines(run("port", news)))
    assert printed[:4] == [
        "r: 51 matches in 52 entries of 3 days",
        f"  2022-11-01      50  {'█' * 40}",
        "  2022-11-02       1  █",
        "  2022-11-03       0",
    ]
    # A few of each day, not the first of all.
    assert [line.split()[1] for line in printed[5:]] == ["2022-11-01"] * 3 + ["2022-11-02"]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "new.yaml").write_text("rules:\n- {name: ports, query: port}\n", encoding="utf-8")
    (tmp_path / "old.yaml").write_text("rules:\n- {name: ports, query: drone}\n", encoding="utf-8")
    (tmp_path / "in.jsonl").write_text("\n".join(lines(NEWS)), encoding="utf-8")
    return tmp_path


def test_command_prints_chart_alerts_sample_and_difference(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["rules", "backtest", str(desk / "new.yaml"), "ports", "--in", str(desk / "in.jsonl"), "--days", "3"]
    assert main([*arguments, "--against", str(desk / "old.yaml")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ports: 2 matches in 3 entries of 3 days",
        f"  2022-11-03       2  {'█' * 40}",
        "  2022-11-04       0",
        "  2022-11-05       0",
        # The drone's story began before the days that count.
        "alerts: 1, one a story; each may be revised when more outlets report it",
        "sample of matches:",
        "  · 2022-11-03  b  Port reopens  (Port)",
        "  · 2022-11-03  c  Drone hits the port  (port)",
        "against the other version: 1 gained, 1 lost",
        "  + 2022-11-03  b  Port reopens  (Port)",
        "  - 2022-11-05  d  Drone show at the harbour  (Drone)  [port is not in the item]",
    ]


@pytest.mark.parametrize(
    ("name", "archive", "against", "said"),
    [
        ("port", "in.jsonl", "old.yaml", "no rule has this name; there are ports"),
        ("ports", "none.jsonl", "old.yaml", "cannot be opened"),
        ("ports", "bad.jsonl", "old.yaml", "bad.jsonl:1: expected a JSON object a line"),
        ("ports", "in.jsonl", "none.yaml", "none.yaml"),
    ],
)
def test_command_says_what_is_wrong(
    name: str, archive: str, against: str, said: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "bad.jsonl").write_text("{", encoding="utf-8")
    arguments = ["rules", "backtest", str(desk / "new.yaml"), name, "--in", str(desk / archive)]
    assert main([*arguments, "--against", str(desk / against)]) == 2
    assert said in capsys.readouterr().err
