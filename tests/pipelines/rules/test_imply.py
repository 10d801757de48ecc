"""What the shape of two queries says about them is true of every text."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from pipelines.model import Item
from pipelines.rules.evaluate import evaluate
from pipelines.rules.imply import Covers, implies
from pipelines.rules.model import Node
from pipelines.rules.syntax import parse
from pipelines.rules.view import TextView
from pipelines.text.tokens import tokenize

Make = Callable[..., Item]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("missile", "missil*"),
        ("missiles*", "missil*"),
        ("organisation", "organi?ation*"),
        ("organi?ation", "organ*"),
        ("!US", "us"),
        ('"ballistic missile"', "missil*"),
        ('"two ballistic missiles"', '"ballistic missil*"'),
        ("a AND b", "b"),
        ("a AND b", "b OR c"),
        ("a OR b", "c OR b OR a"),
        ("(a OR b) AND c", "(a OR b OR d) AND c"),
        ("a NOT port*", "a NOT ports"),
        ("a NEAR/3 b", "b"),
        ("(a OR b) NEAR/3 c", "a OR b"),
        ("a NEAR/3 b", "b NEAR/5 a"),
        ("a ONEAR/3 b", "a NEAR/3 (b OR c)"),
        ("a w/s b", "a w/p b"),
        ("ATLEAST3(a)", "ATLEAST2(a OR b)"),
        ("ATLEAST3(a)", "a"),
        ("title:a", "a"),
        ("title:(a AND b)", "title:a"),
        ("lead:a", "text:a"),
        ("FIRST/3 a", "FIRST/5 a"),
        ("FIRST/3 a", "a OR b"),
        ("feed:tass", "feed:tas*"),
        ("source:news.example.org", "source:example.org"),
        ("category:'world news'", "category:world"),
    ],
)
def test_narrower_query_implies_the_wider_and_not_the_other_way(one: str, other: str) -> None:
    one, other = one.replace("'", '"'), other.replace("'", '"')
    assert implies(parse(one), parse(other))
    assert Covers([parse("zzz"), parse(other)]).of(parse(one)) == [1]
    assert not implies(parse(other), parse(one))


def test_a_word_is_one_of_its_forms() -> None:
    assert implies(parse("ракета"), parse("~ракета"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a NEAR/3 b", "a ONEAR/3 b"),
        ("us", "!US"),
        ("title:(a NOT b)", "a NOT b"),
        ("source:example.org", "source:exa*"),
        ("a OR b", "a"),
        ('"a b" NEAR/3 c', "a NEAR/3 c"),
        ("title:a", "text:a"),
        ("SCORE2(1 a; 1 b)", "c"),
        ("country:RU", "country:IR"),
    ],
)
def test_what_is_not_certain_is_not_said(one: str, other: str) -> None:
    assert not implies(parse(one), parse(other))


def _query(chance: random.Random, depth: int = 2) -> str:
    words = ["ab", "abc", "abc*", "abcd", "abc?", "!Abc", "port", '"ab port"', '"abc* port"', "~port"]
    if depth == 0 or chance.random() < 0.25:
        return chance.choice(words)
    kind = chance.randrange(7)
    one, other = (f"({_query(chance, depth - 1)})" for _ in range(2))
    left, right = (f"({' OR '.join(chance.choices(words, k=chance.choice((1, 2))))})" for _ in range(2))
    if kind < 2:
        return f"{one} {('AND', 'OR')[kind]} {other}"
    if kind == 2:
        return f"{chance.choice(words)} NOT {chance.choice(words)}"
    if kind == 3:
        return f"{left} {chance.choice(('NEAR/1', 'NEAR/3', 'ONEAR/2', 'w/s', 'w/p'))} {right}"
    if kind == 4:
        return f"ATLEAST{chance.choice((1, 2))}{left}"
    return f"{chance.choice(('title:', 'text:', 'lead:', 'FIRST/2 ', 'FIRST/4 '))}{left}"


def _nodes(chance: random.Random, count: int) -> list[Node]:
    made: list[Node] = []
    while len(made) < count:
        query = _query(chance)
        # An alternative that only excludes cannot be written.
        if "NOT" not in query or " OR " not in query:
            made.append(parse(query))
    return made


def test_no_text_contradicts_what_was_said(item_of: Make) -> None:
    chance = random.Random(5)
    nodes = _nodes(chance, 150)
    covers = Covers(nodes)
    said = [
        (one, other) for one in range(len(nodes)) for other in range(len(nodes)) if implies(nodes[one], nodes[other])
    ]
    assert len([pair for pair in said if nodes[pair[0]] != nodes[pair[1]]]) > 100
    assert [(one, other) for one in range(len(nodes)) for other in covers.of(nodes[one])] == said
    for _ in range(150):
        title, text = (" ".join(chance.choices(["ab", "abc", "Abc", "abcd", "port", "x", "."], k=6)) for _ in range(2))
        view = TextView(item_of(title, text), tokenize(title, text))
        holds = [evaluate(node, view) is not None for node in nodes]
        assert not [pair for pair in said if holds[pair[0]] and not holds[pair[1]]], (title, text)
