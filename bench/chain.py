"""The whole chain on one machine: latency and memory at 50 entries a second, and what a quiet node costs.

``WIREWATCH_BENCH_MINUTES`` says how long the load lasts (default 2). Whether memory is flat over the
last two thirds is measured from 30 minutes on.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import psutil

from bench.row import Row, at_most
from pipelines.node_testing import Node, Published, Site, free_port

_SECRET = "whsec_" + "dGhpcyBpcyBhIHRlc3Qgc2VjcmV0IG9mIG91cnM="
_FEEDS = 50
_ENTRIES_PER_SECOND = 50
_QUIET_FEEDS = 200
_QUIET_SECONDS = 60.0
_FLAT_MINUTES = 30
_SETTINGS = """
feeds:
  files: [feeds.yaml]
  use_default_catalogue: false
  allow_networks: [127.0.0.0/8]
{pace}
rules: [rules.yaml]
deliver:
  allow_networks: [127.0.0.0/8]
  sinks:
    - {{name: receiver, kind: webhook, url: "{hook}", secret: "{secret}"}}
desk: {{port: {port}}}
"""
_BUSY = "  hot_floor: 1s\n  hot_ceiling: 1s\n  host_parallel: 8\n  host_delay: 0s"
_QUIET = "  hot_floor: 30s\n  hot_ceiling: 30s\n  host_parallel: 4\n  host_delay: 0s"
_RULES = "rules:\n  - {name: envoys, severity: high, query: envoy* AND country:IR}\n"


def run() -> list[Row]:
    """Measure the loaded node, then the quiet one."""
    return [*_loaded(float(os.environ.get("WIREWATCH_BENCH_MINUTES", "2"))), _quiet()]


@contextmanager
def _node(feeds: int, pace: str) -> Iterator[tuple[Node, Site, list[str]]]:
    """A ready node on so many local feeds."""
    names = [f"feed-{number}" for number in range(feeds)]
    site = Site(names, _SECRET)
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        lines = ["feeds:"]
        for number, feed in enumerate(names):
            interest = "state:IR" if number % 2 else f"private:{feed}"
            lines.append(
                f"  - {{id: {feed}, url: '{site.url}/{feed}.xml', title: {feed}, language: en,"
                f" interest: '{interest}', tier: hot}}"
            )
        (folder / "feeds.yaml").write_text("\n".join(lines))
        (folder / "rules.yaml").write_text(_RULES)
        config = folder / "wirewatch.yaml"
        config.write_text(_SETTINGS.format(pace=pace, hook=site.receiver.url, secret=_SECRET, port=port))
        node = Node(folder, config, port)
        node.start()
        try:
            node.until("the node was ready", lambda: node.readiness()[0] == 200, 120)
            yield node, site, names
        finally:
            node.stop()
            site.stop()


def _loaded(minutes: float) -> list[Row]:
    chance = random.Random(5)
    letters = "abcdefghiklmnoprstuvz"
    words = ["".join(chance.choices(letters, k=chance.randint(4, 10))) for _ in range(8000)]
    memory: list[tuple[float, float]] = []
    number = 0
    with _node(_FEEDS, _BUSY) as (node, site, feeds):
        since = time.monotonic()
        second = 0
        while (elapsed := time.monotonic() - since) < minutes * 60:
            for _ in range(_ENTRIES_PER_SECOND):
                number += 1
                title = " ".join(chance.sample(words, 7)).capitalize()
                # One entry in fifty alerts: one a second.
                title = f"{title}: envoy reaches Iran" if number % 50 == 0 else title
                text = " ".join(chance.choices(words, k=60))
                feed = feeds[number % len(feeds)]
                at = format_datetime(datetime.now(UTC))
                site.publish(feed, [Published(f"{feed}-{number}", title, text, at)])
            site.keep(100)
            if second % 10 == 0:
                memory.append((elapsed, _pss_mebibytes(node)))
            second += 1
            time.sleep(max(0.0, since + second - time.monotonic()))
        # What the last second published is still to be polled.
        node.until("all was read and settled", lambda: node.is_settled(number), 60)
        appended, deliveries = node.appended(), list(site.receiver.deliveries)
        seconds = sorted(
            (each.received_at - datetime.fromisoformat(each.body["data"]["caused_fetched_at"])).total_seconds()
            for each in deliveries
        )
    rows = [
        Row("whole chain: entries published, entries read, alert revisions", f"{number}, {appended}, {len(seconds)}"),
        at_most("fetched to webhook, p50", 1000 * statistics.median(seconds), 250, "ms"),
        at_most("fetched to webhook, p95", 1000 * seconds[int(len(seconds) * 0.95)], 1000, "ms"),
        at_most(
            f"all processes together at {_ENTRIES_PER_SECOND} entries/s, highest PSS",
            max(each for _, each in memory),
            900,
            "MiB",
        ),
    ]
    return [*rows, _flatness(memory, minutes)]


def _flatness(memory: list[tuple[float, float]], minutes: float) -> Row:
    name = "memory over the last two thirds, largest distance from its mean"
    late = [mebibytes for elapsed, mebibytes in memory if elapsed >= minutes * 20]
    mean = statistics.fmean(late)
    percent = 100 * max(abs(each - mean) for each in late) / mean
    if minutes < _FLAT_MINUTES:
        return Row(
            name, f"{percent:.1f} % in {minutes:g} min", f"<= 5 in {_FLAT_MINUTES} min (WIREWATCH_BENCH_MINUTES)"
        )
    return at_most(name, percent, 5, "%")


def _quiet() -> Row:
    with _node(_QUIET_FEEDS, _QUIET) as (node, _, _):
        # Past the first polls, which fetch every feed.
        node.until("every feed was polled", lambda: node.client.hlen("feeds") == _QUIET_FEEDS, 120)
        time.sleep(15)
        before = _cpu_seconds(node)
        time.sleep(_QUIET_SECONDS)
        percent = 100 * (_cpu_seconds(node) - before) / _QUIET_SECONDS
    return at_most(f"idle CPU of the node with {_QUIET_FEEDS} quiet feeds", percent, 5, "% of a core")


def _processes(node: Node) -> list[psutil.Process]:
    assert node.process is not None
    parent = psutil.Process(node.process.pid)
    return [parent, *parent.children(recursive=True)]


def _pss_mebibytes(node: Node) -> float:
    return sum(each.memory_full_info().pss for each in _processes(node)) / 2**20


def _cpu_seconds(node: Node) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in _processes(node))
