"""Deliver processes killed at random points: nothing missing, and what comes twice has the same id."""

import asyncio
import collections
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.log import names
from connectors.testing import Delivery, WebhookReceiver

KILLS = int(os.environ.get("WIREWATCH_KILLS", "10"))
_PROGRAM = """
import asyncio, sys
from datetime import UTC, datetime
from connectors.settings import read
from connectors.sinks.deliver import run_deliver
from connectors.sinks.settings import DeliverSettings
asyncio.run(run_deliver(read(DeliverSettings, sys.argv[1]), sys.argv[2], asyncio.Event(), lambda: datetime.now(UTC)))
"""


@pytest.mark.kills
@pytest.mark.timeout(60 + 6 * KILLS)
def test_killed_processes_lose_no_revision_and_repeat_only_with_the_same_id(kit: Any, tmp_path: Path) -> None:
    dice = random.Random(20221108)
    raised: list[tuple[str, int]] = []
    refused: set[str] = set()

    def answer(delivery: Delivery) -> tuple[int, dict[str, str]]:
        if delivery.key not in refused and dice.random() < 0.1:
            refused.add(delivery.key)
            return 503, {}
        return 200, {}

    def put_some() -> None:
        for _ in range(dice.randrange(1, 6)):
            alert_id = f"a{dice.randrange(40)}"
            revision = 1 + sum(1 for other, _ in raised if other == alert_id)
            raised.append((alert_id, revision))
            kit.put(kit.alert(alert_id, revision))

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, str(tmp_path / "deliver.yaml"), kit.url, stdout=asyncio.subprocess.DEVNULL
        )

    async def run() -> tuple[WebhookReceiver, WebhookReceiver]:
        async with WebhookReceiver(kit.secret, answer=answer) as shaky, WebhookReceiver(kit.secret) as steady:
            (tmp_path / "deliver.yaml").write_text(
                f"""sinks:
- {{name: shaky, kind: webhook, url: "{shaky.url}", secret: {kit.secret}}}
- {{name: steady, kind: webhook, url: "{steady.url}", secret: {kit.secret}}}
retry: [0s, 30ms, 30ms, 30ms]
lease: 500ms
allow_networks: [127.0.0.0/8]
"""
            )
            # Two at a time, of which one is killed and started again.
            processes = [await start(), await start()]
            for _ in range(KILLS):
                arrived = len(shaky.keys) + len(steady.keys)
                for _ in range(dice.randrange(3, 12)):
                    put_some()
                    await asyncio.sleep(dice.random() * 0.02)
                await kit.until(lambda: len(shaky.keys) + len(steady.keys) > arrived)  # noqa: B023
                victim = processes.pop(0)
                victim.send_signal(signal.SIGKILL)
                await victim.wait()
                processes.append(await start())
            await kit.until(lambda: kit.waiting("shaky") + kit.waiting("steady") == 0 and routed() == len(raised), 30)
            for process in processes:
                process.kill()
                await process.wait()
            return shaky, steady

    def routed() -> int:
        return int((kit.client.get(names.cursor(names.OUTBOX)) or b"0-0 0 0").split()[2])

    for receiver, sink in zip(asyncio.run(run()), ("shaky", "steady"), strict=True):
        expected = {f"{alert_id}.{revision}" for alert_id, revision in raised}
        assert set(receiver.keys) == expected
        assert kit.outcomes(sink)["queued"] == kit.outcomes(sink)["delivered"] == len(raised)
        # Whatever came twice was under way when its process died.
        repeated = collections.Counter(receiver.keys)
        surplus = sum(repeated.values()) - len(expected) - (len(refused) if sink == "shaky" else 0)
        assert 0 <= surplus <= KILLS * 8
        bodies: dict[str, set[bytes]] = collections.defaultdict(set)
        for delivery in receiver.deliveries:
            assert delivery.is_signed
            bodies[delivery.key].add(delivery.raw)
        assert all(len(found) == 1 for found in bodies.values())
        newest: dict[str, int] = collections.defaultdict(int)
        for key in dict.fromkeys(receiver.keys):
            alert_id, revision = key.rsplit(".", 1)
            assert int(revision) == newest[alert_id] + 1
            newest[alert_id] += 1
    assert kit.client.xlen(names.DEAD) == 0
