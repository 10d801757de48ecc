"""Names as consonant skeletons, so that Patrushev, Патрушев, پاتروشف and باتروشيف are one key. Pure.

A plain first version of names across scripts: coarse on purpose, therefore never used alone. Two
texts of different languages are joined only where several skeletons *and* the countries agree.
"""

from __future__ import annotations

import re
import unicodedata

# Sounds that scripts and transliterations mix up share one sign; vowels and glides are nothing.
_LATIN_PAIRS = (
    ("shch", "S"), ("sch", "S"), ("tsch", "S"), ("sh", "S"), ("ch", "S"), ("zh", "S"), ("kh", "H"), ("gh", "H"),
    ("ph", "F"), ("th", "T"), ("ts", "Z"), ("ck", "K"), ("qu", "K"),
)  # fmt: skip
_LETTERS = {
    # Latin
    "b": "P", "p": "P", "f": "F", "v": "F", "d": "D", "t": "T", "s": "Z", "z": "Z", "c": "K", "k": "K", "q": "K",
    "x": "KZ", "g": "H", "h": "H", "j": "S", "l": "L", "m": "M", "n": "N", "r": "R", "w": "",
    # Cyrillic
    "б": "P", "п": "P", "ф": "F", "в": "F", "д": "D", "т": "T", "с": "Z", "з": "Z", "ц": "Z", "к": "K", "г": "H",
    "ґ": "H", "х": "H", "ж": "S", "ш": "S", "щ": "S", "ч": "S", "л": "L", "м": "M", "н": "N", "р": "R", "ћ": "S",
    # Arabic and Persian
    "ب": "P", "پ": "P", "ف": "F", "ڤ": "F", "د": "D", "ذ": "Z", "ض": "D", "ت": "T", "ط": "T", "ث": "Z", "س": "Z",
    "ص": "Z", "ز": "Z", "ظ": "Z", "ک": "K", "ك": "K", "ق": "K", "گ": "H", "غ": "H", "خ": "H", "ح": "H", "ه": "H",
    "ة": "", "ج": "S", "چ": "S", "ش": "S", "ژ": "S", "ل": "L", "م": "M", "ن": "N", "ر": "R",
}  # fmt: skip
_SLAVIC_ENDING = re.compile(r"(?<=[а-яґєії]{4})(?:ами|ями|ого|его|ому|ему|ой|ей|ом|ем|єм|ым|им|ах|ях)$")
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ\u200c-][^\W\d_]+)*")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_SHORTEST = 3


def skeleton(word: str) -> str:
    """Consonant skeleton of one word, "" where too little is left to tell it from others."""
    folded = "".join(letter for letter in unicodedata.normalize("NFKD", word.casefold()) if letter.isalpha())
    # NFKD took Cyrillic й apart into и and a mark; both are nothing here.
    folded = _SLAVIC_ENDING.sub("", folded)
    if folded.isascii():
        for pair, sign in _LATIN_PAIRS:
            folded = folded.replace(pair, sign)
    if _ARABIC.match(folded) and folded.startswith("ال"):
        folded = folded[2:]
    signs = [sign for letter in folded for sign in (letter if letter.isupper() else _LETTERS.get(letter, ""))]
    # Doubled consonants are a matter of spelling.
    kept = [sign for place, sign in enumerate(signs) if place == 0 or sign != signs[place - 1]]
    return "".join(kept) if len(kept) >= _SHORTEST else ""


def name_skeletons(title: str, lead: str) -> frozenset[str]:
    """Skeletons of the words that may be names: capitalised ones, and all in scripts without capitals."""
    found = set()
    for match in _WORD.finditer(f"{title} {lead}"):
        word = match[0]
        if word[0].isupper() or _ARABIC.match(word):
            for part in re.split(r"[-\u200c]", word):
                found.add(skeleton(part))
    found.discard("")
    return frozenset(found)
