"""Every operator does what its own entry and the reference page say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.entities.find import find_entities
from pipelines.model import Item
from pipelines.rules.evaluate import EVIDENCE_LIMIT, evaluate, in_reading_order
from pipelines.rules.operators import OPERATORS, Operator, reference
from pipelines.rules.rows import FIELDS
from pipelines.rules.syntax import parse
from pipelines.rules.view import TextView
from pipelines.text.language import detect
from pipelines.text.tokens import tokenize

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"
Make = Callable[..., Item]


def _holds(query: str, text: str, item_of: Make) -> bool:
    title, _, body = (part.strip() for part in text.partition(" | "))
    item = item_of(title, body, language=detect(title, body, "", ("en", "ru")))
    tokens = tokenize(title, body)
    item = replace(item, entities=find_entities(tokens, item.language))
    return evaluate(parse(query), TextView(item, tokens)) is not None


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=lambda operator: operator.name)
def test_example_holds_where_it_says_and_nowhere_else(operator: Operator, item_of: Make) -> None:
    assert _holds(operator.example, operator.holds, item_of)
    assert not _holds(operator.example, operator.fails, item_of)


def test_every_field_of_the_language_is_an_operator() -> None:
    assert {f"{field}:" for field in FIELDS} <= OPERATORS.keys()


def test_reference_page_shows_the_operator_table() -> None:
    if not PAGE.exists():
        pytest.skip("the documentation is not installed with the package")
    assert reference() in PAGE.read_text(encoding="utf-8"), "print reference() into docs/rules.md"


@pytest.mark.parametrize(
    ("query", "title", "text", "words"),
    [
        ("port", "Port, ports and PORT", "a port", ["Port", "PORT", "port"]),
        ("port*", "Ports", "porthole", ["Ports", "porthole"]),
        ('"drone port"', "Drone-port", "a drone, port", ["Drone-port", "drone, port"]),
        ('"drone port"', "A drone", "port", None),
        ('"a a"', "a a a", "", ["a a", "a a"]),
        ("title:port", "x", "port", None),
        ("text:port", "port", "port", ["port"]),
        ("port AND drone", "drone port", "", ["drone", "port"]),
        ("port AND drone", "port", "", None),
        ("(port OR drone) x", "x drone port", "", ["x", "drone", "port"]),
        ("port NOT drone", "port", "", ["port"]),
        ("port NOT drone", "port", "drone", None),
        ("port NOT title:drone", "port", "drone", ["port"]),
        ("port NOT (drone x)", "port drone", "", ["port"]),
        ("lang:en port", "port", "", ["port"]),
        ("lang:en", "port", "", []),
        ("lang:ru", "port", "", None),
        ("Patrushev", "Пáтрушев Patrushev’s", "", ["Patrushev"]),
        ("تهران", "طهران و تهران", "", ["تهران"]),
        ("ایران", "إيران", "", ["إيران"]),
        ("елка", "Ёлка", "", ["Ёлка"]),
        ("俄罗斯", "访问俄罗斯联邦", "", ["俄罗斯"]),
        ("source:example.org", "x", "", []),
        ("source:ample.org", "x", "", None),
        ("source:www.example.org", "x", "", []),
        ("category:news", "x", "", []),
        ("category:new", "x", "", None),
        ("category:new*", "x", "", []),
        ("feed:dem", "x", "", None),
        ("a NEAR/2 b", "a x b", "", ["a", "b"]),
        ("a NEAR/2 b", "b x a", "", ["b", "a"]),
        ("a NEAR/2 b", "a x y b", "", None),
        ("a NEAR/2 b", "a", "b", None),
        ("a ONEAR/2 b", "b x a", "", None),
        ("a ONEAR/1 b", "a, b", "", ["a", "b"]),
        ('"a b" NEAR/1 b', "a b", "", None),
        ('"a b" NEAR/1 b', "a b b", "", ["a b", "b"]),
        ("(a OR b) NEAR/1 c", "a x b c a", "", ["b", "c", "a"]),
        ("title:(a NEAR/9 b)", "x", "a b", None),
        ("a w/s b", "x", "A came. X went. A b!", ["A", "b"]),
        ("a w/s b", "x", "A came. X b.", None),
        ("a w/s b", "x", "Mr. A met Gen. B", ["A", "B"]),
        ("a w/s b", "x", "a 3.5 b", ["a", "b"]),
        ("a w/s b", "a", "b", None),
        ("a w/s b", "甲。", "a乙。b丙", None),
        ("a w/s b", "", "a سفر کرد؟ b", None),
        ("a w/p b", "x", "A came. X b.", ["A", "b"]),
        ("a w/p b", "x", "A came.\n\nX b.", None),
        ("a w/s b", "x", "A came\nX b", None),
        ("ATLEAST3(a)", "a", "a b a", ["a", "a", "a"]),
        ("ATLEAST3(a)", "a", "a b", None),
        ("ATLEAST2(a OR b)", "a", "b", ["a", "b"]),
        ("ATLEAST2(abc* OR abcd)", "abcd", "", None),
        ("FIRST/2 a", "x a", "", ["a"]),
        ("FIRST/2 a", "x", "y a", None),
        ("FIRST/2 a", "x", "a", ["a"]),
        ("text:(FIRST/1 a)", "x", "a", ["a"]),
        ("text:(FIRST/1 a)", "x", "y a", None),
        ("wom?n", "Women and a woman", "", ["Women", "woman"]),
        ("wom?n", "womn wombn9", "", None),
        ("wom?n*", "womanly", "", ["womanly"]),
        ("мис?ия*", "Миссия", "", ["Миссия"]),
        ("!US", "us and US", "", ["US"]),
        ('!"Islamic State"', "islamic state of the Islamic State", "", ["Islamic State"]),
        ("!Ё", "ё", "", None),
        ("SCORE3(2 a; 1 b; -2 c)", "a b", "", ["a", "b"]),
        ("SCORE3(2 a; 1 b; -2 c)", "a b c", "", None),
        ("url:example", "x", "", []),
        ("url:exam", "x", "", None),
    ],
)
def test_evaluator_gives_the_words_that_made_it_true(
    query: str, title: str, text: str, words: list[str] | None, item_of: Make
) -> None:
    item = item_of(title, text)
    found = evaluate(parse(query), TextView(item, tokenize(title, text)))
    assert (found if found is None else [evidence.words for evidence in in_reading_order(found)]) == words


def test_lead_is_the_first_300_characters(item_of: Make) -> None:
    text = "word " * 58 + "port and " + "drone"
    item = item_of("t", text)
    view = TextView(item, tokenize("t", text))
    assert evaluate(parse("lead:port"), view) is not None
    assert evaluate(parse("lead:drone"), view) is None
    assert evaluate(parse("text:drone"), view) is not None


def test_country_shows_where_it_is_named(item_of: Make) -> None:
    title = "Iran and Tehran, Iranian envoys"
    tokens = tokenize(title, "")
    item = item_of(title, entities=find_entities(tokens, "en"))
    found = evaluate(parse("country:IR"), TextView(item, tokens)) or []
    assert [evidence.words for evidence in found] == ["Iran", "Tehran", "Iranian"]
    named = evaluate(parse("country:IR-implied-demonym"), TextView(item, tokens)) or []
    assert [evidence.words for evidence in named] == ["Iran"]
    assert (
        evaluate(
            parse("country:IR-implied"),
            TextView(item_of("Tehran", entities=find_entities(tokenize("Tehran", ""), "en")), tokenize("Tehran", "")),
        )
        is None
    )


def test_evidence_is_capped_and_title_comes_first(item_of: Make) -> None:
    item = item_of("port", "port " * 200)
    found = in_reading_order(evaluate(parse("port"), TextView(item, tokenize(item.title, item.text))) or [])
    assert len(found) == EVIDENCE_LIMIT
    assert [evidence.field for evidence in found[:2]] == ["title", "text"]
