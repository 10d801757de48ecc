"""The query language: what reads as what, and what is refused, where, and with which hint."""

from __future__ import annotations

import pytest

from pipelines.rules.mistakes import DEPTH_LIMIT, LENGTH_LIMIT, QueryError
from pipelines.rules.model import (
    And,
    AtLeast,
    Cased,
    First,
    Forms,
    In,
    Near,
    Not,
    Or,
    Pattern,
    Phrase,
    Score,
    Together,
    Unit,
    Value,
    Word,
)
from pipelines.rules.print import print_query
from pipelines.rules.resolve import TERMS_LIMIT
from pipelines.rules.syntax import parse

A, B, C = Word("alpha"), Word("beta"), Word("gamma")


def test_rows_of_nodes_are_equal_by_kind_and_nodes_and_nothing_else() -> None:
    assert And((A, B)) == And((A, B))
    assert hash(And((A, B))) == hash(And((A, B)))
    assert len({And((A, B)), Or((A, B)), (A, B), And((B, A))}) == 4
    assert repr(Or((A,))) == f"Or(children=({A!r},))"


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
        ("alpha NEAR/5 beta", Near((A,), (B,), 5)),
        ("alpha w/5 beta", Near((A,), (B,), 5)),
        ("alpha near/5 (beta OR gamma)", Near((A,), (B, C), 5)),
        ('alpha ONEAR/2 "beta gamma"', Near((A,), (Phrase((B, C)),), 2, True)),
        ("alpha pre/2 beta", Near((A,), (B,), 2, True)),
        ("alpha adj/1 beta", Near((A,), (B,), 1, True)),
        ("alpha NEAR/5 beta gamma", And((Near((A,), (B,), 5), C))),
        ("alpha OR beta NEAR/5 gamma", Or((A, Near((B,), (C,), 5)))),
        ("alpha -beta NEAR/5 gamma", And((A, Not(Near((B,), (C,), 5))))),
        ("alpha w/s beta", Together((A,), (B,), Unit.SENTENCE)),
        ("alpha W/P beta", Together((A,), (B,), Unit.PARAGRAPH)),
        ("title:(alpha NEAR/5 beta)", In("title", Near((A,), (B,), 5))),
        ("ATLEAST3(alpha OR beta)", AtLeast(3, (A, B))),
        ("atleast/3 alpha", AtLeast(3, (A,))),
        ("FIRST/50 alpha beta", And((First(50, A), B))),
        ("FIRST/50(alpha beta)", First(50, And((A, B)))),
        ("title:(FIRST/5 alpha)", In("title", First(5, A))),
        ("title:FIRST/5 alpha", In("title", First(5, A))),
        ("organi?ation*", Pattern("organi?ation*")),
        ('"alpha organi?ation"', Phrase((A, Pattern("organi?ation")))),
        ("!US", Cased("US")),
        ('!"Islamic State"', Phrase((Cased("Islamic"), Cased("State")))),
        ('"!US alpha"', Phrase((Cased("US"), A))),
        ("!U.S.", Phrase((Cased("U"), Cased("S")))),
        ("~alpha", Forms("alpha", "en")),
        ("~делегация", Forms("делегация", "ru")),
        ("~зброї", Forms("зброї", "uk")),
        ("~پهپاد", Forms("پهپاد", "fa")),
        ("~de:Rakete", Forms("rakete", "de")),
        ('~"white house"', Phrase((Forms("white", "en"), Forms("house", "en")))),
        ("person:nikolai-patrushev", Value("person", "nikolai-patrushev")),
        ("url:/Sport/*", Value("url", "sport", True)),
        ("SCORE5(3 alpha; 2 beta gamma; -4 alph*)", Score(5, (A, And((B, C)), Word("alph", True)), (3, 2, -4))),
        ('SCORE1(1 "alpha; beta")', Score(1, (Phrase((A, B)),), (1,))),
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
        ("alpha NEAR beta", 1, 7, "NEAR is no operator as it stands; write NEAR/5"),
        ("alpha NEAR5 beta", 1, 7, "NEAR5 is no operator as it stands"),
        ("alpha NEAR/x beta", 1, 7, "NEAR/x is no operator as it stands"),
        ("alpha NEAR/5 beta NEAR/5 gamma", 1, 19, "measure between two at a time"),
        ("alpha NEAR/0 beta", 1, 7, "write a distance from 1 to 100"),
        ("alpha NEAR/101 beta", 1, 7, "write a distance from 1 to 100"),
        ("alpha NEAR/99999999999 beta", 1, 7, "write a distance from 1 to 100"),
        ("NEAR/5 alpha", 1, 1, "NEAR/5 needs a word, a phrase"),
        ("alpha NEAR/5", 1, 7, "NEAR/5 needs a word, a phrase"),
        ("alpha NEAR/5 -beta", 1, 7, "NEAR/5 needs a word, a phrase"),
        ("alpha NEAR/5 (beta gamma)", 1, 15, "NEAR/5 takes words and phrases"),
        ("alpha NEAR/5 title:beta", 1, 14, "NEAR/5 takes words and phrases"),
        ("country:(alpha NEAR/5 beta)", 1, 16, "NEAR/5 inside country:"),
        ("ATLEAST0(alpha)", 1, 1, "write a count from 1"),
        ("ATLEAST3(alpha beta)", 1, 10, "ATLEAST3 takes words and phrases"),
        ("FIRST/5(title:alpha)", 1, 1, "write title:(FIRST/n"),
        ("wo?n", 1, 1, "at least 3 letters before the ?"),
        ("!al*", 1, 2, "a wildcard behind !"),
        ("~xx:alpha", 1, 1, "no endings are known for xx"),
        ("@strikes", 1, 1, "no query is named @strikes"),
        ("/alpha.*beta/", 1, 1, "regular expressions are not matched"),
        ("alpha$", 1, 6, "$ is no wildcard"),
        ("क्षे?्र", 1, 1, "a mark without its letter behind ?"),
        ("SCORE5(3 alpha; 1 beta)", 1, 1, "do not reach the threshold"),
        ("SCORE5(alpha)", 1, 8, "expected a weight and a query"),
        ("SCORE5(5 alpha; 1 beta OR)", 1, 24, "OR needs something behind it"),
        ("SCORE5(5 alpha) AND beta", 1, 1, "SCORE stands alone"),
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


def test_named_query_stands_for_its_tree() -> None:
    named = {"strikes": parse("alpha OR beta"), "ports": parse("@strikes NEAR/5 gamma", {"strikes": Or((A, B))})}
    assert parse("@strikes AND gamma", named) == And((Or((A, B)), C))
    assert parse("@ports", named) == Near((A, B), (C,), 5)
    assert parse("(@strikes OR gamma)", named) == Or((A, B, C))
    assert parse("title:@strikes", named) == In("title", Or((A, B)))
    with pytest.raises(QueryError, match="known: @strikes, @ports"):
        parse("@strike", named)
    with pytest.raises(QueryError, match="fields of its own"):
        parse("title:@lines", {"lines": In("title", A)})


def test_named_queries_cannot_grow_a_query_past_its_terms() -> None:
    named = {"many": Or(tuple(Word(f"w{number}") for number in range(1500)))}
    with pytest.raises(QueryError, match="terms"):
        parse("@many AND (@many OR alpha)", named)


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
        ('Alpha W/3 (beta OR "Gamma x")', 'alpha NEAR/3 (beta OR "gamma x")'),
        ("Alpha pre/3 ~Beta", "alpha ONEAR/3 ~beta"),
        ("alpha W/S !US", "alpha w/s !US"),
        ("NOT (first/3 alpha) beta", "NOT FIRST/3(alpha) AND beta"),
        ('"near" alpha', '"near" AND alpha'),
        # No operator: a beginning, a spelling, all forms.
        ('"near*" alpha', "near* AND alpha"),
        ("!NOT !pre ~same", "!NOT AND !pre AND ~same"),
        ("SCORE5( 3 alpha;2  beta gamma )", "SCORE5(3 alpha; 2 beta AND gamma)"),
    ],
)
def test_query_prints_in_one_spelling(query: str, printed: str) -> None:
    assert print_query(parse(query)) == printed
