"""The command-line seams, as their users call them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

TEXT = "Security Council secretary Nikolai Patrushev arrived in Tehran, invited by Ali Shamkhani, {} says."
RULES = """
rules:
  - name: visits
    query: country:RU AND country:IR AND (visit* OR arriv* OR прибы*)
"""


def wirewatch(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    title = "Russia's Patrushev arrives in Iran"
    entries: list[dict[str, Any]] = [
        {"id": "a", "feed_id": "one", "url": "https://one.example/1", "title": title, "text": TEXT.format("Nour")},
        {"id": "b", "feed_id": "two", "url": "https://two.example/1", "title": title, "text": TEXT.format("Nour")},
        {
            "id": "c",
            "feed_id": "one",
            "url": "https://one.example/1?utm_source=x",
            "title": title,
            "text": TEXT.format("Nour"),
        },
        {
            "id": "d",
            "title": "Патрушев прибыл в Иран",
            "text": "Секретарь Совбеза России Николай Патрушев в Тегеране у Шамхани.",
        },
        {"id": "e", "title": "", "text": ""},
        {"id": "f", "title": "Grain prices fall in Chicago", "text": "Wheat lost two percent."},
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    (tmp_path / "rules.yaml").write_text(RULES)
    return path


def test_replay_gives_one_decision_per_entry_in_input_order(archive: Path) -> None:
    out = archive.with_name("out.jsonl")
    done = wirewatch("replay", str(archive), "--out", str(out), "--rules", str(archive.with_name("rules.yaml")))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["id"] for line in lines] == ["a", "b", "c", "d", "e", "f"]
    assert [line["outcome"] for line in lines] == ["kept", "kept", "seen", "kept", "dropped", "kept"]
    first, copy, sighting, russian, empty, grain = lines
    assert set(first) == {
        "id", "outcome", "reason", "item_id", "story_id", "copy_of", "language", "rules", "entities", "alerts",
    }  # fmt: skip
    assert copy["copy_of"] == "a"
    assert copy["story_id"] == first["story_id"] == sighting["story_id"]
    assert russian["story_id"] == first["story_id"]
    assert russian["language"] == "ru"
    assert empty["reason"] == "empty"
    assert grain["story_id"] != first["story_id"]
    [alert] = first["alerts"]
    assert (alert["rule"], alert["revision"], alert["state"]) == ("visits", 1, "single-source")
    assert [line["rules"] for line in lines] == [["visits"], ["visits"], [], ["visits"], [], []]


def test_replay_names_the_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a", "title": "x"}\n{"id": \n')
    done = wirewatch("replay", str(path), "--out", str(tmp_path / "out.jsonl"))
    assert done.returncode == 2
    assert f"{path}:2:" in done.stderr
    assert "Traceback" not in done.stderr


def test_replay_says_what_is_wrong_with_rules_and_leaves_the_output(archive: Path) -> None:
    rules, out = archive.with_name("bad.yaml"), archive.with_name("out.jsonl")
    rules.write_text("rules:\n- {name: a, query: (}\n- {name: b, query: [c]}\n")
    out.write_text("earlier\n")
    done = wirewatch("replay", str(archive), "--out", str(out), "--rules", str(rules))
    assert (done.returncode, out.read_text()) == (2, "earlier\n")
    assert [line for line in done.stderr.splitlines() if "bad.yaml" in line] == done.stderr.splitlines()
    assert done.stderr.startswith(f"{rules}:2: a.query: column 20: this parenthesis is never closed")


def test_replay_refuses_to_write_over_its_input(archive: Path) -> None:
    before = archive.read_text()
    done = wirewatch("replay", str(archive), "--out", str(archive), "--rules", str(archive.with_name("rules.yaml")))
    assert (done.returncode, archive.read_text()) == (2, before)
    assert done.stderr == f"{archive}: expected another file than the input\n"


def test_stopped_replay_says_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "in.jsonl"
    lines = (
        json.dumps({"id": str(number), "title": f"Iran {number}", "text": "x y " * 99}) for number in range(30_000)
    )
    archive.write_text("\n".join(lines))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "pipelines.cli", "replay", str(archive), "--out", str(tmp_path / "out.jsonl")]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(temporary)}
    ) as run:
        until = time.monotonic() + 60
        # The first part's answers are there: a pipeline of the next part is at work.
        while not (tmp_path / "out.jsonl").exists() or not (tmp_path / "out.jsonl").stat().st_size:
            assert time.monotonic() < until
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        said = run.communicate(timeout=30)[1]
    assert (run.returncode, said) == (130, "")
    assert list(temporary.iterdir()) == []


def test_rules_match_gives_one_line_per_entry_and_the_speed(archive: Path) -> None:
    done = wirewatch("rules", "match", str(archive.with_name("rules.yaml")), str(archive))
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"id": name, "rules": ["visits"] if name in "abcd" else []} for name in "abcdef"
    ]
    assert "docs/s" in done.stderr


def test_entities_have_offsets_into_the_given_text() -> None:
    text = "Делегация России прибыла в Тегеран, столицу Ирана"
    done = wirewatch("entities", "-", stdin=json.dumps({"id": "1", "text": text, "language": "ru"}) + "\n")
    [line] = [json.loads(each) for each in done.stdout.splitlines()]
    assert [(each["id"], text[each["start"] : each["end"]]) for each in line["entities"]] == [
        ("country:RU", "России"),
        ("place:geonames:112931", "Тегеран"),
        ("country:IR", "Ирана"),
    ]


def test_feeds_parse_prints_what_the_file_holds(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(
        "<rss version='2.0'><channel><title>T</title><item><title>A &amp; B</title><link>/a</link>"
        "<pubDate>Tue, 08 Nov 2022 09:00:00 GMT</pubDate></item></channel></rss>"
    )
    done = wirewatch("feeds", "parse", str(feed), "--base-url", "https://news.example/rss")
    parsed = json.loads(done.stdout)
    [entry] = parsed["entries"]
    assert (entry["title"], entry["link"], entry["published_at"]) == (
        "A & B",
        "https://news.example/a",
        "2022-11-08T09:00:00Z",
    )
    assert parsed["faults"] == []


def test_opml_becomes_a_feed_list(tmp_path: Path) -> None:
    opml = tmp_path / "feeds.opml"
    opml.write_text("<opml version='2.0'><body><outline text='News' xmlUrl='https://news.example/rss'/></body></opml>")
    done = wirewatch("feeds", "import", str(opml))
    assert done.returncode == 0
    assert "https://news.example/rss" in done.stdout


@pytest.mark.parametrize("command", [["dead", "list"], ["why", "https://news.example/1"]])
def test_store_that_is_not_there_is_said_without_a_traceback(command: list[str], tmp_path: Path) -> None:
    done = wirewatch(*command, "--data-dir", str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert "is wirewatch running" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "items"])
def test_data_folder_that_cannot_be_is_said_without_a_traceback(command: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    done = wirewatch(command, "--data-dir", str(file))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{file}: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["entities", "rules match {rules}"])
def test_full_disk_is_said_in_one_line(command: str, archive: Path) -> None:
    words = command.format(rules=archive.with_name("rules.yaml")).split()
    archive.write_text(json.dumps({"id": "a", "title": "", "text": "Iran " * 99}) + "\n")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", *words, str(archive)],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=100,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "wirewatch: [Errno 28] No space left on device"
    assert "Traceback" not in done.stderr


def test_closed_standard_streams_are_no_mistake() -> None:
    command = f"{sys.executable} -m pipelines.cli entities - <&- >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")


def test_unknown_runner_is_said_in_one_line(archive: Path) -> None:
    done = wirewatch("replay", str(archive), "--out", str(archive.with_name("out.jsonl")), "--", "--runner=Nope")
    assert done.returncode == 2
    assert done.stderr.startswith("--: Unexpected pipeline runner: Nope.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("limit", ["0", "-1", "x", "9" * 5000])
def test_limit_of_dead_letters_is_a_count(limit: str) -> None:
    done = wirewatch("dead", "list", f"--limit={limit}")
    assert done.returncode == 2
    assert done.stderr.endswith("argument --limit: expected a whole number from 1 to 999999999\n")


def test_beam_options_are_refused_where_no_pipeline_runs() -> None:
    done = wirewatch("check", "--", "--runner=FnApiRunner")
    assert done.returncode == 2
    assert "Beam options" in done.stderr
