"""Settings from YAML: clumsy and hostile files end in faults that name line and expectation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from connectors import settings
from connectors.errors import SettingsError
from connectors.settings import parse_span, read, read_bytes, read_nodes, setting


@dataclass(frozen=True, slots=True)
class Desk:
    judges_fields_alone: ClassVar[bool] = True

    port: int = setting(8765, minimum=0, maximum=65535, help="port")
    name: str = setting("", help="name")
    wait: timedelta = setting(timedelta(seconds=1), help="wait")

    def faults(self) -> list[tuple[str, str]]:
        return [("name", "expected another name")] if self.name == "bad" else []


@dataclass(frozen=True, slots=True)
class Desks:
    desks: tuple[Desk, ...] = setting((), help="desks")


def faults_of(tmp_path: Path, text: str | bytes) -> list[str]:
    path = tmp_path / "desk.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        read(Desk, path)
    return [str(fault).removeprefix(f"{path.parent}/") for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (f"port: {'9' * 5000}\n", [f"desk.yaml:1: port: expected a whole number, got '{'9' * 199}…"]),
        ('name: "a\\0b"\n', [r"desk.yaml:1: name: expected text, got 'a\x00b'"]),
        ('name: "a\\ud800b"\n', [r"desk.yaml:1: name: expected text, got 'a\ud800b'"]),
        ("wait: 999999999999d\n", ["desk.yaml:1: wait: expected a span such as 30s, 10m or 14d, got '999999999999d'"]),
        (f"wait: {'9' * 400}d\n", [f"desk.yaml:1: wait: expected a span such as 30s, 10m or 14d, got '{'9' * 199}…"]),
        ("? [a, b]\n: 1\n", ["desk.yaml:1: expected the name of a setting, got a list or mapping"]),
        ('"a\\nb": 1\n', [r"desk.yaml:1: a\nb: unknown setting; known: port, name, wait"]),
        (b"port: 1\nname: caf\xe9\n", ["desk.yaml:2: expected UTF-8 text: invalid continuation byte"]),
        (b"port: 1\nname: a\x07b\n", ["desk.yaml:2: no valid YAML: control character U+0007"]),
        ("name: " + "[" * 3000, ["desk.yaml: no valid YAML: nested too deep"]),
        (
            "port: x\nname: bad\n",
            ["desk.yaml:1: port: expected a whole number, got 'x'", "desk.yaml:2: name: expected another name"],
        ),
    ],
)
def test_mistake_is_told_in_one_line(tmp_path: Path, text: str | bytes, faults: list[str]) -> None:
    assert faults_of(tmp_path, text) == faults


def test_name_that_no_file_can_have_is_told() -> None:
    with pytest.raises(SettingsError, match="cannot be read: embedded null byte"):
        read_nodes("a\0b")


def test_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(SettingsError, match="expected at most 1024 bytes, got more"):
        read_bytes("/dev/zero", 1024)


def test_aliases_make_no_more_mistakes_than_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_FAULTS_LIMIT", 50)
    path = tmp_path / "desks.yaml"
    path.write_text("desks:\n- &a {a: 1, b: 2, c: 3}\n" + "- *a\n" * 1000)
    with pytest.raises(SettingsError) as caught:
        read(Desks, path)
    assert len(caught.value.faults) == 51
    assert caught.value.faults[-1].message == "more mistakes than are listed"


def test_longest_span_is_a_hundred_years() -> None:
    assert parse_span("36500d") == timedelta(days=36_500)
    assert parse_span("36501d") is None
