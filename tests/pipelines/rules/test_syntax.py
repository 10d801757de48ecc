"""The query language: what reads as what, and what is refused, where, and with which hint."""

from __future__ import annotations

import pytest

from pipelines.rules.model import And, In, Not, Or, Phrase, Value, Word
from pipelines.rules.print import print_query
from pipelines.rules.syntax import DEPTH_LIMIT, LENGTH_LIMIT, TERMS_LIMIT, QueryError, parse

A, B, C = Word("alpha"), Word("beta"), Word("gamma")


@pytest.mark.parametrize(
    ("query", "node"),
    [
        ("Alpha", A),
        ("alpha beta", And((A, B))),
        ("alpha AND beta gamma", And((A, B, C))),
        ("alpha OR beta OR gamma", Or((A, B, C))),
        ("alpha AND (beta OR gamma)", And((A, Or((B, C))))),
        ("(alpha AND (beta AND gamma))", And((A, B, C))),
        ("alpha -beta", And((A, Not(B)))),
        ("alpha NOT beta", And((A, Not(B)))),
        ("alpha AND NOT (beta OR gamma)", And((A, Not(Or((B, C)))))),
        ("-beta alpha", And((Not(B), A))),
        ("alpha(beta)", And((A, B))),
        ("alph*", Word("alph", True)),
        ('"alpha beta"', Phrase((A, B))),
        ('"alpha bet*"', Phrase((A, Word("bet", True)))),
        ('"alpha"', A),
        ('"and"', Word("and")),
        ("“alpha beta” «gamma»", And((Phrase((A, B)), C))),
        ("al-Assad", Phrase((Word("al"), Word("assad")))),
        ("Erdoğan", Word("erdogan")),
        ("俄罗斯", Phrase((Word("俄"), Word("罗"), Word("斯")))),
        ("中*", Word("中")),
        ("러시*", Word("러시", True)),
        ("ånd от", And((Word("and"), Word("от")))),
        ("12:30", Phrase((Word("12"), Word("30")))),
        ("title:alpha", In("title", A)),
        ("TITLE:alpha", In("title", A)),
        ("lead:(alpha OR beta) gamma", And((In("lead", Or((A, B))), C))),
        ("text:(alpha -beta)", In("text", And((A, Not(B))))),
        ("country:ru", Value("country", "RU")),
        ("country:(RU OR ua) alpha", And((Or((Value("country", "RU"), Value("country", "UA"))), A))),
        ("lang:RU alpha", And((Value("lang", "ru"), A))),
        ("source:BBC.co.uk", Value("source", "bbc.co.uk")),
        ("feed:tass*", Value("feed", "tass", True)),
        ('category:"Foreign Policy"', Value("category", "foreign policy")),
        ("alpha\n AND\tbeta", And((A, B))),
        ("oral ANDES notable", And((Word("oral"), Word("andes"), Word("notable")))),
    ],
)
def test_query_reads_as_its_tree(query: str, node: object) -> None:
    assert parse(query) == node


@pytest.mark.parametrize(
    ("query", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        (" \n ", 1, 1, "empty"),
        ("alpha AND beta OR gamma", 1, 1, "write (alpha AND beta) OR gamma or alpha AND (beta OR gamma)"),
        ("(alpha OR beta) gamma OR delta", 1, 1, "((alpha OR beta) AND gamma) OR delta"),
        ("alpha AND (beta OR", 1, 11, "never closed"),
        ("alpha)", 1, 6, "never opened"),
        ("alpha AND ()", 1, 12, "nothing between the parentheses"),
        ("alpha AND", 1, 7, "AND needs something behind it"),
        ("OR alpha", 1, 1, "OR needs something on both sides"),
        ("alpha OR AND beta", 1, 10, "AND needs something on both sides"),
        ("alpha AND\nOR beta", 2, 1, "OR needs something on both sides"),
        ("(alpha AND) beta", 1, 8, "AND needs something behind it"),
        ("NOT alpha", 1, 1, "nothing but exclusions"),
        ("-alpha -beta", 1, 1, "nothing but exclusions"),
        ("title:(NOT alpha)", 1, 1, "nothing but exclusions"),
        ("alpha OR NOT beta", 1, 10, "an alternative that only excludes"),
        ("alpha OR (NOT beta)", 1, 1, "an alternative that only excludes"),
        ("alpha NOT NOT beta", 1, 11, "excluded twice"),
        ("alpha NOT (NOT beta)", 1, 7, "an exclusion excluded"),
        ("alpha and beta", 1, 7, 'write AND for the operator, "and" in quotes'),
        ("alpha or beta", 1, 7, "OR"),
        ("al*", 1, 1, "at least 3 letters"),
        ("*", 1, 1, "nothing before the *"),
        ("al*pha", 1, 3, "only at the end"),
        ("alpha AND ***", 1, 11, "nothing before the *"),
        ('alpha "beta', 1, 7, "never closed"),
        ('""', 1, 2, "no letter or digit"),
        ("alpha AND &&&", 1, 11, "no letter or digit"),
        ("person:putin", 1, 1, "unknown field person:"),
        ("https://example.org/a", 1, 1, "unknown field https:"),
        ("title:", 1, 6, "nothing after the field's colon"),
        ("alpha title: AND beta", 1, 12, "nothing after the field's colon"),
        ("title:(lang:ru)", 1, 8, "lang: inside title:"),
        ("country:(title:x)", 1, 10, "title: inside country:"),
        ("country:Iran", 1, 9, "write country:IR"),
        ("country:россия", 1, 9, "write country:RU"),
        ("country:Atlantis", 1, 9, "for instance country:IR"),
        ("country:XX", 1, 9, "no country has the code XX; for instance country:IR"),
        ("alpha АND beta", 1, 7, 'type AND for the operator, "and" in quotes for the word'),
        ("alpha ＯＲ beta", 1, 7, "type OR for the operator"),
        ("alpha NΟΤ\u200f beta", 1, 7, "type NOT for the operator"),
        ("lang:russian", 1, 6, "two-letter code"),
        ("alpha NEAR/5 beta", 1, 7, "NEAR/5 is no operator"),
        ("ATLEAST3(alpha)", 1, 1, "ATLEAST3 is no operator"),
        ("wom?n", 1, 1, "wom?n is no operator"),
        ("!US", 1, 1, "!US is no operator"),
        ("~alpha", 1, 1, "~alpha is no operator"),
        ("alpha\x00beta", 1, 6, "control character U+0000"),
        ("alpha\nbe\u202eta", 2, 3, "control character U+202E"),
        ("(" * 200 + "a" + ")" * 200, 1, DEPTH_LIMIT + 1, "parentheses inside one another"),
        ("title:" * 3000 + "x", 1, 7, "title: inside title:"),
        ("a " * (TERMS_LIMIT + 1), 1, 2 * TERMS_LIMIT + 1, f"more than {TERMS_LIMIT} terms"),
        ("x" * (LENGTH_LIMIT + 1), 1, LENGTH_LIMIT + 1, "at most 20000 are read"),
        ("-" * 19_000, 1, 1, "no letter or digit"),
        ("(" * 19_000, 1, DEPTH_LIMIT + 1, "parentheses inside one another"),
        ('"' * 19_001, 1, 19_001, "never closed"),
        ("alpha " + "NOT " * 4_000, 1, 11, "excluded twice"),
    ],
)
def test_mistake_is_named_with_its_place_and_a_hint(query: str, line: int, column: int, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert words in str(caught.value)


def test_deepest_nesting_that_is_allowed_reads() -> None:
    assert parse("(" * DEPTH_LIMIT + "alpha" + ")" * DEPTH_LIMIT) == A


def test_mistake_is_shown_with_a_caret_under_it() -> None:
    with pytest.raises(QueryError) as caught:
        parse("alpha AND\n  (beta OR gamma")
    shown = caught.value.pointed().splitlines()
    assert shown[0] == "  (beta OR gamma"
    assert shown[1] == "  ^"
    assert shown[2].startswith("line 2, column 3: this parenthesis is never closed")


def test_caret_stands_right_in_a_very_long_line() -> None:
    with pytest.raises(QueryError) as caught:
        parse("alpha " * 500 + "lang:russian")
    line, caret, _ = caught.value.pointed().splitlines()
    assert line[caret.index("^") :].startswith("russian")


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("Alpha (beta OR GAMMA) -delta", "alpha AND (beta OR gamma) AND NOT delta"),
        ("title:(alpha beta)", "title:(alpha AND beta)"),
        ('alpha NOT "Beta gam*"', 'alpha AND NOT "beta gam*"'),
        ('"OR" alpha', '"or" AND alpha'),
        ('feed:"my feed*" x', 'feed:"my feed*" AND x'),
    ],
)
def test_query_prints_in_one_spelling(query: str, printed: str) -> None:
    assert print_query(parse(query)) == printed
