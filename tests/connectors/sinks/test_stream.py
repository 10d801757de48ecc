"""The stream sink: whole lines only, whatever happens."""

import asyncio
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Delivered, FailReason, Retry
from connectors.sinks.settings import SinkKind, SinkSettings


def stream(path: Path | str) -> SinkSettings:
    return SinkSettings(name="log", kind=SinkKind.STREAM, path=str(path))


def append(kit: Any, path: Path, *numbers: int) -> list[Any]:
    async def run() -> Any:
        async with kit.opened(stream(path)) as sink:
            return await asyncio.gather(*(sink.send(kit.alert(f"a{number}"), "") for number in numbers))

    found: list[Any] = asyncio.run(run())
    return found


def keys(path: Path) -> list[str]:
    return [json.loads(line)["key"] for line in path.read_text().splitlines()]


def test_alerts_are_appended_as_json_lines_in_order(kit: Any, tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    assert append(kit, path, 1, 2, 3) == [Delivered()] * 3
    assert append(kit, path, 4) == [Delivered()]
    assert keys(path) == ["a1.1", "a2.1", "a3.1", "a4.1"]
    assert json.loads(path.read_text().splitlines()[0])["state"] == "single-source"


@pytest.mark.parametrize("size", [1, 100, 200_000])
def test_a_line_torn_by_a_crash_is_cut_off(kit: Any, tmp_path: Path, size: int) -> None:
    path = tmp_path / "alerts.jsonl"
    append(kit, path, 1)
    with path.open("ab") as opened:
        opened.write(b'{"' + b"x" * (size - 2) if size > 1 else b"{")
    append(kit, path, 2)
    assert keys(path) == ["a1.1", "a2.1"]


def test_a_file_of_one_torn_line_is_emptied(kit: Any, tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"key":"a0')
    append(kit, path, 1)
    assert keys(path) == ["a1.1"]


def test_a_write_that_fails_half_way_leaves_the_file_whole(
    kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "alerts.jsonl", os.write
    append(kit, path, 1)
    calls = []

    def fill_up(descriptor: int, piece: Any) -> int:
        calls.append(descriptor)
        if len(calls) == 1:
            return write(descriptor, bytes(piece[:50]))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", fill_up)
    assert append(kit, path, 2) == [Retry(FailReason.IO, "cannot write: No space left on device")]
    monkeypatch.setattr(os, "write", write)
    append(kit, path, 3)
    assert keys(path) == ["a1.1", "a3.1"]


def test_a_path_that_cannot_be_opened_is_tried_again(kit: Any, tmp_path: Path) -> None:
    (outcome,) = append(kit, tmp_path / "gone" / "alerts.jsonl", 1)
    assert outcome == Retry(FailReason.IO, "cannot write: No such file or directory")


def test_standard_output_takes_lines_too(kit: Any) -> None:
    program = """
import asyncio, sys
from datetime import UTC, datetime
from connectors.codec import decode
from connectors.records import Alert
from connectors.registry import SINKS
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import SinkKind, SinkSettings
async def main():
    settings = SinkSettings(name="out", kind=SinkKind.STREAM, path="-")
    sink = SINKS[SinkKind.STREAM](settings, Secrets(), None, lambda: datetime.now(UTC))
    print(await sink.send(decode(Alert, sys.argv[1]), ""), file=sys.stderr)
    await sink.close()
asyncio.run(main())
"""
    from connectors.codec import encode

    done = subprocess.run(
        [sys.executable, "-c", program, encode(kit.alert()).decode()], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["key"] == "a1.1"
    assert "Delivered" in done.stderr
