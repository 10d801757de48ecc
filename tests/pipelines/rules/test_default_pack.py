"""The rules that come with the project, on the texts that each of them names: what it finds, what it leaves alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from pipelines.entities.find import find_entities
from pipelines.model import Item
from pipelines.rules.evaluate import evaluate
from pipelines.rules.load import default_rules_path, load_rules
from pipelines.rules.model import Literal, Rule, Word, terms_of
from pipelines.rules.view import Extent, Span, TextView
from pipelines.text.language import detect
from pipelines.text.tokens import Tokens, tokenize

Make = Callable[..., Item]

LANGUAGES = ("en", "ru", "uk", "ar", "fa", "fr", "de", "es", "tr", "zh")
RULES_LEAST = 120
TEXTS_LEAST = 3
# Over the pack: enough in each language to notice when its words stop being found.
TEXTS_OF_LANGUAGE_LEAST = 30
# A text of one rule may be news for others too (a strike, its victims, its weapon), but hardly for more than these.
RULES_OF_TEXT_MOST = 6
# Rules that share their news with narrower ones by design: any ceasefire, and the ceasefire in Gaza.
OTHERS_TEXTS_MOST = 8

RULES = {rule.name: rule for rule in load_rules([default_rules_path()])}


class QuickView(TextView):
    """The plain view, which first asks whether a text holds a literal's first word at all: most hold none of it."""

    def __init__(self, item: Item, tokens: Tokens) -> None:
        super().__init__(item, tokens)
        self._line = f" {' '.join(tokens.words)} "

    def spans(self, literal: Literal, extent: Extent) -> list[Span]:
        first = terms_of(literal)[0]
        if isinstance(first, Word) and f" {first.text}{'' if first.is_prefix else ' '}" not in self._line:
            return []
        return super().spans(literal, extent)


def language_of(text: str) -> str:
    title, _, body = text.partition(" | ")
    return detect(title, body, "", LANGUAGES)


def view_of(text: str, make: Make) -> QuickView:
    """Show a text, "title | text", as the pipeline would show it to the rules."""
    title, _, body = text.partition(" | ")
    item = make(title, body, language=language_of(text))
    tokens = tokenize(title, body)
    return QuickView(replace(item, entities=find_entities(tokens, item.language)), tokens)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rule_finds_its_news(rule: Rule, item_of: Make) -> None:
    missed = [text for text in rule.must_match if evaluate(rule.node, view_of(text, item_of)) is None]
    assert not missed


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rule_leaves_near_misses_alone(rule: Rule, item_of: Make) -> None:
    found = {text: evaluate(rule.node, view_of(text, item_of)) for text in rule.must_miss}
    assert not {text: words for text, words in found.items() if words is not None}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rule_is_tried_on_texts_of_several_languages(rule: Rule) -> None:
    assert len(set(rule.must_match)) >= TEXTS_LEAST
    assert len(set(rule.must_miss)) >= TEXTS_LEAST
    assert len({language_of(text) for text in rule.must_match}) > 1


def test_pack_is_large_enough_for_a_desk() -> None:
    assert len(RULES) >= RULES_LEAST


def test_pack_is_tried_in_every_language_that_it_reads() -> None:
    texts = Counter(language_of(text) for rule in RULES.values() for text in rule.must_match)
    assert set(texts) == set(LANGUAGES)
    assert min(texts.values()) >= TEXTS_OF_LANGUAGE_LEAST


def test_rules_stay_with_their_own_news(item_of: Make) -> None:
    # One text a rule keeps this to seconds.
    news = [(rule.name, view_of(rule.must_match[0], item_of)) for rule in RULES.values()]
    finders = {
        (place, rule.name)
        for place, (owner, view) in enumerate(news)
        for rule in RULES.values()
        if rule.name != owner and evaluate(rule.node, view) is not None
    }
    of_rule = Counter(name for _, name in finders)
    of_text = Counter(place for place, _ in finders)
    assert not {name: count for name, count in of_rule.items() if count > OTHERS_TEXTS_MOST}
    assert not {news[place][1].item.title: count for place, count in of_text.items() if count > RULES_OF_TEXT_MOST}
