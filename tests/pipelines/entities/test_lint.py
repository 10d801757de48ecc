"""Own lists are checked from the command line: every mistake with its line, common words with their share."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.entities.common import SAMPLE_TEXTS

LISTS = """\
persons:
  - {id: ivan-example, country: BY, names: {ru: Иван Примеров|Ваня Примеров, en: Ivan Primerov}}
organisations:
  - {id: shield, kind: group, names: {en: Shield}}
"""


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    path = tmp_path / "names.yaml"
    path.write_text(LISTS, encoding="utf-8")
    return path


def archive(folder: Path, *texts: str) -> str:
    path = folder / "in.jsonl"
    lines = [json.dumps({"id": str(number), "title": text}) for number, text in enumerate(texts)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def test_sound_lists_are_counted(lists: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["names", "lint", str(lists.parent)]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("entries: 2 (persons 1, organisations 1, places 0), names: 4, forms that are found: ")
    assert line.endswith("; no mistakes")
    assert int(line.removesuffix("; no mistakes").rpartition(" ")[2]) > 20


def test_every_mistake_of_all_files_is_told_with_its_line(lists: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = lists.with_name("other.yaml")
    other.write_text(LISTS.replace("BY", "XX").replace("kind: group", "kind: club"), encoding="utf-8")
    lists.write_text(LISTS + "ships: []\n", encoding="utf-8")
    assert main(["names", "lint", str(lists), str(other), str(lists.parent / "none.yaml")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    told = said.err.splitlines()
    assert told[:3] == [
        f"{lists}:5: ships: expected one of persons, organisations, places",
        f"{other}:2: persons[0].country: no country has the code XX",
        f"{other}:4: organisations[0].kind: expected one of org, company, group",
    ]
    assert told[3].startswith(f"{lists.parent}/none.yaml: ")
    assert len(told) == 4


def test_name_that_is_a_common_word_in_an_archive_is_refused_with_its_share(
    lists: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    often = ["Pictures of the shield" if number % 10 == 0 else f"Harbour {number} opens" for number in range(300)]
    assert main(["names", "lint", str(lists), "--in", archive(lists.parent, *often)]) == 2
    [told] = capsys.readouterr().err.splitlines()
    assert told.startswith(
        f"{lists}:4: organisations[0].names.en: 'Shield' is a common word in 10.0% of recent texts: write ?Shield"
    )
    # With a capital it is a name.
    seldom = [text.replace("shield", "Shield") for text in often]
    assert main(["names", "lint", str(lists), "--in", archive(lists.parent, *seldom)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "common words: counted in the last 300 entries"


def test_common_words_are_counted_in_the_newest_entries(lists: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["Pictures of the shield"] * 300 + ["Harbour opens"] * SAMPLE_TEXTS
    assert main(["names", "lint", str(lists), "--in", archive(lists.parent, *texts)]) == 0
    assert f"counted in the last {SAMPLE_TEXTS} entries" in capsys.readouterr().out


def test_archive_too_small_to_measure_is_told(lists: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["names", "lint", str(lists), "--in", archive(lists.parent, *["Pictures of the shield"] * 30)]) == 0
    assert "common words: not looked for, expected at least 200 entries, got 30" in capsys.readouterr().out


def test_archive_with_a_bad_line_is_told(lists: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = archive(lists.parent, "Harbour opens")
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n[]\n")
    assert main(["names", "lint", str(lists), "--in", path]) == 2
    assert capsys.readouterr().err == f"{path}:2: expected a JSON object a line: got a list\n"


def test_lists_are_checked_without_beam_and_without_a_store(lists: Path) -> None:
    code = (
        "import sys; from pipelines.cli import main\n"
        f"code = main(['names', 'lint', {str(lists)!r}])\n"
        "sys.exit(code or any(name in sys.modules for name in ('apache_beam', 'redis')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
