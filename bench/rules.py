"""Speed and memory of 100,000 rules, and of a million where WIREWATCH_BENCH_MILLION is 1.

Rules ask for places and topics, as a desk's do: one of a few names AND one of a few topic words, a third with one more
group, half with NOT, a tenth with NEAR. Names and most words are made up; topic words are those of the default rules
too. Texts have words as frequent as in real text. Each figure's process is fresh; the compiled code is warm.
"""

from __future__ import annotations

import gc
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import psutil

from bench.row import Row, at_least, at_most
from pipelines.background import uncollected
from pipelines.model import Item
from pipelines.rules.load import default_rules_path, load_rules
from pipelines.rules.matcher import RuleSet
from pipelines.rules.model import Rule, Severity, Word, literals_of, walk
from pipelines.rules.syntax import parse
from pipelines.text.tokens import Tokens, tokenize

_RULES = 100_000
_MILLION = 1_000_000
_ITEMS = 2_000
_WORDS = 500
_CHANGES = 20
_IN_FORCE_SECONDS = 0.2
_AT = datetime(2022, 11, 8, tzinfo=UTC)


def run() -> list[Row]:
    """Measure each part in a process of its own."""
    load, match, change = (_measured(part, _RULES) for part in ("load", "match", "change"))
    window_ms = 1000 * _IN_FORCE_SECONDS
    return [
        at_most("100,000 rules: load, from read queries", load["compile_seconds"], 6, "s"),
        Row("100,000 rules: load, from query texts", f"{load['parse_seconds'] + load['compile_seconds']:.3g} s"),
        at_most("100,000 rules: memory, their own objects included", load["rules_mb"] + load["compiled_mb"], 250, "MB"),
        Row("100,000 rules: memory of the compiled part", f"{load['compiled_mb']:.3g} MB"),
        at_most("100,000 rules: one changed, until it is in force", change["change_ms"], window_ms, "ms"),
        at_least(f"100,000 rules: matching speed in the {window_ms:g} ms of a change", change["kept_percent"], 90, "%"),
        at_most(f"100,000 rules: p99 of a {_WORDS}-word item", match["p99_ms"], 5, "ms"),
        Row(f"100,000 rules: {_WORDS}-word items", f"{match['items_per_second']:,.0f} items/s"),
        *_million(),
    ]


def _million() -> list[Row]:
    if os.environ.get("WIREWATCH_BENCH_MILLION") != "1":
        return [Row("1,000,000 rules", "not measured; set WIREWATCH_BENCH_MILLION=1")]
    load, match = (_measured(part, _MILLION) for part in ("load", "match"))
    return [
        Row("1,000,000 rules: load, from read queries", f"{load['compile_seconds']:.3g} s"),
        Row("1,000,000 rules: memory, their own objects included", f"{load['rules_mb'] + load['compiled_mb']:,.0f} MB"),
        Row("1,000,000 rules: memory of the compiled part", f"{load['compiled_mb']:,.0f} MB"),
        Row(f"1,000,000 rules: p99 of a {_WORDS}-word item", f"{match['p99_ms']:.3g} ms"),
        Row(f"1,000,000 rules: {_WORDS}-word items", f"{match['items_per_second']:,.0f} items/s"),
    ]


def _measured(part: str, rules: int) -> dict[str, float]:
    words = [sys.executable, "-m", "bench.rules", part, str(rules)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _pseudo_words(chance: random.Random, count: int) -> list[str]:
    onsets = "b br ch d dr f g gr h k kl l m n p pr r s sh st t tr v z".split()
    vowels = "a e i o u ai ou".split()
    closes = ["", "", "", "n", "r", "s", "l", "k"]
    words: dict[str, None] = {}
    while len(words) < count:
        syllables = range(chance.choice((1, 2, 2, 3, 3, 4)))
        words["".join(chance.choice(part) for _ in syllables for part in (onsets, vowels, closes))] = None
    return list(words)


class Made:
    """Words, and rules and texts out of them; the same in every process."""

    def __init__(self) -> None:
        chance = random.Random(1)
        made = _pseudo_words(chance, 60_000)
        place_words = made[40_000:]
        self._places = [word for word in place_words if len(word) >= 5]
        self._places += [f"{chance.choice(place_words)} {chance.choice(place_words)}" for _ in range(10_000)]
        asked = {
            literal.text
            for rule in load_rules([default_rules_path()])
            for node in walk(rule.node)
            for literal in literals_of(node)
            if isinstance(literal, Word) and literal.text.isascii() and len(literal.text) > 3
        }
        # The commonest words are nobody's topic.
        self._words = made[:300] + self._mixed(chance, sorted(asked), made[300:40_000])
        self._topics = self._words[300:8_000]
        # The n-th word is about 1/n as frequent as the first.
        self._weights = list(accumulate(1 / (place + 2.7) for place in range(len(self._words))))

    def _mixed(self, chance: random.Random, few: list[str], many: list[str]) -> list[str]:
        words = list(dict.fromkeys([*few, *many[: 7_700 - len(few)]]))
        chance.shuffle(words)
        return words + [word for word in many[7_700 - len(few) :] if word not in set(few)]

    def queries(self, count: int) -> Iterator[str]:
        """Write queries."""
        chance = random.Random(2)
        for _ in range(count):
            places = chance.sample(self._places, chance.randint(1, 4))
            topics = chance.sample(self._topics, chance.randint(1, 5))
            groups = [_any(places), _any(topics)]
            if chance.random() < 0.3:
                groups.append(_any(chance.sample(self._topics, chance.randint(1, 5))))
            if chance.random() < 0.1:
                groups.append(f"{_quoted(places[0])} NEAR/{chance.randint(3, 10)} {topics[0]}")
            groups += [f"NOT {word}" for word in chance.sample(self._topics, chance.choice((0, 0, 1, 2)))]
            yield " AND ".join(groups)

    def items(self, count: int) -> Iterator[tuple[Item, Tokens]]:
        """Write items of ``_WORDS`` words, one word in forty a place."""
        chance = random.Random(3)
        for number in range(count):
            words = chance.choices(self._words, cum_weights=self._weights, k=_WORDS)
            for at in range(chance.randrange(40), _WORDS, 40):
                words[at] = chance.choice(self._places).title()
            for at in range(0, _WORDS, 17):
                words[at] = words[at].capitalize()
                words[at - 1] += "."
            title, text = " ".join(words[:10]), " ".join(words[10:])
            yield _item(number, title, text), tokenize(title, text)


def _quoted(literal: str) -> str:
    return f'"{literal}"'


def _any(literals: list[str]) -> str:
    return f"({' OR '.join(map(_quoted, literals))})" if len(literals) > 1 else _quoted(literals[0])


def _item(number: int, title: str, text: str) -> Item:
    return Item(
        item_id=str(number), entry_id=str(number), feed_id="feed", url=f"https://news.example/{number}",
        link=f"https://news.example/{number}", title=title, lead=text[:300], text=text, language="en",
        published_at=None, fetched_at=_AT, event_at=_AT, time_flags=(), fingerprint="f",
    )  # fmt: skip


def _rules(queries: Iterator[str]) -> list[Rule]:
    return [
        Rule(f"rule-{number}", Severity.LOW, query, parse(query), f"v{number}") for number, query in enumerate(queries)
    ]


def _resident_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


def _load(made: Made, count: int) -> dict[str, float]:
    before = _resident_mb()
    queries = list(made.queries(count))
    since = time.perf_counter()
    # As the pipeline does it.
    with uncollected():
        rules = _rules(iter(queries))
    parsed = time.perf_counter()
    del queries
    with_rules = _resident_mb()
    started = time.perf_counter()
    with uncollected():
        compiled = RuleSet.compile(rules)
    ready = time.perf_counter()
    figures = {
        "parse_seconds": parsed - since,
        "compile_seconds": ready - started,
        "rules_mb": with_rules - before,
        "compiled_mb": _resident_mb() - with_rules,
    }
    assert len(compiled.rules) == count
    return figures


def _match(made: Made, count: int) -> dict[str, float]:
    rules = RuleSet.compile(_rules(made.queries(count)))
    items = list(made.items(_ITEMS))
    # As the pipeline does it.
    gc.freeze()
    for item, tokens in items[:200]:
        rules.match(item, tokens)
    spent = []
    held = 0
    for item, tokens in items:
        # CPU time: what one core gives, however busy the machine.
        since = time.thread_time()
        held += len(rules.match(item, tokens))
        spent.append(time.thread_time() - since)
    assert held > 0
    return {
        "p99_ms": 1000 * statistics.quantiles(spent, n=100)[98],
        "items_per_second": len(items) / sum(spent),
        "matches_per_item": held / len(items),
    }


@dataclass
class _Reader:
    """Matches items in a thread of its own, always by the rules in force, and counts them."""

    rules: RuleSet
    items: list[tuple[Item, Tokens]]
    matched: int = 0
    is_over: bool = False

    def read(self) -> None:
        while not self.is_over:
            item, tokens = self.items[self.matched % len(self.items)]
            self.rules.match(item, tokens)
            self.matched += 1

    def rate(self, work: Any) -> float:
        """Give items a second while something is done."""
        count, since = self.matched, time.perf_counter()
        work()
        return (self.matched - count) / (time.perf_counter() - since)


def _change(made: Made, count: int) -> dict[str, float]:
    """Change one rule after the other while a thread matches, as often as each may take."""
    listed = _rules(made.queries(count))
    others = [parse(query) for query, _ in zip(made.queries(count), range(_CHANGES), strict=False)]
    reader = _Reader(RuleSet.compile(listed), list(made.items(500)))
    gc.freeze()
    thread = threading.Thread(target=reader.read)
    thread.start()
    time.sleep(1)
    spent: list[float] = []

    def change() -> None:
        for place, node in enumerate(others):
            spent.append(_changed(reader, listed, place, node))
            time.sleep(max(0.0, _IN_FORCE_SECONDS - spent[-1]))

    before = reader.rate(lambda: time.sleep(_CHANGES * _IN_FORCE_SECONDS))
    during = reader.rate(change)
    after = reader.rate(lambda: time.sleep(_CHANGES * _IN_FORCE_SECONDS))
    reader.is_over = True
    thread.join()
    return {"change_ms": 1000 * statistics.median(spent), "kept_percent": 200 * during / (before + after)}


def _changed(reader: _Reader, listed: list[Rule], place: int, node: Any) -> float:
    """Change one rule; gives the seconds until it is in force."""
    since = time.perf_counter()
    listed[place] = replace(listed[place], node=node, version=f"{listed[place].version} changed")
    reader.rules = RuleSet.compile(listed, reader.rules)
    return time.perf_counter() - since


def main() -> None:
    """Measure one part in this process, and print its figures as JSON."""
    part, count = sys.argv[1], int(sys.argv[2])
    made = Made()
    # What is compiled once a process, or loaded from numba's files, is no part of any figure.
    RuleSet.compile(_rules(made.queries(50)))
    figures = {"load": _load, "match": _match, "change": _change}[part](made, count)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
