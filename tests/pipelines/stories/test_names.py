"""Names as consonant skeletons: one key for all scripts."""

from __future__ import annotations

import pytest

from pipelines.stories.names import name_skeletons, skeleton


@pytest.mark.parametrize(
    "spellings",
    [
        "Patrushev Патрушев Патрушева Патрушеву Патрушевым پاتروشف باتروشيف Patrouchev",
        "Tehran Тегеран Тегерані Тегераном تهران طهران Teheran Téhéran",
        "Shamkhani Шамхани Шамхані شمخانی شمخاني Chamkhani",
        "Zelensky Зеленский زلنسکی",
        "Nikolai Николай نیکلای",
    ],
)
def test_spellings_of_one_name_share_a_skeleton(spellings: str) -> None:
    assert len({skeleton(word) for word in spellings.split()}) == 1


@pytest.mark.parametrize("word", ["Ali", "Али", "علی", "EU", "", "…", "2022"])
def test_too_short_to_tell_is_nothing(word: str) -> None:
    assert skeleton(word) == ""


def test_different_names_differ() -> None:
    names = ["Patrushev", "Shamkhani", "Lavrov", "Abdollahian", "Tehran", "Moscow", "Zelensky", "Lukashenko"]
    assert len({skeleton(name) for name in names}) == len(names)


def test_only_capitalised_words_may_be_names_where_a_script_has_capitals() -> None:
    assert name_skeletons("Patrushev visits tehran", "") == {"PTRSF"}
    assert skeleton("تهران") in name_skeletons("پاتروشف در تهران", "")
