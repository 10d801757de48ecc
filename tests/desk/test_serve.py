"""The desk as a process."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from desk.serve import listen
from desk.testing import Newsroom, listening, make_story
from pipelines.desk_settings import DeskSettings

SERVE = (
    "import dataclasses, sys; from pipelines.settings import Settings; from desk.serve import serve;"
    "node = Settings(); desk = dataclasses.replace(node.desk, port=0);"
    "sys.exit(serve(dataclasses.replace(node, desk=desk), sys.argv[1]))"
)


def _start(redis_url: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", SERVE, redis_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://[\d.:]+", process.stdout.readline())
    assert found is not None
    return process, found[0]


def test_process_ends_within_five_seconds_although_streams_are_open(redis_url: str, newsroom: Newsroom) -> None:
    newsroom.tell(make_story())
    process, address = _start(redis_url)
    try:

        async def ended_streams() -> float:
            async with (
                listening(address + "/stream") as first,
                listening(address + "/live?since=0-0&cards=1") as second,
            ):
                await anext(first)
                await anext(second)
                process.send_signal(signal.SIGTERM)
                since = time.monotonic()
                async for _ in first:
                    pass
                async for _ in second:
                    pass
                await asyncio.to_thread(process.wait, 10)
                return time.monotonic() - since

        assert asyncio.run(ended_streams()) < 5
        assert process.returncode in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_desk_imports_no_beam_and_stays_small() -> None:
    asked = (
        "import sys; import desk.serve;"
        "print(sorted(name for name in ('apache_beam', 'lark', 'feedparser', 'apprise') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_address_in_use_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    from connectors.errors import SettingsError

    with (
        listen(DeskSettings(port=0)) as opened,
        pytest.raises(SettingsError, match=r"desk\.port: cannot listen on 127\.0\.0\.1 port \d+: Address already"),
    ):
        listen(DeskSettings(port=opened.getsockname()[1]))
