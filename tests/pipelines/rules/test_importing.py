"""``rules import``: rules that load, or every mistake with a caret and no rules at all."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.rules.dialects import DIALECTS
from pipelines.rules.load import load_rules
from pipelines.rules.syntax import parse


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    return tmp_path / "my queries.txt"


def _import(queries: Path, *options: str, dialect: str = "factiva") -> int:
    return cli.main(["rules", "import", "--dialect", dialect, str(queries), *options])


def test_imported_rules_load(queries: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries.write_text('iran near5 talks\r\n\r\nhd=(россия or украина) and "grain: deal"\n', "utf-8")
    assert _import(queries) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    (tmp_path / "rules.yaml").write_text(printed.out, "utf-8")
    rules = load_rules([tmp_path / "rules.yaml"])
    assert [rule.name for rule in rules] == ["my-queries-1", "my-queries-3"]
    assert [rule.node for rule in rules] == [
        parse("iran NEAR/5 talks"),
        parse('title:(россия OR украина) AND "grain deal"'),
    ]
    assert f"# {queries}:1: iran near5 talks\n" in printed.out


def test_whole_file_may_be_one_query(queries: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries.write_text("iran\n  and talks\n")
    assert _import(queries, "--one", "--name", "nuclear") == 0
    assert "- name: nuclear\n  query: iran AND talks\n" in capsys.readouterr().out


def test_every_mistake_is_shown_and_no_rule(queries: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries.write_text("iran\niran near talks\n\niran and wc>500\n")
    assert _import(queries) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert lines[0].startswith(f"{queries}:2: column 6: near without a number")
    assert lines[1:3] == ["iran near talks", "     ^"]
    assert lines[3].startswith(f"{queries}:4: column 10: wc>500 has no counterpart")
    assert len(lines) == 6


def test_mistake_in_one_query_is_at_its_line_of_the_file(queries: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries.write_text("\niran and\n  (talks\n")
    assert _import(queries, "--one") == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{queries}:3: column 3: this parenthesis is never closed; add a ) where the group ends",
        "  (talks",
        "  ^",
    ]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"+iran -football\n")))
    assert cli.main(["rules", "import", "--dialect", "lucene", "-"]) == 0
    assert "- name: imported-1\n  query: iran NOT football\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"), [(b"\n \n", "expected queries"), (b"iran\n\xff\n", ":2: no UTF-8 text"), (None, "cannot be")]
)
def test_unusable_file_is_said_in_one_line(
    content: bytes | None, words: str, queries: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        queries.write_bytes(content)
    assert _import(queries) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_command_knows_every_dialect(dialect: str, queries: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries.write_text("iran")
    assert _import(queries, dialect=dialect) == 0
    assert "query: iran\n" in capsys.readouterr().out
