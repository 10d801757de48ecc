"""Words: cut in every script, folded, with offsets into the text as it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.tokens import BOUNDARY, _cut, _cut_any, fold, tokenize, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Iran's envoy, U.S. aide", ["iran", "s", "envoy", "u", "s", "aide"]),
        ("l’Iran d’Élysée", ["l", "iran", "d", "elysee"]),
        ("al-Assad", ["al", "assad"]),
        ("ERDOĞAN İstanbul'da ıSPARTA", ["erdogan", "istanbul", "da", "isparta"]),
        ("Straße", ["strasse"]),
        ("Łódź Đoković", ["lodz", "dokovic"]),
        ("Ёлки, Росси́я", ["елки", "россия"]),
        ("Йод і Їжак", ["йод", "і", "їжак"]),
        ("обʼєднання п’ять", ["об", "єднання", "п", "ять"]),
        ("أحمد إيران آسيا", ["احمد", "ايران", "اسيا"]),
        ("کشور ایران", ["كشور", "ايران"]),
        ("می‌روند", ["ميروند"]),
        ("كِتَابٌ الـعراق", ["كتاب", "العراق"]),
        ("سال ۱۴۰۱ و ٢٠٢٢", ["سال", "1401", "و", "2022"]),
        ("俄罗斯总统", ["俄", "罗", "斯", "总", "统"]),
        ("ロシアの2024年", ["ロ", "シ", "ア", "の", "2024", "年"]),
        ("러시아는 이란", ["러시아는", "이란"]),
        ("हिन्दी समाचार", ["हिन्दी", "समाचार"]),
        ("snake_case", ["snake", "case"]),
        ("Πούτιν ΠΟΥΤΙΝ Μόσχας", ["πουτιν", "πουτιν", "μοσχασ"]),
        ("", []),
        (" …—! ", []),
    ],
)
def test_text_is_cut_into_folded_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_composed_and_decomposed_letters_are_one() -> None:
    assert words_of("caf\u00e9 Кра\u0438\u0306") == words_of("cafe\u0301 Кра\u0439")


def test_offsets_point_into_title_and_text() -> None:
    tokens = tokenize("Росси́я и Иран", "می‌روند به تهران")
    assert tokens.words[tokens.title_count] == BOUNDARY
    assert [tokens.surface(place, place) for place in range(3)] == ["Росси́я", "и", "Иран"]
    assert tokens.field(2) == "title"
    assert tokens.field(tokens.title_count + 1) == "text"
    assert tokens.surface(4, 6) == "می‌روند به تهران"


def test_lead_ends_with_the_last_whole_word_inside_the_limit() -> None:
    tokens = tokenize("t", "one two three", 7)
    assert tokens.words[tokens.title_count + 1 : tokens.lead_end] == ["one", "two"]


def test_long_texts_are_cut_as_short_ones_are() -> None:
    sentence = "Russia’s envoy, “Patrushev”, flew to Tehran. "
    whole = tokenize("", sentence * 40)
    assert whole.words[1:] == words_of(sentence) * 40
    assert whole.surface(5, 5) == "flew"
    assert whole.surface(len(whole.words) - 1, len(whole.words) - 1) == "Tehran"


_MIXED = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("abcXYZ éßıİ’“”—…­_ .,'-\nПривіт ёїй مرحبا كتابٌ\u200cـ汉字カﾞ한국 žřşğ²½™\u0301"),
    ),
    max_size=400,
)


@given(_MIXED)
def test_offsets_give_words_back(text: str) -> None:
    words, starts, ends = _cut(text)
    assert len(words) == len(starts) == len(ends)
    assert all(start < end for start, end in zip(starts, ends, strict=True))
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    tokens = tokenize("", text)
    assert [fold(tokens.surface(place, place).replace("ʼ", "'")) for place in range(1, len(tokens.words))] == [
        fold(word) for word in words
    ]


@given(_MIXED)
def test_table_and_pattern_cut_alike(text: str) -> None:
    assert _cut(text) == _cut_any(text)


@given(_MIXED)
def test_folding_twice_changes_nothing(text: str) -> None:
    words = words_of(text)
    assert [fold(word) for word in words] == words
    assert all(words)
