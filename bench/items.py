"""Speed of the items pipeline: 300-word entries against 100 rules, and the empty frame around them.

One process does the work; the store runs beside it on the other core.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apache_beam as beam

from bench.row import Row, at_least
from connectors.codec import encode
from connectors.log import names
from connectors.log.connect import connect
from connectors.log.log import Command, shared_log
from connectors.log.pages import LogPage
from connectors.records import Entry
from pipelines.embedded import throw_away_store
from pipelines.graph import build_items
from pipelines.serve import run_once
from pipelines.testing import Rig, forget_process_state
from pipelines.transforms.read_pages import ReadPages, SourceOptions

_ENTRIES = 8_000
_FRAME_ENTRIES = 100_000
_WORDS = 300
_RULES = 100
_VOCABULARY = 20_000
_AT = datetime(2022, 11, 8, tzinfo=UTC)
_COUNTRIES = ("Russia", "Iran", "Ukraine", "Israel", "China", "Turkey", "France", "Germany", "Syria", "India")


def run() -> list[Row]:
    """Measure both."""
    with throw_away_store() as url:
        items = _items_per_second(url)
    with throw_away_store() as url:
        frame = _frame_per_second(url)
    return [
        at_least(f"items pipeline, {_RULES} rules, {_WORDS}-word entries", items, 2000, "entries/s"),
        at_least("empty frame: read, look-ups, commit", frame, 25_000, "entries/s"),
    ]


def _words(chance: random.Random) -> list[str]:
    letters = "etaoinshrdlucmfwygpbvk"
    return ["".join(chance.choices(letters, k=chance.randint(3, 9))) for _ in range(_VOCABULARY)]


def _entries(chance: random.Random, vocabulary: list[str]) -> Iterator[Entry]:
    # Words as frequent as in real text: the n-th word about 1/n as often as the first.
    weights = [1.0 / (place + 2.7) for place in range(len(vocabulary))]
    for number in range(_ENTRIES):
        words = chance.choices(vocabulary, weights, k=_WORDS)
        for place in range(10, _WORDS, 60):
            words[place] = chance.choice(_COUNTRIES)
        text = " ".join(words)
        yield Entry(
            feed_id=f"feed-{number % 50}",
            entry_id=str(number),
            link=f"https://news.example/{number}",
            title=" ".join(words[:9]).capitalize(),
            summary=f"<p>{text[: len(text) // 2]}.</p><p>{text[len(text) // 2 :]}.</p>",
            content="",
            fetched_at=_AT,
            published_at=_AT,
            language="en",
        )


def _rules(chance: random.Random, vocabulary: list[str]) -> str:
    # Neither the commonest words nor the rarest: a rule's words stand in about one text in thirty.
    lines = ["rules:"]
    for number in range(_RULES):
        left = " OR ".join(chance.sample(vocabulary[200:5000], 4))
        right = " OR ".join(chance.sample(vocabulary[200:5000], 4))
        veto = chance.choice(vocabulary)
        lines.append(f"  - name: rule-{number}\n    query: ({left}) AND ({right}) AND NOT {veto}")
    return "\n".join(lines)


def _items_per_second(url: str) -> float:
    chance = random.Random(1)
    vocabulary = _words(chance)
    client = connect(url)
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.yaml"
        rules.write_text(_rules(chance, vocabulary))
        forget_process_state()
        rig = Rig(url, client, rules)
        # A first small run loads the models and tables.
        rig.append(*(entry for entry, _ in zip(_entries(chance, vocabulary), range(50), strict=False)))
        options = rig.items_options()
        run_once(lambda pipeline: build_items(pipeline, options), ())
        before = rig.outcomes("items")["read"]
        # Building and starting the graph is paid once an epoch, not per entry.
        empty_seconds = _seconds(lambda: run_once(lambda pipeline: build_items(pipeline, options), ()))
        # Other links: nothing of the first run may be seen again.
        rig.append(*(_moved(entry) for entry in _entries(chance, vocabulary)))
        seconds = _seconds(lambda: run_once(lambda pipeline: build_items(pipeline, options), ()))
        done = rig.outcomes("items")
        assert done["read"] - before == _ENTRIES, done
        forget_process_state()
    return _ENTRIES / (seconds - empty_seconds)


def _moved(entry: Entry) -> Entry:
    from dataclasses import replace

    return replace(entry, link=entry.link.replace("news.example", "other.example"))


def _seconds(work: Any) -> float:
    """CPU seconds that this process spends on something: what one core gives, however busy the machine."""
    since = time.process_time()
    work()
    return time.process_time() - since


class _FrameFn(beam.DoFn):
    """Looks a key up for every record, then commits what a page of which half is kept commits."""

    def __init__(self, url: str) -> None:
        self._url = url

    def process(self, page: LogPage) -> Iterator[None]:
        log = shared_log(self._url)
        log.mget([f"seen:{record.id}" for record in page.records])
        effects: list[Command] = []
        for record in page.records[::2]:
            effects.append(("SET", f"seen:{record.id}", "1", "EX", 3600))
            effects.append(("XADD", names.ITEMS, "*", names.FIELD, record.raw))
        effects.append(("HINCRBY", "outcomes:frame", "read", len(page.records)))
        log.commit(page.stream, page.after, page.cursor, effects)
        yield from ()


def _frame_per_second(url: str) -> float:
    client = connect(url)
    raw = encode({"feed_id": "feed", "title": "A headline of the usual length", "text": "word " * 200})
    with client.pipeline(transaction=False) as batch:
        for number in range(_FRAME_ENTRIES):
            batch.xadd(names.entries_stream(number % 16), {names.FIELD: raw})
            if number % 5000 == 4999:
                batch.execute()
    forget_process_state()
    options = SourceOptions(url, "frame", until_idle=True, block_ms=1)

    def build(pipeline: Any) -> Any:
        streams = pipeline | "Shards" >> beam.Create([tuple(names.entries_streams())], reshuffle=False)
        pages = streams | "ReadPages" >> ReadPages(options)
        done = pages | "Frame" >> beam.ParDo(_FrameFn(url)).with_output_types(type(None))
        return (done,) | "End" >> beam.Flatten()

    seconds = _seconds(lambda: run_once(build, ()))
    assert int(client.hget("outcomes:frame", "read") or 0) == _FRAME_ENTRIES
    forget_process_state()
    return _FRAME_ENTRIES / seconds
