"""Whatever rules people write and whatever feeds publish: matching an item ends soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from pipelines.model import Item
from pipelines.rules.evaluate import evaluate
from pipelines.rules.matcher import TEXT_LIMIT, RuleSet
from pipelines.rules.model import Rule, Severity
from pipelines.rules.resolve import TERMS_LIMIT
from pipelines.rules.syntax import parse
from pipelines.rules.view import TextView
from pipelines.text.tokens import tokenize

Make = Callable[..., Item]
_HALF = TERMS_LIMIT // 2 - 10
MANY = " OR ".join(f"a{number}" for number in range(_HALF))
OTHERS = " OR ".join(f"a{number}" for number in range(_HALF, 2 * _HALF))
HOSTILE = (
    f"({MANY}) NEAR/100 ({OTHERS})",
    f"({MANY}) ONEAR/100 ({MANY})",
    f"({OTHERS}) w/s ({MANY})",
    f"({OTHERS}) w/p ({MANY})",
    f"ATLEAST1000({MANY})",
    f"FIRST/1000({MANY})",
    f"text:({MANY}) NOT title:({OTHERS})",
    'a1 NEAR/100 a1 AND "a1 a1" AND ATLEAST1000(a1)',
    " AND ".join(f'"a1 a1 a{number}"' for number in range(300)),
    " OR ".join(f"abc{'?' * (number % 20)}d*" for number in range(500)),
    "(" * 40 + "a1" + ")" * 40,
    " OR ".join(f"(a{number} AND (a1 OR (a2 AND a{number + 1})))" for number in range(300)),
)
TEXTS = (
    "a1 " * 40_000,
    " ".join(f"a{number % 2000}" for number in range(20_000)),
    "abcd" * 30_000,
    "a1. " * 30_000,
    "a1\n\n" * 30_000,
    "ا\u200c" * 50_000,
    "中" * 90_000,
    "e\u0301" * 50_000,
)


def test_hostile_rules_on_hostile_texts_end_soon(item_of: Make) -> None:
    rules = [Rule(f"r{place}", Severity.LOW, query, parse(query), "") for place, query in enumerate(HOSTILE)]
    compiled = RuleSet.compile(rules)
    found = set()
    for text in TEXTS:
        item = replace(item_of("a1 a2"), text=text[:100_000])
        tokens = tokenize(item.title, item.text)
        since = time.thread_time()
        found |= {match.rule for match in compiled.match(item, tokens)}
        # Some 100,000 characters against 10,000 terms, of which every one is met.
        assert time.thread_time() - since < 2.0, text[:20]
    assert len(found) > len(HOSTILE) / 2


def test_the_plain_evaluator_ends_too(item_of: Make) -> None:
    nodes = [parse(query) for query in HOSTILE[:8]]
    item = replace(item_of("a1 a2"), text=TEXTS[1][:100_000])
    since = time.thread_time()
    view = TextView(item, tokenize(item.title, item.text))
    assert sum(evaluate(node, view) is not None for node in nodes) > 4
    assert time.thread_time() - since < 10.0


def test_of_ten_megabytes_the_beginning_is_matched(item_of: Make) -> None:
    early, late = (Rule(word, Severity.LOW, word, parse(word), "") for word in ("alpha", "omega"))
    item = replace(item_of("news"), text="alpha " + "word " * 2_000_000 + "omega")
    tokens = tokenize("news", item.text[:TEXT_LIMIT])
    since = time.thread_time()
    assert [match.rule for match in RuleSet.compile([early, late]).match(item, tokens)] == ["alpha"]
    assert time.thread_time() - since < 2.0
