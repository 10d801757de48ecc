"""The fast matcher equals the plain evaluator, and printing loses nothing: on random queries and items."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.model import Entity, Item
from pipelines.rules import matcher
from pipelines.rules.evaluate import evaluate, in_reading_order
from pipelines.rules.matcher import RuleSet
from pipelines.rules.model import Node, Phrase, Rule, Severity, Value, Word
from pipelines.rules.print import print_query
from pipelines.rules.required import required
from pipelines.rules.syntax import parse
from pipelines.rules.view import TextView
from pipelines.text.tokens import tokenize, words_of
from tests.pipelines.rules.random_rules import Vocabulary, random_query

WORDS = ("aba", "abac", "abacus", "port", "drone", "россия", "иран", "ايران", "中", "国", "7")
WRITTEN = (
    *WORDS,
    "Abacus",
    "PORT",
    "Россия",
    "ایران",
    "中国",
    ",",
    ".",
    "word.",
    "Word!",
    "。",
    "x",
    "-",
    "\n",
    "\n\n",
)
VALUES = (
    Value("country", "RU"),
    Value("country", "IR"),
    Value("lang", "en"),
    Value("lang", "fa"),
    Value("feed", "tass"),
    Value("feed", "tas", True),
    Value("source", "tass"),
    Value("source", "example.org"),
    Value("person", "ana-", True),
    Value("url", "example"),
    Value("category", "world"),
    Value("category", "world news"),
    Value("category", "foreign pol", True),
)
VOCABULARY = Vocabulary(
    words=WORDS,
    prefixes=("aba", "abac", "por", "рос"),
    patterns=("aba?", "aba?us", "por?*", "рос?ия", "dro?*"),
    cased=("Abacus", "PORT", "port", "Россия"),
    forms=tuple((word, language) for word in ("port", "россия", "drone") for language in ("en", "ru")),
    values=VALUES,
)
Make = Callable[..., Item]
ItemAndTexts = tuple[Item, list[str]]


def random_item(chance: random.Random, item_of: Make) -> Item:
    """Make an item out of few words, so that queries hold often."""
    title, text = (" ".join(chance.choices(WRITTEN, k=chance.randrange(length))) for length in (8, 90))
    entities = tuple(
        Entity(f"country:{code}", "country", "title", 0, 1, title[:1])
        for code in ("RU", "IR")
        if title and chance.random() < 0.4
    )
    return item_of(
        title,
        text,
        language=chance.choice(("en", "ru", "fa", "")),
        feed_id=chance.choice(("tass", "tass-en", "irna")),
        url=chance.choice(("https://example.org/a", "https://news.example.org/1", "")),
        categories=chance.choice(((), ("World news",), ("Foreign policy", "News"))),
        entities=entities,
    )


def _rules(found: list[Node]) -> RuleSet:
    return RuleSet.compile(
        Rule(f"r{number}", Severity.LOW, print_query(node), node, f"v{number}") for number, node in enumerate(found)
    )


@pytest.mark.parametrize("seed", range(10))
def test_matcher_equals_the_plain_evaluator(seed: int, item_of: Make) -> None:
    chance = random.Random(seed)
    found = [random_query(chance, VOCABULARY) for _ in range(60)]
    rules = _rules(found)
    true = 0
    for _ in range(25):
        item = random_item(chance, item_of)
        tokens = tokenize(item.title, item.text)
        expected = {
            f"r{number}": in_reading_order(evidence)
            for number, node in enumerate(found)
            if (evidence := evaluate(node, TextView(item, tokens))) is not None
        }
        assert {match.rule: match.evidence for match in rules.match(item, tokens)} == expected
        true += len(expected)
    # 1,500 pairs a seed, of which neither nearly all nor nearly none hold.
    assert 200 < true < 1300


@pytest.mark.parametrize("seed", range(6))
def test_rules_after_many_changes_match_as_if_compiled_anew(
    seed: int, item_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if there were very many: changes stand beside the main program, shifted rules are known by name.
    monkeypatch.setattr(matcher, "_FEW", 12)
    chance = random.Random(f"changes {seed}")
    listed = list(_rules([random_query(chance, VOCABULARY) for _ in range(40)]).rules)
    rules, beside = RuleSet.compile(listed), 0
    for step in range(30):
        for _ in range(chance.randrange(4)):
            place = chance.randrange(len(listed))
            fresh = Rule(f"s{step}", Severity.LOW, "", random_query(chance, VOCABULARY), f"v{step}")
            match chance.randrange(5):
                case 0 if len(listed) > 20:
                    del listed[place]
                case 1 if all(rule.name != fresh.name for rule in listed):
                    listed.insert(chance.choice((place, len(listed))), fresh)
                case 2:
                    # The same rule read again, with another severity.
                    listed[place] = replace(listed[place], severity=Severity.HIGH)
                case _:
                    listed[place] = replace(listed[place], node=fresh.node, version=f"{fresh.version}.{place}")
        rules = RuleSet.compile(listed, rules)
        beside += rules.has_delta
        anew = RuleSet.compile(listed)
        for _ in range(5):
            item = random_item(chance, item_of)
            tokens = tokenize(item.title, item.text)
            assert rules.match(item, tokens) == anew.match(item, tokens)
    assert beside > 5


@pytest.mark.parametrize("seed", range(5))
def test_a_query_that_holds_has_one_of_each_required_group(seed: int, item_of: Make) -> None:
    chance = random.Random(f"anchors {seed}")
    for _ in range(300):
        node, item = random_query(chance, VOCABULARY), random_item(chance, item_of)
        view = TextView(item, tokenize(item.title, item.text))
        if evaluate(node, view) is not None:
            for group in required(node, lambda one: 1.0):
                assert any(
                    view.holds(one) if isinstance(one, Value) else view.spans(one, view.whole()) for one in group
                )


@pytest.mark.parametrize("seed", range(5))
def test_evidence_points_at_the_words_it_names(seed: int, item_of: Make) -> None:
    chance = random.Random(f"evidence {seed}")
    shown = 0
    for _ in range(200):
        node, item = random_query(chance, VOCABULARY), random_item(chance, item_of)
        for evidence in evaluate(node, TextView(item, tokenize(item.title, item.text))) or []:
            source = item.title if evidence.field == "title" else item.text
            assert source[evidence.start : evidence.end] == evidence.words
            shown += 1
    assert shown > 100


@settings(max_examples=400, deadline=None)
@given(st.integers(min_value=0))
def test_a_printed_query_reads_back_as_itself(seed: int) -> None:
    node = random_query(random.Random(seed), VOCABULARY)
    assert parse(print_query(node)) == node


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=12))
def test_any_word_of_a_text_may_be_asked_for_in_quotes(text: str) -> None:
    words = words_of(text)
    if words and "*" not in text and '"' not in text:
        node = parse(f'"{" ".join(words)}"')
        assert parse(print_query(node)) == node
        assert node == (Word(words[0]) if len(words) == 1 else Phrase(tuple(map(Word, words))))
