"""Queries of other vendors: what each means in our language, and what is refused, where and with which words."""

from __future__ import annotations

import contextlib
import time
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.rules.dialects import DIALECTS, translate
from pipelines.rules.mistakes import DEPTH_LIMIT, LENGTH_LIMIT, QueryError
from pipelines.rules.model import (
    And,
    AtLeast,
    Cased,
    First,
    In,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Together,
    Unit,
    Value,
    Word,
)
from pipelines.rules.syntax import parse

Cases: TypeAlias = list[tuple[str, Node]]
Refusals: TypeAlias = list[tuple[str, int, int, str]]

IRAN, IRAQ, TALKS, OIL, PORT = map(Word, ("iran", "iraq", "talks", "oil", "port"))
NUCLEAR_TALKS = Phrase((Word("nuclear"), TALKS))
EITHER_IRAN = Or((In("title", IRAN), In("lead", IRAN)))

FACTIVA: Cases = [
    ("Iran", IRAN),
    ("nuclear talks", NUCLEAR_TALKS),
    ('"nuclear talks"', NUCLEAR_TALKS),
    ('Iran and "talks and oil"', And((IRAN, Phrase((TALKS, Word("and"), OIL))))),
    ("iran and iraq", And((IRAN, IRAQ))),
    ("iran OR iraq or oil", Or((IRAN, IRAQ, OIL))),
    ("iran and iraq or oil", Or((And((IRAN, IRAQ)), OIL))),
    ("iran or iraq and oil not port", Or((IRAN, And((IRAQ, OIL, Not(PORT)))))),
    ("iran not (iraq or oil)", And((IRAN, Not(Or((IRAQ, OIL)))))),
    ("iran and not iraq", And((IRAN, Not(IRAQ)))),
    ("[iran or iraq] and oil", And((Or((IRAN, IRAQ)), OIL))),
    ("iran near5 talks", Near((IRAN,), (TALKS,), 5)),
    ("iran adj5 talks", Near((IRAN,), (TALKS,), 5, True)),
    ("iran adj talks", Near((IRAN,), (TALKS,), 1, True)),
    ("iran w/5 talks", Near((IRAN,), (TALKS,), 5, True)),
    ("oil port/N30/nuclear talks", Near((Phrase((OIL, PORT)),), (NUCLEAR_TALKS,), 30)),
    ("(iran or iraq) near10 nuclear talks", Near((IRAN, IRAQ), (NUCLEAR_TALKS,), 10)),
    ("iran same talks", Together((IRAN,), (TALKS,), Unit.PARAGRAPH)),
    ("atleast5 iran and talks", And((AtLeast(5, (IRAN,)), TALKS))),
    ("atleast3 nuclear talks", AtLeast(3, (NUCLEAR_TALKS,))),
    ("iran/F50/ and talks", And((First(50, IRAN), TALKS))),
    ("nuclear talks /f20/", First(20, NUCLEAR_TALKS)),
    ("missil$ or bomb*", Or((Word("missil", True), Word("bomb", True)))),
    ("nuclear negotiat$", Phrase((Word("nuclear"), Word("negotiat", True)))),
    ("organi?ation", Pattern("organi?ation")),
    ("hd=iran and td=talks", And((In("title", IRAN), In("text", TALKS)))),
    ("hd=(iran near3 talks)", In("title", Near((IRAN,), (TALKS,), 3))),
    ("hlp=(iran and talks)", And((EITHER_IRAN, Or((In("title", TALKS), In("lead", TALKS)))))),
    ("iran and la=(en or ru)", And((IRAN, Or((Value("lang", "en"), Value("lang", "ru")))))),
    ("(iran or iraq) talks", Near((IRAN, IRAQ), (TALKS,), 1, True)),
    ('“nuclear talks”', NUCLEAR_TALKS),
    ("Erdoğan and 'Россия'", And((Word("erdogan"), Word("россия")))),
    ("first near3 \"near\"", Near((Word("first"),), (Word("near"),), 3)),
]  # fmt: skip

NEXIS: Cases = [
    ("nuclear talks", NUCLEAR_TALKS),
    ("iran AND iraq", And((IRAN, IRAQ))),
    ("iran and iraq or oil", And((IRAN, Or((IRAQ, OIL))))),
    ("iran or iraq and oil", And((Or((IRAN, IRAQ)), OIL))),
    ("iran AND NOT iraq or oil", And((IRAN, Not(Or((IRAQ, OIL)))))),
    ("iran AND NOT iraq and oil", And((IRAN, Not(And((IRAQ, OIL)))))),
    ("iran not iraq", And((IRAN, Not(IRAQ)))),
    ("(iran and iraq) or oil", Or((And((IRAN, IRAQ)), OIL))),
    ("iran w/5 talks", Near((IRAN,), (TALKS,), 5)),
    ("iran W/5 iraq or oil", Near((IRAN,), (IRAQ, OIL), 5)),
    ("iran /5 talks", Near((IRAN,), (TALKS,), 5)),
    ("iran near/5 talks", Near((IRAN,), (TALKS,), 5)),
    ("iran pre/2 nuclear talks", Near((IRAN,), (NUCLEAR_TALKS,), 2, True)),
    ("iran onear/2 talks", Near((IRAN,), (TALKS,), 2, True)),
    ("iran +2 talks", Near((IRAN,), (TALKS,), 2, True)),
    ("iran w/p talks", Together((IRAN,), (TALKS,), Unit.PARAGRAPH)),
    ("iran w/para talks", Together((IRAN,), (TALKS,), Unit.PARAGRAPH)),
    ("iran w/s talks", Together((IRAN,), (TALKS,), Unit.SENTENCE)),
    ("iran /s talks and oil", And((Together((IRAN,), (TALKS,), Unit.SENTENCE), OIL))),
    ("ATLEAST5(iran)", AtLeast(5, (IRAN,))),
    ("atleast3(iran or iraq) and oil", And((AtLeast(3, (IRAN, IRAQ)), OIL))),
    ("terror! and missil!", And((Word("terror", True), Word("missil", True)))),
    ("organi*ation", Pattern("organi?ation")),
    ("organi*ation!", Pattern("organi?ation*")),
    ("bank*", Or((Word("bank"), Pattern("bank?")))),
    ("ALLCAPS(us) and talks", And((Cased("US"), TALKS))),
    ("CAPS(aid)", Or((Cased("Aid"), Cased("AID")))),
    ("CAPS(WHO)", Or((Cased("WHO"), Cased("Who")))),
    ("nocaps(Turkey)", Cased("turkey")),
    ('allcaps("red cross")', Phrase((Cased("RED"), Cased("CROSS")))),
    ("HEADLINE(iran or iraq) AND LEAD(talks)", And((In("title", Or((IRAN, IRAQ))), In("lead", TALKS)))),
    ("hlead(iran not oil)", And((EITHER_IRAN, Not(Or((In("title", OIL), In("lead", OIL))))))),
    ("hlead(iran w/3 talks)", Or((In("title", Near((IRAN,), (TALKS,), 3)), In("lead", Near((IRAN,), (TALKS,), 3))))),
    ("iran and(iraq or oil)", And((IRAN, Or((IRAQ, OIL))))),
]  # fmt: skip

MELTWATER: Cases = [
    ("iran", IRAN),
    ('"nuclear talks"', NUCLEAR_TALKS),
    ("iran AND iraq", And((IRAN, IRAQ))),
    ("iran and iraq", And((IRAN, IRAQ))),
    ("iran AND iraq OR oil", Or((And((IRAN, IRAQ)), OIL))),
    ("iran OR iraq AND oil", Or((IRAN, And((IRAQ, OIL))))),
    ("iran OR iraq NOT oil", Or((IRAN, And((IRAQ, Not(OIL)))))),
    ("iran NOT iraq OR oil", Or((And((IRAN, Not(IRAQ))), OIL))),
    ("iran NOT iraq AND oil", And((IRAN, Not(IRAQ), OIL))),
    ("iran AND NOT (iraq OR oil)", And((IRAN, Not(Or((IRAQ, OIL)))))),
    ("(iran OR iraq) AND oil", And((Or((IRAN, IRAQ)), OIL))),
    # Meltwater counts the words between: four between are five steps.
    ("iran NEAR talks", Near((IRAN,), (TALKS,), 5)),
    ("iran ONEAR talks", Near((IRAN,), (TALKS,), 5, True)),
    ("iran NEAR/10 talks", Near((IRAN,), (TALKS,), 11)),
    ("iran ONEAR/0 talks", Near((IRAN,), (TALKS,), 1, True)),
    ('(iran OR iraq) NEAR/3 ("nuclear talks" OR oil)', Near((IRAN, IRAQ), (NUCLEAR_TALKS, OIL), 4)),
    ("iran NOT iraq NEAR/3 oil", And((IRAN, Not(Near((IRAQ,), (OIL,), 4))))),
    ("title:iran", In("title", IRAN)),
    ("title:(iran OR iraq) AND talks", And((In("title", Or((IRAN, IRAQ))), TALKS))),
    ('ingress:"nuclear talks"', In("lead", NUCLEAR_TALKS)),
    ("missil* AND organi?ation", And((Word("missil", True), Pattern("organi?ation")))),
    ('"nuclear negotiat*"', Phrase((Word("nuclear"), Word("negotiat", True)))),
    ('!"NASA" AND talks', And((Cased("NASA"), TALKS))),
    ("!WHO", Cased("WHO")),
    ("(iran OR iraq)^9 AND oil^2", And((Or((IRAN, IRAQ)), OIL))),
    ("#iran OR #iraq", Or((IRAN, IRAQ))),
]  # fmt: skip

LUCENE: Cases = [
    ("iran", IRAN),
    ("iran iraq", Or((IRAN, IRAQ))),
    ("+iran +iraq", And((IRAN, IRAQ))),
    ("+iran -iraq", And((IRAN, Not(IRAQ)))),
    ("iran -iraq -oil", And((IRAN, Not(IRAQ), Not(OIL)))),
    ("iran oil -iraq", And((Or((IRAN, OIL)), Not(IRAQ)))),
    ("iran AND iraq", And((IRAN, IRAQ))),
    ("iran && iraq", And((IRAN, IRAQ))),
    ("iran || iraq OR oil", Or((IRAN, IRAQ, OIL))),
    ("iran AND NOT iraq", And((IRAN, Not(IRAQ)))),
    ("iran !iraq", And((IRAN, Not(IRAQ)))),
    ("(iran OR iraq) AND oil", And((Or((IRAN, IRAQ)), OIL))),
    ("+(iran iraq) +oil", And((Or((IRAN, IRAQ)), OIL))),
    ('"nuclear talks"', NUCLEAR_TALKS),
    ('"nuclear talks"~0', NUCLEAR_TALKS),
    # One move: a word between. Two: the two change places. Three: both.
    ('"nuclear talks"~1', Near((Word("nuclear"),), (TALKS,), 2, True)),
    ('"oil port"~2', Or((Near((OIL,), (PORT,), 3, True), Near((PORT,), (OIL,), 1, True)))),
    ('"oil port"~5', Or((Near((OIL,), (PORT,), 6, True), Near((PORT,), (OIL,), 4, True)))),
    ("title:iran", In("title", IRAN)),
    ('headline:"nuclear talks" body:iran', Or((In("title", NUCLEAR_TALKS), In("text", IRAN)))),
    ("title:talks AND content:(iran OR iraq)", And((In("title", TALKS), In("text", Or((IRAN, IRAQ)))))),
    ("+title:iran -source:bbc.co.uk", And((In("title", IRAN), Not(Value("source", "bbc.co.uk"))))),
    ("language:ru AND iran", And((Value("lang", "ru"), IRAN))),
    ("country:ir AND iran", And((Value("country", "IR"), IRAN))),
    ("missil* organi?ation", Or((Word("missil", True), Pattern("organi?ation")))),
    ('"missil* talks"', Phrase((Word("missil"), TALKS))),
    ("iran^2.5 OR (iraq oil)^3", Or((IRAN, IRAQ, OIL))),
    (r"al\-Assad", Phrase((Word("al"), Word("assad")))),
    (r"iran\:talks", Phrase((IRAN, TALKS))),
    (r'"say \"iran\" talks"', Phrase((Word("say"), IRAN, TALKS))),
]  # fmt: skip

ALL = {"factiva": FACTIVA, "nexis": NEXIS, "meltwater": MELTWATER, "lucene": LUCENE}


@pytest.mark.parametrize(
    ("dialect", "query", "node"), [(dialect, *case) for dialect, cases in ALL.items() for case in cases]
)
def test_query_means_its_tree(dialect: str, query: str, node: Node) -> None:
    assert parse(translate(query, dialect)) == node


COMMON: Refusals = [
    ("", 1, 1, "the query is empty"),
    ("(iran", 1, 1, "never closed"),
    ("iran)", 1, 5, "never opened"),
    ("iran AND ()", 1, 11, "nothing between the parentheses"),
    ('iran AND "iraq', 1, 10, "this quotation mark is never closed"),
    ("iran AND", 1, 6, ""),
    ("iran\nAND\nAND iraq", 3, 1, ""),
    ("iran AND \x07", 1, 10, "control character U+0007"),
    ('iran AND "..."', 1, 10, "no letter or digit"),
    ("NOT iran", 1, 1, "nothing but exclusions"),
    ("iran OR NOT iraq", 1, 9, "an alternative that only excludes"),
    ("iran AND bo*", 1, 10, ""),
]

REFUSED: dict[str, Refusals] = {
    "factiva": [
        ("iran near500 talks", 1, 6, "NEAR/500 counts 500; write a distance from 1 to 100"),
        ("iran near talks", 1, 6, "near without a number"),
        ("iran near3 talks near3 oil", 1, 18, "a second distance in a row"),
        ("iran near3 (talks and oil)", 1, 13, "NEAR/3 takes words and phrases"),
        ("engineer$3", 1, 9, "$3 counts the letters"),
        ("iran and re=russ", 1, 10, "no field here is Factiva's re="),
        ("iran and\n  wc>500", 2, 3, "wc>500 has no counterpart"),
        ("iran date after 2020", 1, 6, "date has no counterpart"),
        ("president % clinton", 1, 11, "% has no counterpart"),
        ("iran hd=talks", 1, 6, "hd= right behind another operand"),
        ("hd=(iran and lp=talks)", 1, 14, "lead: inside title:"),
        ("atleast3 (iran and talks)", 1, 11, "ATLEAST3 takes words and phrases"),
        ("hlp=(atleast3 iran)", 1, 6, "in title and lead together"),
        ("iran /F50/ talks", 1, 6, "/F50/ stands where it says nothing"),
        ("iran and w/5 talks", 1, 10, "w/5 needs something on both sides"),
        ("iran and la=english", 1, 13, "expected a two-letter code"),
    ],
    "nexis": [
        ("iran w/255 talks", 1, 6, "NEAR/255 counts 255"),
        ("rico NOT W/5 puerto", 1, 6, "NOT W/5 has no counterpart"),
        ("iran w/seg talks", 1, 6, "w/seg has no counterpart"),
        ("iran pre/s talks", 1, 6, "pre/s has no counterpart"),
        ("plural(job) and iran", 1, 1, "plural(…) has no counterpart"),
        ("iran and\nbyline(smith)", 2, 1, "byline(…) has no counterpart"),
        ("te!ror", 1, 3, "! may stand only at the end"),
        ("nuclear bank*", 1, 9, "no operator between"),
        ('"nuclear bank*"', 1, 14, "a * that may be no letter at all"),
        ("(iran or iraq) talks", 1, 16, "no operator between"),
        ("iran w/5 (talks and oil)", 1, 11, "NEAR/5 takes words and phrases"),
        ("iran w/5 talks w/5 oil", 1, 16, "a second distance in a row"),
        ("allcaps(us!)", 1, 9, "a wildcard behind !"),
        ("ab! and iran", 1, 1, "fits too many words"),
        ("iran near5 talks", 1, 6, "near5 is an operator of another language"),
    ],
    "meltwater": [
        ("iran talks", 1, 6, "no operator between"),
        ("(iran OR iraq) talks", 1, 16, "no operator between"),
        ("D*C*", 1, 1, "* may stand only at the end"),
        ("iran NEAR/100 talks", 1, 6, "NEAR/101 counts 101"),
        ("iran NEAR/5 talks NEAR/5 oil", 1, 19, "a second distance in a row"),
        ("iran AND\nsource:bbc", 2, 1, "source: has no counterpart"),
        ("iran NEAR (talks AND oil)", 1, 12, "NEAR/5 takes words and phrases"),
        ("title:(iran AND ingress:talks)", 1, 17, "lead: inside title:"),
        ("iran AND !(us)", 1, 10, "! needs a word or phrase"),
        ("iran NOT NOT talks", 1, 10, "excluded twice"),
        ("iran AND w/5", 1, 10, "w/5 is an operator of another language"),
        ("iran AND engineer$", 1, 10, "engineer$ is an operator of another language"),
    ],
    "lucene": [
        ("iran AND iraq OR oil", 1, 18, "no boolean query to Lucene"),
        ("iran OR iraq AND oil", 1, 18, "no boolean query to Lucene"),
        ("+iran talks", 1, 7, "this only ranks"),
        ("roam~", 1, 5, "words that are only alike are not matched"),
        ("iran AND\nroam~0.8", 2, 5, "words that are only alike are not matched"),
        ('"big oil port"~3', 1, 15, "a phrase of more than two words"),
        ("date:[2020 TO 2021]", 1, 1, "unknown field date:"),
        ("iran AND [a TO b]", 1, 10, "ranges are not matched"),
        ("iran AND /ir[ao]n/", 1, 10, "regular expressions are not matched"),
        ("*:*", 1, 1, "unknown field *:"),
        ("iran AND *port", 1, 10, "* may stand only at the end"),
        ("iran and iraq", 1, 6, "and may be an operator or a word"),
        ("+-iran", 1, 2, "a second sign"),
        ("title:(iran AND text:talks)", 1, 17, "text: inside title:"),
        ('"oil port"~200', 1, 11, "ONEAR/201 counts 201"),
        ("iran w/5 talks", 1, 6, "w/5 is an operator of another language"),
        ("~ iran", 1, 1, "~ behind nothing"),
    ],
}


@pytest.mark.parametrize(
    ("dialect", "query", "line", "column", "words"),
    [(dialect, *case) for dialect in ALL for case in [*COMMON, *REFUSED[dialect]]],
)
def test_refusal_says_where_and_why(dialect: str, query: str, line: int, column: int, words: str) -> None:
    with pytest.raises(QueryError) as refused:
        translate(query, dialect)
    assert (refused.value.line, refused.value.column) == (line, column), str(refused.value)
    assert words in str(refused.value)
    assert refused.value.query == query


_HOSTILE = [
    "(" * 20_000,
    "(" * (DEPTH_LIMIT + 1) + "a" + ")" * (DEPTH_LIMIT + 1),
    "a" * (LENGTH_LIMIT + 1),
    "a " * 10_000,
    "a OR " * 3_999 + "a",
    "a NEAR/5 " * 2_000 + "a",
    "NOT " * 5_000,
    "title:" * 3_000,
    "hd=" * 6_000 + "a",
    "atleast5 " * 2_000 + "a",
    "caps(" * 4_000,
    '"' * 9_999,
    "+" * 20_000,
    "!" * 20_000,
    "a~" * 9_000,
    "\\" * 9_999,
    "/n1" * 6_000,
    "/" * 20_000,
    "[" * 20_000,
    "a^9" * 6_000,
    '"' + "a " * 9_000 + '"',
    "hlead(" + " or ".join(f"word{number}" for number in range(1_500)) + ")",
    "\x00" * 100,
    "𝕒 " * 5_000,
    "a*" * 9_000,
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("query", _HOSTILE, ids=range(len(_HOSTILE)))
def test_hostile_query_ends_soon(dialect: str, query: str) -> None:
    translate("warm", dialect)
    began = time.perf_counter()
    with contextlib.suppress(QueryError):
        parse(translate(query, dialect))
    # Milliseconds on a quiet machine; the bound leaves room for a busy one.
    assert time.perf_counter() - began < 1.5


_PIECES = st.sampled_from(
    'iran "oil port" and or not AND OR NOT ( ) near5 w/5 adj same w/s pre/2 NEAR/3 + - ! title: hd= hlp= atleast3 '
    'caps( headline( hlead( /F9/ /N3/ ~ ~2 ^2 missil* missil$ missil! te?t [ ] && || \\ " Россия 中国 $ * ?'.split(" ")
)


@given(st.sampled_from(sorted(DIALECTS)), st.lists(st.tuples(_PIECES, st.sampled_from(["", " "])), max_size=12))
@settings(max_examples=400, deadline=None)
def test_any_query_is_translated_or_refused_at_a_place(dialect: str, pieces: list[tuple[str, str]]) -> None:
    query = "".join(piece + space for piece, space in pieces)
    refused = None
    try:
        parse(translate(query, dialect))
    except QueryError as error:
        refused = error
    assert refused is None or (refused.query == query and 0 <= refused.place <= len(query) and refused.message)
