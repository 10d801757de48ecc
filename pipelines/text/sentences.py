"""Where sentences and paragraphs end, told from what stands between two words.

Written so that the compiled tokeniser (``kernel.py``) can do the same character by character.
"""

from __future__ import annotations

from pipelines.text.tokens import Tokens

# Stops that end a sentence by themselves, and those that do so before a space only.
HARD_STOPS = "。！？｡؟۔।॥"
SOFT_STOPS = ".!?…‽"
# Words whose full stop ends no sentence, folded.
ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof gen lt col sgt maj capt adm brig sen rep gov pres st jr sr vs no vol inc ltd co corp"
    " jan feb mar apr jun jul aug sept sep oct nov dec approx dept"
    " гг ул им тыс млн млрд руб стр др проф ген"
    " bzw usw nr ca mme mlle sra"
    "".split()
)


def number_units(tokens: Tokens) -> tuple[list[int], list[int]]:
    """Give each word's sentence and paragraph, counted from 0 over title and text; the boundary belongs to neither's.

    A blank line ends a paragraph, any line break a sentence.
    """
    sentences, paragraphs = [], []
    sentence = paragraph = 0
    for place in range(len(tokens.words)):
        if place in (tokens.title_count, tokens.title_count + 1):
            sentence += 1
            paragraph += 1
        elif place:
            gap = tokens.source(place)[tokens.ends[place - 1] : tokens.starts[place]]
            lines = gap.count("\n")
            paragraph += lines > 1
            sentence += lines > 0 or _ends(gap, tokens, place)
        sentences.append(sentence)
        paragraphs.append(paragraph)
    return sentences, paragraphs


def _ends(gap: str, tokens: Tokens, place: int) -> bool:
    """Say whether a sentence ends in the gap before a word."""
    is_stopped = is_doubtful = False
    pending = ""
    for char in gap:
        if char in HARD_STOPS:
            return True
        if char in SOFT_STOPS:
            # A full stop after another stop leaves no doubt: "?." and "…".
            pending = char if not pending else "!"
        elif char.isspace():
            is_stopped |= pending not in ("", ".")
            is_doubtful |= pending == "."
    if is_stopped or not is_doubtful:
        return is_stopped
    before = tokens.words[place - 1]
    is_short = tokens.ends[place - 1] - tokens.starts[place - 1] == 1
    return not (is_short or before in ABBREVIATIONS or tokens.source(place)[tokens.starts[place]].islower())
