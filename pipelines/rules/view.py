"""An item as the operators see it: its words by part, and the facts beside its words."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from connectors.records import Evidence
from pipelines.model import Item
from pipelines.rules.model import Value, Word
from pipelines.text.tokens import Tokens, words_of


class TextView:
    """Plain view: looks through all words for each question. Slow, and the specification."""

    def __init__(self, item: Item, tokens: Tokens) -> None:
        self.item = item
        self.tokens = tokens
        self._facts: dict[str, list[str]] = {}

    def positions(self, word: Word) -> Sequence[int]:
        """Give the places of a word, in order."""
        if word.is_prefix:
            return [place for place, found in enumerate(self.tokens.words) if found.startswith(word.text)]
        return [place for place, found in enumerate(self.tokens.words) if found == word.text]

    def is_at(self, word: Word, place: int) -> bool:
        """Say whether a word stands at a place; places past the end hold nothing."""
        words = self.tokens.words
        if not 0 <= place < len(words):
            return False
        return words[place].startswith(word.text) if word.is_prefix else words[place] == word.text

    def extent(self, part: str) -> tuple[int, int]:
        """Give the first place of a part ("" all of it) and the first place behind it."""
        tokens = self.tokens
        if part == "title":
            return 0, tokens.title_count
        if part == "text":
            return tokens.title_count + 1, len(tokens.words)
        if part == "lead":
            return tokens.title_count + 1, tokens.lead_end
        return 0, len(tokens.words)

    def evidence(self, first: int, last: int) -> Evidence:
        """Give the words ``first`` to ``last`` as they were written."""
        tokens = self.tokens
        return Evidence(tokens.field(first), tokens.starts[first], tokens.ends[last], tokens.surface(first, last))

    def facts(self, field: str) -> list[str]:
        """Give what the item has under a value's field, in the form in which queries write it."""
        if field not in self._facts:
            self._facts[field] = facts_of(self.item, field)
        return self._facts[field]

    def holds(self, value: Value) -> bool:
        """Say whether the item has a value."""
        return any(fact_is(value, fact) for fact in self.facts(value.field))


def facts_of(item: Item, field: str) -> list[str]:
    """Give an item's values under one field."""
    if field == "lang":
        return [item.language] if item.language else []
    if field == "country":
        return [entity.id[8:] for entity in item.entities if entity.id.startswith("country:")]
    if field == "feed":
        return [item.feed_id.lower()]
    if field == "source":
        host = urlsplit(item.url).hostname or ""
        return [name for name in (item.feed_id.lower(), host) if name]
    return [" ".join(words_of(category)) for category in item.categories]


def fact_is(value: Value, fact: str) -> bool:
    """Say whether one of an item's values is the one that a query asks for."""
    wanted = value.value
    if value.field == "category":
        # Whole words, anywhere in the category.
        return f" {wanted}" in f" {fact}" if value.is_prefix else f" {wanted} " in f" {fact} "
    if value.is_prefix:
        return fact.startswith(wanted)
    # A site's name covers its hosts: source:bbc.co.uk is news.bbc.co.uk too.
    return fact == wanted or (value.field == "source" and "." in wanted and fact.endswith(f".{wanted}"))
