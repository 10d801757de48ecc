"""The compiled engine equals the plain evaluator on random rules of every operator over random Unicode.

A case is one rule on one item: whether it holds, and every word that is shown for it. WIREWATCH_RULE_CASES sets how
many; each batch is grown from its own seed, which a failure names.
"""

from __future__ import annotations

import os
import random
import unicodedata
from collections import defaultdict
from collections.abc import Callable

import pytest

from pipelines.model import Entity, Item
from pipelines.rules.evaluate import evaluate, in_reading_order
from pipelines.rules.forms import LANGUAGES
from pipelines.rules.matcher import RuleSet
from pipelines.rules.model import In, Near, Node, Pattern, Rule, Severity, Together, Value, Word
from pipelines.rules.operators import FUNCTIONS, OPERATORS, Found
from pipelines.rules.print import print_query
from pipelines.rules.syntax import parse
from pipelines.rules.view import Extent, TextView
from pipelines.text.tokens import tokenize, words_of
from tests.pipelines.rules.random_rules import Vocabulary, random_query

CASES = int(os.environ.get("WIREWATCH_RULE_CASES", "5000"))
RULES, ITEMS = 40, 25
Make = Callable[..., Item]

WRITTEN = (
    *"abacus abac port Drone PORT naïve Erdoğan İstanbul ısı Łódź straße Æsir œuvre Ångström Zażółć don't".split(),
    *"al-Assad U.S. x 7 1990s H2O ﬁnale Ｆｕｌｌ ⅷ ²nd ΣΊΣΥΦΟΣ λόγος ς".split(),
    *"Россия россия ёлка ЁЛКА война й їжак Ўзбек иран".split(),
    *"ايران ایران إيران أخبار كتاب کتاب می‌خواهم خانه‌ها مُحَمَّد مـحـمـد ٢٠٢٤ ۱۴۰۳ سۀ ھے ئاپتونوم".split(),
    *"中国 俄罗斯 新华社 東京 カタカナ ひらがな ヿ ガ ﾊﾝｶｸ 한국 서울".split(),
    *"हिन्दी क्षेत्र ภาษาไทย ကမ္ဘာ עברית שָׁלוֹם አማርኛ 𝔘𝔫𝔦 𐐷𐐨 𠀋𠀀".split(),
)  # fmt: skip
SEPARATORS = (
    *("  ", "\u00a0", "-", "\u2011", "–", "'", "’", "ʼ", ".", "_", "/", "…", "\t", "", "\u200b", "\u200f", "&", "\x00"),
    *(". ", "! ", "? ", "؟ ", "۔ ", "。", "、", "، ", "।", "\n", "\n\n", "\r\n\r\n", "\u2028", "\u2029", "\x85", "; "),
    *("🙂", "👩\u200d💻", "\ud83d", "\udc00", " Mr. ", " J. ", " e.g. ", " ... "),
)
INSIDE = (
    *("\u200c", "\u200d", "\u00ad", "\u2060", "\ufeff"),
    *("\u0301", "\u0327", "\u0308", "\u0306", "\u064e", "\u0640", "\u05b8"),
)
LOOKALIKES = str.maketrans("يكهاеiıсоI", "یکةآёİiсоİ")
BLOCKS = (
    *((0x20, 0x7F), (0xA0, 0x250), (0x250, 0x370), (0x370, 0x530), (0x530, 0x700), (0x900, 0xE80), (0x10A0, 0x1400)),
    *((0x1E00, 0x2100), (0x2100, 0x2C00), (0x3000, 0x3400), (0xAC00, 0xAD00), (0xD800, 0xE000), (0xF900, 0x10000)),
    *((0x10000, 0x11000), (0x1D400, 0x1D800), (0x1F300, 0x1F700), (0, 0x110000)),
)
FACTS = (
    *(Value("country", "RU"), Value("person", "ana-", True), Value("org", "council"), Value("place", "bay")),
    *(Value("group", "militia"), Value("office", "ru-president")),
    *(Value("lang", "fa"), Value("feed", "tas", True), Value("feed", "tass"), Value("source", "example.org")),
    *(Value("category", "world"), Value("category", "внешняя пол", True), Value("url", "новости")),
)


def _spelled(chance: random.Random, word: str) -> str:
    """Write a word as somebody might, whether it stays that word or not."""
    kind = chance.random()
    if kind < 0.55:
        return word
    if kind < 0.75:
        return chance.choice((str.upper, str.lower, str.title, str.swapcase, str.casefold))(word)
    if kind < 0.85:
        return unicodedata.normalize(chance.choice(("NFC", "NFD", "NFKC", "NFKD")), word)
    if kind < 0.9:
        return word.translate(LOOKALIKES)
    if kind < 0.92:
        return word * chance.choice((2, 3, 40))
    place = chance.randint(0, len(word))
    return word[:place] + chance.choice(INSIDE) + word[place:]


def _noise(chance: random.Random) -> str:
    first, behind = chance.choice(BLOCKS)
    return "".join(chr(chance.randrange(first, behind)) for _ in range(chance.choice((1, 2, 3, 6, 90))))


def _text(chance: random.Random, written: list[str], count: int) -> str:
    pieces: list[str] = []
    for _ in range(count):
        pieces.append(_noise(chance) if chance.random() < 0.06 else _spelled(chance, chance.choice(written)))
        pieces.append(" " if chance.random() < 0.65 else chance.choice(SEPARATORS))
    return "".join(pieces)


def _item(chance: random.Random, written: list[str], item_of: Make) -> Item:
    title = _text(chance, written, chance.choice((0, 1, 4, 8)))
    text = _text(chance, written, 1200 if chance.random() < 0.01 else chance.choice((0, 1, 10, 50, 90)))
    named = [("country", "RU"), ("person", "ana-example"), ("org", "council"), ("place", "bay")]
    named += [("group", "militia"), ("office", "ru-president")]
    return item_of(
        title,
        text,
        language=chance.choice(("en", "fa", "")),
        feed_id=chance.choice(("tass", "tass-en", "irna")),
        url=chance.choice(("https://example.org/новости", "https://news.example.org/1", "")),
        categories=chance.choice(((), ("World news",), ("Внешняя политика", "News"))),
        entities=tuple(
            Entity(f"{kind}:{name}", kind, field, 0, 1, source[:1])
            for kind, name in named
            for field, source in (("title", title), ("text", text))
            if source and chance.random() < 0.25
        ),
    )


def _vocabulary(chance: random.Random, written: list[str]) -> Vocabulary:
    """Take apart what texts are written with; beginnings and patterns keep three letters, as the reader demands."""
    words = list(dict.fromkeys(word for one in written for word in words_of(one)))
    long = [word for word in words if len(word) > 3]
    patterns = []
    for word in long:
        # A mark right behind the ? would be folded away with nothing to stand on.
        places = [
            place for place in range(3, len(word)) if word[place + 1 : place + 2].isalnum() or not word[place + 1 :]
        ]
        place = chance.choice(places)
        patterns.append(word[:place] + "?" + (word[place + 1 :] or chance.choice(("", "*"))))
    tokens = [tokenize(_spelled(chance, one), "") for one in written]
    return Vocabulary(
        words=tuple(words),
        prefixes=tuple(word[: chance.randrange(3, len(word) + 1)] for word in long),
        patterns=tuple(patterns),
        cased=tuple(one.surface(place, place) for one in tokens for place in range(one.title_count)),
        forms=tuple((word, chance.choice(LANGUAGES)) for word in words),
        values=FACTS,
    )


def _names(node: Node) -> list[str]:
    """Name a node's operators as the reference does."""
    if isinstance(node, Word):
        return ["word*" if node.is_prefix else "word"]
    if isinstance(node, Pattern):
        return ["?"]
    if isinstance(node, Near):
        return ["ONEAR/n" if node.is_ordered else "NEAR/n"]
    if isinstance(node, Together):
        return [f"w/{node.unit[0]}"]
    if isinstance(node, In):
        return [f"{node.part}:"]
    if isinstance(node, Value):
        return [f"{node.field}:"]
    return [name for name, operator in OPERATORS.items() if operator.kind is type(node)]


class Tally:
    """Counts how often each operator held and failed, wherever it stood in a query."""

    def __init__(self) -> None:
        self.counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def evaluate(self, node: Node, view: TextView, extent: Extent) -> Found | None:
        """Evaluate as the specification does, and count."""
        found = FUNCTIONS[type(node)](node, view, extent, self.evaluate)
        for name in _names(node):
            self.counts[name][found is not None] += 1
        return found


@pytest.mark.timeout(3600)
def test_engine_equals_the_plain_evaluator_on_random_unicode(item_of: Make) -> None:
    tally = Tally()
    cases = held = grown = fired = 0
    for seed in range(-(-CASES // (RULES * ITEMS))):
        chance = random.Random(f"case {seed}")
        written = chance.sample(WRITTEN, 14)
        vocabulary = _vocabulary(chance, written)
        nodes = [random_query(chance, vocabulary) for _ in range(RULES)]
        rules = RuleSet.compile(
            Rule(str(number), Severity.LOW, print_query(node), node, f"v{number}") for number, node in enumerate(nodes)
        )
        assert rules.engine == "compiled"
        once: set[str] = set()
        for number in range(ITEMS):
            item = _item(chance, written, item_of)
            tokens = tokenize(item.title, item.text)
            view = TextView(item, tokens)
            plain = {str(place): evaluate(node, view) for place, node in enumerate(nodes)}
            expected = {name: in_reading_order(found) for name, found in plain.items() if found is not None}
            found = {match.rule: match.evidence for match in rules.match(item, tokens)}
            assert found == expected, f"seed {seed}, item {number}"
            if number < 3:
                assert [tally.evaluate(node, view, view.whole()) for node in nodes] == list(plain.values())
            cases += len(nodes)
            held += len(expected)
            once |= expected.keys()
        grown += len(nodes)
        fired += len(once)
    assert cases >= CASES
    # Neither nearly all nor nearly none: of the cases, of the rules, of each operator.
    assert 0.1 < held / cases < 0.7
    assert fired / grown > 0.6
    # name: is written out as ONEAR/1.
    assert tally.counts.keys() == OPERATORS.keys() - {"name:"}
    assert all(min(counts) > 0 for counts in tally.counts.values()), dict(tally.counts)


def test_random_unicode_queries_read_back_as_they_are_printed() -> None:
    for seed in range(40):
        chance = random.Random(f"printed {seed}")
        vocabulary = _vocabulary(chance, chance.sample(WRITTEN, 14))
        for _ in range(10):
            node = random_query(chance, vocabulary)
            assert parse(print_query(node)) == node
