"""Archives: a JSON object a line becomes an entry, and the clock never runs backwards."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.errors import SettingsError
from pipelines.archive import EPOCH, opened, read_archive


def at(hour: int) -> datetime:
    return datetime(2022, 11, 8, hour, tzinfo=UTC)


def clocks(*lines: str) -> list[datetime]:
    return [archived.entry.fetched_at for archived in read_archive(lines, "in.jsonl")]


def test_line_becomes_an_entry() -> None:
    line = (
        '{"id":"7","feed_id":"irna","url":"https://example.org/a","title":"T","summary":"S","text":"X",'
        '"published_at":"2022-11-08T07:00:00+02:00","language":"FA","other":1}'
    )
    ((archived),) = read_archive([line], "in.jsonl")
    entry = archived.entry
    assert (archived.id, entry.entry_id, entry.feed_id, entry.link) == ("7", "7", "irna", "https://example.org/a")
    assert (entry.title, entry.summary, entry.content, entry.language) == ("T", "S", "X", "fa")
    assert (entry.published_at, entry.fetched_at) == (at(5), at(5))


def test_only_id_and_title_are_needed() -> None:
    ((archived),) = read_archive([b'{"id": 3, "title": ""}'], "in.jsonl")
    entry = archived.entry
    assert (entry.entry_id, entry.feed_id, entry.published_at, entry.fetched_at) == ("3", "replay", None, EPOCH)


def test_clock_never_runs_backwards() -> None:
    assert clocks(
        '{"id":"1","title":"a"}',
        '{"id":"2","title":"a","published_at":"2022-11-08T07:00:00Z"}',
        '{"id":"3","title":"a","published_at":"2022-11-08T06:00:00Z"}',
        '{"id":"4","title":"a"}',
        '{"id":"5","title":"a","published_at":"2022-11-08T06:00:00","fetched_at":"2022-11-08T09:00:00"}',
        '{"id":"6","title":"a","published_at":"9998-01-01T00:00:00Z"}',
    ) == [EPOCH, at(7), at(7), at(7), at(9), at(9)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "expected a JSON object a line"),
        ("[1]", "got a list"),
        ("null", "got null"),
        ('{"title":"a"}', "expected an id"),
        ('{"id":true,"title":"a"}', "expected an id"),
        ('{"id":"1"}', "expected a title (text) in entry 1"),
        ('{"id":"1","title":7}', "expected text in title, got a number"),
        ('{"id":"1","title":"a","text":["x"]}', "expected text in text, got a list"),
        ('{"id":"1","title":"a","published_at":"yesterday"}', "expected an ISO 8601 instant in published_at"),
        ('{"id":"1","title":"a","published_at":12}', "expected an ISO 8601 instant in published_at, got a number"),
        ('{"id":"1","title":"a","published_at":"0001-01-01T00:00:00+14:00"}', "expected an ISO 8601 instant"),
        ('{"id":"1","title":"a","categories":"x"}', "expected a list of texts in categories"),
    ],
)
def test_bad_line_is_named_with_its_number(line: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        list(read_archive(['{"id":"0","title":"fine"}', "", line], "in.jsonl"))
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == ("in.jsonl", 3)
    assert said in fault.message


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"id":"1","title":"a"}\n{"id":"2","title":"\xff"}\n')
    with opened(str(path)) as lines, pytest.raises(SettingsError) as caught:
        list(read_archive(lines, str(path)))
    assert caught.value.faults[0].line == 2


def test_entries_come_one_by_one() -> None:
    def lines() -> object:
        yield '{"id":"1","title":"a"}'
        raise AssertionError("read ahead")

    assert next(iter(read_archive(lines(), "in.jsonl"))).id == "1"  # type: ignore[arg-type]  # a generator


def test_missing_file_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be opened"), opened(str(tmp_path / "none")):
        pass


def test_byte_order_mark_is_no_part_of_the_first_line() -> None:
    line = '{"id": "a", "title": ""}'
    assert [archived.id for archived in read_archive([f"\ufeff{line}"], "in.jsonl")] == ["a"]
    assert [archived.id for archived in read_archive([b"\xef\xbb\xbf" + line.encode()], "in.jsonl")] == ["a"]
    assert list(read_archive([b"\xef\xbb\xbf"], "in.jsonl")) == []


def test_line_nested_too_deep_is_named() -> None:
    deep = '{"id": "b", "title": "", "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(SettingsError) as caught:
        list(read_archive(['{"id": "a", "title": ""}', deep], "in.jsonl"))
    assert str(caught.value) == "in.jsonl:2: expected a JSON object a line: nested too deep"
