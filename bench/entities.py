"""The entity finder: time to load, memory, and 300-word texts a second on one core.

Reads news articles of ``../shared/data/claims`` beside the checkout; without it there is nothing to measure.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

from bench.row import Row, at_least, at_most
from pipelines.entities.find import find_entities
from pipelines.text.tokens import tokenize

ARTICLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "claims" / "polnear_train300.jsonl.gz"
_WORDS, _TEXTS, _ROUNDS = 300, 600, 3
_LOAD_BAR, _MEMORY_BAR, _SPEED_BAR = 0.3, 80.0, 5000.0
# Run in a process of its own: nothing else has touched the table or the words.
_LOAD = """
import sys, time, psutil
from pipelines.text.tokens import tokenize
import pipelines.entities.find as find
texts = [line for line in sys.stdin.read().split("\\0") if line]
tokens = [tokenize("", text) for text in texts]
process = psutil.Process()
before, started = process.memory_full_info().uss, time.perf_counter()
find.find_entities(tokens[0], "en")
loaded = time.perf_counter() - started
for one in tokens:
    find.find_entities(one, "en")
print(loaded, (process.memory_full_info().uss - before) / 1e6)
"""


def texts() -> list[str]:
    """Give 300-word pieces of the articles, at most 600."""
    found: list[str] = []
    with gzip.open(ARTICLES, "rt", encoding="utf-8") as lines:
        for line in lines:
            words = json.loads(line)["text"].split()
            found += [" ".join(words[at : at + _WORDS]) for at in range(0, len(words) - _WORDS, _WORDS)]
    return found[:_TEXTS]


def speed(pieces: list[str]) -> tuple[float, float]:
    """Give texts a second of CPU time: finding alone, and with cutting into words; the best of three rounds."""
    best_finding, best_both = 0.0, 0.0
    for _ in range(_ROUNDS):
        start = time.process_time()
        tokens = [tokenize("", piece) for piece in pieces]
        cut = time.process_time()
        for one in tokens:
            find_entities(one, "en")
        end = time.process_time()
        best_finding = max(best_finding, len(pieces) / (end - cut))
        best_both = max(best_both, len(pieces) / (end - start))
    return best_finding, best_both


def run() -> list[Row]:
    """Measure the finder."""
    if not ARTICLES.exists():
        return [Row("entities", f"not measured: no {ARTICLES.name} beside the checkout")]
    pieces = texts()
    done = subprocess.run(
        [sys.executable, "-c", _LOAD], input="\0".join(pieces), capture_output=True, text=True, check=True, timeout=120
    )
    loaded, grown = map(float, done.stdout.split())
    finding, both = speed(pieces)
    return [
        at_most("entities: first text", loaded, _LOAD_BAR, "s"),
        at_most("entities: memory that one process adds, 600 texts", grown, _MEMORY_BAR, "MB"),
        at_least("entities: 300-word texts, finding", finding, _SPEED_BAR, "texts/s"),
        Row("entities: the same with cutting into words", f"{both:,.0f} texts/s"),
    ]
