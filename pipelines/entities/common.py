"""How common a word is in what was read lately, as a word and not as a name."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from pipelines.text.tokens import Tokens

# Texts in which words are counted, at least and at most.
LEAST_SAMPLE, SAMPLE_TEXTS = 200, 2000


class CommonWords:
    """Counts in how many of the last texts a word stands as a common word."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._texts: deque[frozenset[str]] = deque()

    def saw(self, texts: Iterable[Tokens]) -> None:
        """Take note of what was read."""
        for tokens in texts:
            words = common_words(tokens)
            self._texts.append(words)
            self._counts.update(words)
            if self.texts > SAMPLE_TEXTS:
                self._counts.subtract(self._texts.popleft())

    @property
    def texts(self) -> int:
        """In how many texts words are counted."""
        return len(self._texts)

    def frequency(self, word: str) -> float | None:
        """Give the share of texts in which a folded word is a common word; None while too few were read."""
        return self._counts[word] / self.texts if self.texts >= LEAST_SAMPLE else None


def common_words(tokens: Tokens) -> frozenset[str]:
    """Give the folded words that stand in a text with a small first letter, or in a script that has no capitals."""
    found: set[str] = set()
    for place, word in enumerate(tokens.words):
        if word:
            char = tokens.source(place)[tokens.starts[place]]
            if char.islower() or char.lower() == char.upper():
                found.add(word)
    return frozenset(found)
