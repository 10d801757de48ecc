"""How fast commands start that need no Beam, and how soon the demo shows its first alert."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.row import Row, at_most

_RUNS = 5


def run() -> list[Row]:
    """Measure both."""
    return [*_commands(), _demo()]


def _commands() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        feed = Path(name) / "feed.xml"
        feed.write_text("<rss version='2.0'><channel><title>T</title><item><title>A</title></item></channel></rss>")
        rules = Path(name) / "rules.yaml"
        rules.write_text("rules:\n  - {name: visits, query: visit* AND country:IR}\n")
        commands = {
            "--help": ["--help"],
            "feeds parse": ["feeds", "parse", str(feed)],
            "rules check": ["rules", "check", str(rules)],
            "dead list (no store)": ["dead", "list", "--data-dir", name],
        }
        return [at_most(f"start of `wirewatch {label}`", _median(words), 0.5, "s") for label, words in commands.items()]


def _median(words: list[str]) -> float:
    seconds = []
    for _ in range(_RUNS):
        since = time.perf_counter()
        subprocess.run([sys.executable, "-m", "pipelines.cli", *words], capture_output=True, check=False)
        seconds.append(time.perf_counter() - since)
    return statistics.median(seconds)


def _demo() -> Row:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "demo", "--once"], capture_output=True, text=True, check=False
    )
    found = re.search(r"the first ([\d.]+) s after", done.stdout)
    if done.returncode != 0 or found is None:
        return Row(
            "demo: first alert after the processes are up", f"failed: exit code {done.returncode}", "<= 20 s", False
        )
    return at_most("demo: first alert after the processes are up", float(found[1]), 20, "s")
