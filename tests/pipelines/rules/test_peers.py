"""The same document–rule pairs as two full-text engines give, SQLite's FTS5 and Tantivy, where they can say the same.

They can for words, beginnings, phrases, AND, OR, NOT, title, text and lead, and for distance whose two sides share no
word: ours may not overlap, theirs may. FTS5 counts the words between, so its NEAR(a b, 4) is NEAR/5, and its ^ asks for
the first words of a column, as FIRST/n does for n words. A phrase of Tantivy gives each of its words a place, so one
more than n words behind is no match, and scores of equal weights are its least number of clauses. Neither counts words,
looks at case or knows sentences.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import pytest
import tantivy

from pipelines.model import Item
from pipelines.rules.load import default_rules_path, load_rules
from pipelines.rules.matcher import RuleSet
from pipelines.rules.model import And, First, In, Literal, Near, Node, Not, Or, Phrase, Rule, Score, Severity, Word
from pipelines.rules.print import print_query
from pipelines.rules.syntax import parse
from pipelines.text.tokens import tokenize, words_of

Make = Callable[..., Item]
RULES = 150
DOCUMENTS = 120
PLAIN_WORDS = (
    "aba abac abacus port ports portal drone drones talks iran ankara doha oil gas gasp a an of the in".split()
)
# What only this project folds: ё, ı, ł and the like, the shapes of Arabic letters; and Han, which it alone cuts.
OURS_ALONE = re.compile("[ёЁıİŁłØøĐđ\u0590-\u08ff\u2e80-\uffff]")


@dataclass(frozen=True, slots=True)
class Document:
    """What an engine gets: raw text, which it cuts by itself."""

    title: str
    text: str


def _plain_documents(chance: random.Random) -> list[Document]:
    weights = [1 / (place + 2) for place in range(len(PLAIN_WORDS))]
    return [
        Document(*(" ".join(chance.choices(PLAIN_WORDS, weights, k=length)) for length in lengths))
        for lengths in ((chance.choice((0, 1, 4)), chance.choice((0, 2, 12, 60))) for _ in range(DOCUMENTS))
    ]


@cache
def _headlines() -> list[str]:
    """Headlines in six languages, as they were written for the tests of the default rules."""
    rules = load_rules([default_rules_path()])
    texts = [text for rule in rules for text in rule.must_match + rule.must_miss if not OURS_ALONE.search(text)]
    assert len(texts) > 800
    return texts


def _written_documents(chance: random.Random) -> list[Document]:
    texts = _headlines()
    return [
        Document(chance.choice(texts), ". ".join(chance.sample(texts, chance.choice((0, 1, 5, 15)))))
        for _ in range(DOCUMENTS)
    ]


class Growth:
    """Grows queries out of the words of some documents, so that they hold often."""

    def __init__(self, chance: random.Random, documents: Iterable[Document], extras: frozenset[str]) -> None:
        self._chance = chance
        self._rows = [row for one in documents for row in (words_of(one.title), words_of(one.text)) if len(row) > 1]
        # Of "first", "ordered" and "score": what one of the two peers cannot say.
        self._extras = extras

    def query(self) -> Node:
        """Grow a query."""
        if "score" in self._extras and self._chance.random() < 0.1:
            children = tuple(self._wanted(1) for _ in range(self._chance.choice((2, 3, 5))))
            return Score(self._chance.randint(1, len(children)), children, (1,) * len(children))
        return self._wanted(3)

    def _wanted(self, depth: int, *, in_part: bool = False) -> Node:
        kind = self._chance.random()
        if depth == 0 or kind < 0.2:
            return self._leaf()
        if kind < 0.35 and not in_part:
            return self._scoped(depth)
        children = [self._wanted(depth - 1, in_part=in_part) for _ in range(self._chance.choice((2, 2, 3)))]
        if kind < 0.6:
            return _flat(Or, children)
        unwanted = [Not(self._wanted(depth - 1, in_part=in_part)) for _ in range(self._chance.choice((0, 0, 1, 1, 2)))]
        return _flat(And, [*children[: self._chance.choice((1, 2, 3))], *unwanted])

    def _scoped(self, depth: int) -> Node:
        if "first" in self._extras and self._chance.random() < 0.3:
            row = self._chance.choice(self._rows)
            count = self._chance.randint(1, min(3, len(row)))
            return In(self._chance.choice(("title", "text")), First(count, self._literal_of(row[:count])))
        return In(self._chance.choice(("title", "text", "lead")), self._wanted(depth - 1, in_part=True))

    def _leaf(self) -> Node:
        if self._chance.random() < 0.7:
            return self._literal()
        row = self._chance.choice(self._rows)
        first = self._chance.randrange(len(row))
        left, right = (
            tuple(dict.fromkeys(self._literal_at(row, first + self._chance.randint(-5, 5)) for _ in range(count)))
            for count in self._chance.choices((1, 1, 2), k=2)
        )
        if any(_share(one, other) for one in left for other in right):
            return self._literal()
        is_ordered = "ordered" in self._extras and self._chance.random() < 0.4
        return Near(left, right, self._chance.choice((1, 2, 3, 4, 5, 10)), is_ordered)

    def _literal(self) -> Literal:
        row = self._chance.choice(self._rows)
        return self._literal_at(row, self._chance.randrange(len(row)))

    def _literal_at(self, row: list[str], first: int) -> Literal:
        first = min(max(first, 0), len(row) - 1)
        return self._literal_of(row[first : first + self._chance.choice((1, 1, 1, 2, 3))])

    def _literal_of(self, words: list[str]) -> Literal:
        terms = tuple(map(self._term, words))
        return terms[0] if len(terms) == 1 else Phrase(terms)

    def _term(self, word: str) -> Word:
        if len(word) > 3 and self._chance.random() < 0.25:
            return Word(word[: self._chance.randrange(3, len(word))], True)
        return Word(word)


def _flat(kind: type[And] | type[Or], children: Sequence[Node]) -> Node:
    """Join nodes in normal form."""
    flat: list[Node] = []
    for child in children:
        flat += child.children if isinstance(child, And | Or) and type(child) is kind else [child]
    flat = list(dict.fromkeys(flat))
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _words(literal: Literal) -> tuple[Word, ...]:
    terms = literal.words if isinstance(literal, Phrase) else (literal,)
    return tuple(term for term in terms if isinstance(term, Word))


def _share(left: Literal, right: Literal) -> bool:
    """Say whether one word of a text can stand in both."""
    return any(
        one.text == other.text
        or (one.is_prefix and other.text.startswith(one.text))
        or (other.is_prefix and one.text.startswith(other.text))
        for one in _words(left)
        for other in _words(right)
    )


def _lead(document: Document) -> str:
    tokens = tokenize(document.title, document.text)
    return document.text[: tokens.ends[tokens.lead_end - 1] if tokens.lead_end > tokens.title_count + 1 else 0]


class Fts5:
    """An index of SQLite's; unicode61 folds accents as this project does, "2" those of two marks too."""

    extras = frozenset({"first"})

    def __init__(self, documents: Sequence[Document]) -> None:
        self._index = sqlite3.connect(":memory:")
        self._index.execute(
            "CREATE VIRTUAL TABLE found USING fts5(title, text, lead, tokenize='unicode61 remove_diacritics 2')"
        )
        self._index.executemany(
            "INSERT INTO found(rowid, title, text, lead) VALUES (?, ?, ?, ?)",
            [(number, one.title, one.text, _lead(one)) for number, one in enumerate(documents)],
        )

    def search(self, node: Node) -> set[int]:
        """Give the documents for which a query holds."""
        rows = self._index.execute("SELECT rowid FROM found WHERE found MATCH ?", (_fts5(node),))
        return {number for (number,) in rows}


def _fts5(node: Node) -> str:
    if isinstance(node, Word | Phrase):
        return " + ".join(f'"{word.text}"{"*" if word.is_prefix else ""}' for word in _words(node))
    if isinstance(node, Near):
        assert not node.is_ordered
        pairs = [(left, right) for left in node.left for right in node.right]
        # As many words apart as neighbours with one fewer between them.
        return " OR ".join(f"NEAR({_fts5(left)} {_fts5(right)}, {node.distance - 1})" for left, right in pairs)
    if isinstance(node, Or):
        return " OR ".join(f"({_fts5(child)})" for child in node.children)
    if isinstance(node, And):
        wanted = " AND ".join(f"({_fts5(child)})" for child in node.children if not isinstance(child, Not))
        unwanted = [f"({_fts5(child.child)})" for child in node.children if isinstance(child, Not)]
        return f"({wanted}) NOT ({' OR '.join(unwanted)})" if unwanted else wanted
    assert isinstance(node, In)
    if isinstance(node.child, First):
        return f"{node.part} : (^ {_fts5(node.child.child)})"
    return f"{node.part} : ({_fts5(node.child)})"


class Tantivy:
    """An index of Tantivy's in memory, its words cut at what is no letter or digit, without case and accents."""

    extras = frozenset({"ordered", "score"})

    def __init__(self, documents: Sequence[Document]) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("number", stored=True)
        for part in ("title", "text", "lead"):
            builder.add_text_field(part, tokenizer_name="folded", index_option="position")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        analyzer = analyzer.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
        self._index.register_tokenizer("folded", analyzer.build())
        writer = self._index.writer(num_threads=1)
        for number, one in enumerate(documents):
            writer.add_document(tantivy.Document(number=number, title=one.title, text=one.text, lead=_lead(one)))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, node: Node) -> set[int]:
        """Give the documents for which a query holds."""
        hits = self._searcher.search(self._query(node, ("title", "text")), limit=DOCUMENTS).hits
        return {self._searcher.doc(address)["number"][0] for _, address in hits}

    def _query(self, node: Node, parts: tuple[str, ...]) -> tantivy.Query:
        if isinstance(node, Word | Phrase):
            return _any(self._placed(part, list(enumerate(_words(node)))) for part in parts)
        if isinstance(node, Near):
            pairs = [(left, right) for left in node.left for right in node.right]
            if not node.is_ordered:
                pairs += [(right, left) for left, right in pairs]
            return _any(self._behind(part, *pair, node.distance) for part in parts for pair in pairs)
        if isinstance(node, Or):
            return _any(self._query(child, parts) for child in node.children)
        if isinstance(node, Score):
            clauses = [(tantivy.Occur.Should, self._query(child, parts)) for child in node.children]
            return tantivy.Query.boolean_query(clauses, minimum_number_should_match=node.threshold)
        if isinstance(node, And):
            return tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.MustNot, self._query(child.child, parts))
                    if isinstance(child, Not)
                    else (tantivy.Occur.Must, self._query(child, parts))
                    for child in node.children
                ]
            )
        assert isinstance(node, In)
        return self._query(node.child, (node.part,))

    def _behind(self, part: str, left: Literal, right: Literal, distance: int) -> tantivy.Query:
        """Ask for right 1 to ``distance`` words behind left."""
        one, other = _words(left), _words(right)
        if len(one) == len(other) == 1:
            # A slop reaches as far to both sides of the place that a word is given: from 1 to 5 is 3, give or take 2.
            slop = (distance - 1) // 2
            reach = self._placed(part, [(0, one[0]), (1 + slop, other[0])], slop)
            return reach if distance % 2 else _any((reach, self._placed(part, [(0, one[0]), (distance, other[0])])))
        return _any(
            self._placed(part, [*enumerate(one), *enumerate(other, len(one) - 1 + behind)])
            for behind in range(1, distance + 1)
        )

    def _placed(self, part: str, placed: list[tuple[int, Word]], slop: int = 0) -> tantivy.Query:
        """Ask for words at places counted from the first."""
        if any(word.is_prefix for _, word in placed):
            patterns = [(place, word.text + (".*" if word.is_prefix else "")) for place, word in placed]
            if len(patterns) == 1:
                return tantivy.Query.regex_query(self._schema, part, patterns[0][1])
            return tantivy.Query.regex_phrase_query(self._schema, part, list(patterns), slop)
        if len(placed) == 1:
            return tantivy.Query.term_query(self._schema, part, placed[0][1].text)
        return tantivy.Query.phrase_query(self._schema, part, [(place, word.text) for place, word in placed], slop)


def _any(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("documents_of", [_plain_documents, _written_documents])
@pytest.mark.parametrize("engine", [Fts5, Tantivy])
def test_pairs_are_those_of_a_full_text_engine(
    engine: type[Fts5] | type[Tantivy],
    documents_of: Callable[[random.Random], list[Document]],
    seed: int,
    item_of: Make,
) -> None:
    chance = random.Random(f"{engine.__name__} {documents_of.__name__} {seed}")
    documents = documents_of(chance)
    growth = Growth(chance, documents, engine.extras)
    nodes = list({print_query(node): node for node in (growth.query() for _ in range(RULES))}.values())
    # What is compared is what a desk may write.
    for node in nodes:
        assert parse(print_query(node)) == node
    rules = RuleSet.compile(
        Rule(str(number), Severity.LOW, print_query(node), node, f"v{number}") for number, node in enumerate(nodes)
    )
    ours = {
        (document, nodes[int(match.rule)])
        for document, one in enumerate(documents)
        for match in rules.match(item_of(one.title, one.text), tokenize(one.title, one.text))
    }
    peer = engine(documents)
    theirs = {(document, node) for node in nodes for document in peer.search(node)}
    assert {(document, print_query(node)) for document, node in ours ^ theirs} == set()
    assert 500 < len(ours) < len(nodes) * len(documents) / 2
