"""The fast matcher equals the plain evaluator, and printing loses nothing: on random queries and items."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.model import Entity, Item
from pipelines.rules.evaluate import evaluate, in_reading_order
from pipelines.rules.matcher import RuleSet
from pipelines.rules.model import (
    And,
    AtLeast,
    Cased,
    First,
    Forms,
    In,
    Literal,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Rule,
    Score,
    Severity,
    Term,
    Together,
    Unit,
    Value,
    Word,
    is_negative,
)
from pipelines.rules.print import print_query
from pipelines.rules.required import required
from pipelines.rules.syntax import parse
from pipelines.rules.view import TextView
from pipelines.text.tokens import tokenize, words_of

WORDS = ("aba", "abac", "abacus", "port", "drone", "россия", "иран", "ايران", "中", "国", "7")
PREFIXES = ("aba", "abac", "por", "рос")
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
Make = Callable[..., Item]
ItemAndTexts = tuple[Item, list[str]]


def _term(chance: random.Random) -> Term:
    kind = chance.random()
    if kind < 0.2:
        return Word(chance.choice(PREFIXES), True)
    if kind < 0.3:
        return Pattern(chance.choice(("aba?", "aba?us", "por?*", "рос?ия", "dro?*")))
    if kind < 0.37:
        return Cased(chance.choice(("Abacus", "PORT", "port", "Россия")))
    if kind < 0.42:
        return Forms(chance.choice(("port", "россия", "drone")), chance.choice(("en", "ru")))
    return Word(chance.choice(WORDS))


def _literal(chance: random.Random) -> Literal:
    if chance.random() < 0.7:
        return _term(chance)
    return Phrase(tuple(_term(chance) for _ in range(chance.choice((2, 2, 3)))))


def _literals(chance: random.Random) -> tuple[Literal, ...]:
    return tuple(dict.fromkeys(_literal(chance) for _ in range(chance.choice((1, 1, 2, 3)))))


def _leaf(chance: random.Random, *, in_part: bool) -> Node:
    kind = chance.random()
    if kind < 0.55:
        return _literal(chance)
    if kind < 0.67:
        return Near(_literals(chance), _literals(chance), chance.choice((1, 2, 3, 8)), chance.random() < 0.4)
    if kind < 0.75:
        return Together(_literals(chance), _literals(chance), chance.choice(list(Unit)))
    if kind < 0.82 or in_part:
        return AtLeast(chance.choice((1, 2, 3, 6)), _literals(chance))
    return chance.choice(VALUES)


def _joined(kind: type[And] | type[Or], children: list[Node]) -> Node:
    flat: list[Node] = []
    for child in children:
        flat += child.children if isinstance(child, And | Or) and type(child) is kind else [child]
    if kind is Or:
        flat = [child for child in flat if not is_negative(child)] or [Word("port")]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def random_node(chance: random.Random, depth: int = 3, *, in_part: bool = False) -> Node:
    """Grow a query in normal form; it may be negative."""
    kind = chance.random()
    if depth == 0 or kind < 0.3:
        return _leaf(chance, in_part=in_part)
    if kind < 0.4 and not in_part:
        return _scoped(chance, depth)
    if kind < 0.5:
        child = random_node(chance, depth - 1, in_part=in_part)
        return child if is_negative(child) else Not(child)
    children = [random_node(chance, depth - 1, in_part=in_part) for _ in range(chance.choice((2, 2, 3, 4)))]
    return _joined(And if kind < 0.75 else Or, children)


def _scoped(chance: random.Random, depth: int) -> Node:
    child = random_node(chance, depth - 1, in_part=True)
    if not is_negative(child) and chance.random() < 0.5:
        child = First(chance.choice((1, 3, 10, 40)), child)
        if chance.random() < 0.5:
            return child
    return In(chance.choice(("title", "text", "lead")), child)


def random_query(chance: random.Random) -> Node:
    """Grow a query that the reader accepts."""
    if chance.random() < 0.1:
        children = [random_query(chance) for _ in range(chance.choice((1, 2, 3, 5)))]
        children = [child for child in children if not isinstance(child, Score)]
        weights = tuple(chance.choice((-3, 1, 2, 3)) for _ in children)
        most = sum(weight for weight in weights if weight > 0)
        if most:
            return Score(chance.randint(1, most), tuple(children), weights)
    node = random_node(chance)
    return _joined(And, [Word(chance.choice(WORDS)), node]) if is_negative(node) else node


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
    found = [random_query(chance) for _ in range(60)]
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


@pytest.mark.parametrize("seed", range(5))
def test_a_query_that_holds_has_one_of_each_required_group(seed: int, item_of: Make) -> None:
    chance = random.Random(f"anchors {seed}")
    for _ in range(300):
        node, item = random_query(chance), random_item(chance, item_of)
        view = TextView(item, tokenize(item.title, item.text))
        if evaluate(node, view) is not None:
            for group in required(node, lambda one: one, lambda one: 1.0):
                assert any(
                    view.holds(one) if isinstance(one, Value) else view.spans(one, view.whole()) for one in group
                )


@pytest.mark.parametrize("seed", range(5))
def test_evidence_points_at_the_words_it_names(seed: int, item_of: Make) -> None:
    chance = random.Random(f"evidence {seed}")
    shown = 0
    for _ in range(200):
        node, item = random_query(chance), random_item(chance, item_of)
        for evidence in evaluate(node, TextView(item, tokenize(item.title, item.text))) or []:
            source = item.title if evidence.field == "title" else item.text
            assert source[evidence.start : evidence.end] == evidence.words
            shown += 1
    assert shown > 100


@settings(max_examples=400, deadline=None)
@given(st.integers(min_value=0))
def test_a_printed_query_reads_back_as_itself(seed: int) -> None:
    node = random_query(random.Random(seed))
    assert parse(print_query(node)) == node


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=12))
def test_any_word_of_a_text_may_be_asked_for_in_quotes(text: str) -> None:
    words = words_of(text)
    if words and "*" not in text and '"' not in text:
        node = parse(f'"{" ".join(words)}"')
        assert parse(print_query(node)) == node
        assert node == (Word(words[0]) if len(words) == 1 else Phrase(tuple(map(Word, words))))
