"""Persons, offices, places and bodies are linked by what stands beside them and by the rest of the text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.entities.find import entities_of_text, find_entities
from pipelines.text.tokens import tokenize


def _found(text: str, language: str = "en", year: int = 0) -> dict[str, str]:
    return {entity["text"]: entity["id"] for entity in entities_of_text(text, language, year)}


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "Nikolai Patrushev landed.", "Nikolai Patrushev"),
        ("en", "Nikolay Platonovich Patrushev landed.", "Nikolay Platonovich Patrushev"),
        ("en", "N. Patrushev landed.", "N. Patrushev"),
        ("ru", "Встреча с Николаем Патрушевым", "Николаем Патрушевым"),
        ("uk", "Зустріч із Миколою Патрушевим", "Миколою Патрушевим"),
        ("fa", "نیکلای پاتروشف وارد تهران شد", "نیکلای پاتروشف"),
        ("ar", "وصل نيكولاي باتروشيف إلى طهران", "نيكولاي باتروشيف"),
        ("de", "Nikolai Patruschew traf ein.", "Nikolai Patruschew"),
        ("fr", "Nikolaï Patrouchev est arrivé.", "Nikolaï Patrouchev"),
        ("zh", "尼古拉·帕特鲁舍夫抵达", "尼古拉·帕特鲁舍夫"),
    ],
)
def test_person_is_found_in_every_script_and_case(language: str, text: str, name: str) -> None:
    assert _found(text, language)[name] == "person:nikolai-patrushev"


def test_bare_surname_links_with_the_full_name_the_office_or_nobody_else_of_weight() -> None:
    assert "Wang" not in _found("Wang said the talks were useful.")
    assert _found("Wang Yi spoke. Wang said the talks were useful.")["Wang"] == "person:wang-yi"
    assert _found("Putin spoke.")["Putin"] == "person:vladimir-putin"
    assert _found("Министр обороны Белоусов прибыл.", "ru", 2025)["Белоусов"] == "person:andrei-belousov"


def test_pronoun_that_begins_a_sentence_is_no_surname() -> None:
    text = "He Lifeng arrived in Geneva. He said talks went well. Vice Premier He said no more."
    starts = [one["start"] for one in entities_of_text(text) if one["id"] == "person:he-lifeng"]
    assert starts == [0, text.index("He said no")]


def test_another_first_name_makes_a_surname_nobodys() -> None:
    assert _found("Kevin Trump, a plumber, won. Trump was pleased.") == {}
    assert _found("Слесарь Пётр Песков выиграл; Песков рад.", "ru") == {}


@pytest.mark.parametrize(
    ("text", "year", "holder"),
    [
        ("Russia's Security Council secretary arrived.", 2022, "person:nikolai-patrushev"),
        ("Russia's Security Council secretary arrived.", 2025, "person:sergei-shoigu"),
        ("The French president arrived.", 2010, "person:nicolas-sarkozy"),
        ("The French president arrived.", 2020, "person:emmanuel-macron"),
    ],
)
def test_office_is_resolved_by_the_year_of_the_item(text: str, year: int, holder: str) -> None:
    [office] = entities_of_text(text, "en", year)
    assert office["kind"] == "office"
    assert holder in office["implies"]


def test_office_begins_behind_the_prefix_of_its_first_word() -> None:
    assert _found("ורוסיה הנשיא", "he") == {"רוסיה הנשיא": "office:ru-president"}
    assert _found("והנשיא הרוסי נחת", "he") == {"הנשיא הרוסי": "office:ru-president"}


def test_office_with_its_holders_name_stays_apart() -> None:
    found = _found("Iranian Foreign Minister Abbas Araghchi arrived.")
    assert found == {"Iranian": "country:IR", "Abbas Araghchi": "person:abbas-araghchi"}


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("A fair in Paris, Texas, drew crowds.", "Paris", "place:geonames:4717560"),
        ("A fair in Paris drew crowds.", "Paris", "place:geonames:2988507"),
        ("Storms hit Lebanon, Pennsylvania.", "Lebanon", "place:geonames:5197517"),
        ("Lebanon elected a president.", "Lebanon", "country:LB"),
        ("St. Petersburg in Florida was evacuated.", "St. Petersburg", "place:geonames:4171563"),
        ("Former Rep. Chris Shays (R-Conn.) voted.", "Conn.", "place:geonames:4831725"),
    ],
)
def test_region_behind_a_name_tells_which_place_is_meant(text: str, name: str, place: str) -> None:
    assert _found(text)[name] == place


@pytest.mark.parametrize(
    "text",
    [
        "Paris Hilton waved.",
        "Jack London wrote it.",
        "Nice weather, they said.",
        "Reading the report took an hour.",
        "She studied at the University of Warsaw.",
        "In March and May the guests may march.",
    ],
)
def test_person_word_or_institution_is_no_place(text: str) -> None:
    assert not [one for one in _found(text).values() if one.startswith("place:")]


def test_longer_entity_swallows_the_place_inside() -> None:
    assert _found("The Tehran Times and the New York Times disagreed.") == {
        "Tehran Times": "org:tehran-times",
        "New York Times": "org:new-york-times",
    }
    assert _found("The Bank of England held rates.") == {"Bank of England": "org:bank-of-england"}


@pytest.mark.parametrize(
    ("language", "text", "name", "is_actor"),
    [
        ("en", "Tehran denied the report.", "Tehran", True),
        ("en", "A fire broke out in Tehran.", "Tehran", False),
        ("en", "Talks between Moscow and Kyiv failed.", "Kyiv", True),
        ("ru", "Москва опровергла сообщения.", "Москва", True),
        ("ru", "Пожар в Москве потушен.", "Москве", False),
        ("ar", "نفت طهران ذلك.", "طهران", True),
        ("ar", "اندلع حريق في طهران.", "طهران", False),
        ("zh", "北京否认了这一说法。", "北京", True),
        ("zh", "他昨天在北京开会。", "北京", False),
    ],
)
def test_capital_that_acts_stands_for_its_government(language: str, text: str, name: str, is_actor: bool) -> None:
    [entity] = [one for one in entities_of_text(text, language) if one["text"] == name]
    assert entity["id"].startswith("place:")
    assert (entity["kind"] == "metonym") == is_actor


def test_seat_is_a_metonym_with_the_actor_it_stands_for() -> None:
    [kremlin, pentagon] = entities_of_text("The Kremlin called the Pentagon.", "en")
    assert (kremlin["id"], kremlin["kind"]) == ("country:RU", "metonym")
    assert (pentagon["id"], pentagon["kind"]) == ("org:us-department-of-defense", "metonym")
    assert pentagon["implies"] == ["country:US"]


def test_look_alike_letters_are_matched_and_flagged() -> None:
    spoofed = "Пaтрушев".replace("a", "a")  # a Latin a among Cyrillic letters
    [entity] = entities_of_text(f"Николай {spoofed} прибыл.", "ru")
    assert entity["id"] == "person:nikolai-patrushev"
    assert "homoglyph" in entity["flags"]


def test_nickname_is_a_countrys_only_where_the_text_names_it_and_begins_no_sentence() -> None:
    both = "Velika Britanija zapušča EU, na Otoku pravijo ne."
    assert _found(both, "sl")["Otoku"] == "country:GB"
    assert "Otoku" not in _found("Na Otoku pravijo ne.", "sl")
    assert "Острова" not in _found("Острова лежат в океане. Великобритания далеко.", "ru")


@pytest.mark.parametrize(
    ("language", "text", "part"),
    [("uk", "Вночі в Англії", "Англії"), ("cs", "v Severním Irsku", "Severním Irsku"), ("pl", "w Walii", "Walii")],
)
def test_part_of_a_country_has_its_own_id_and_implies_the_country(language: str, text: str, part: str) -> None:
    (found,) = entities_of_text(text, language)
    assert (found["text"], found["implies"]) == (part, ["country:GB"])
    assert found["id"].startswith("place:")


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("he", "שרה וישראל נישאו באולם.", "ישראל"),
        ("he", "הנאשמים הודו בחקירה.", "הודו"),
        ("fa", "فاطمه و ایران در کارگاه بودند.", "ایران"),
    ],
)
def test_given_name_of_a_couple_and_a_verb_are_no_country(language: str, text: str, name: str) -> None:
    assert name not in _found(text, language)


@pytest.mark.parametrize(
    ("language", "text", "country"),
    [
        ("he", "ארצות הברית וישראל חתמו.", "country:IL"),
        ("he", "הנוסעים בהודו נפגעו.", "country:IN"),
        ("ar", "عمان تستضيف محادثات.", "country:OM"),
        ("ar", "الإمارات تدين الهجوم.", "country:AE"),
        ("tr", "Mısır hükümeti açıkladı.", "country:EG"),
        ("zh", "外长前往日本访问。", "country:JP"),
    ],
)
def test_country_is_found_where_its_name_is_another_word_too(language: str, text: str, country: str) -> None:
    assert country in _found(text, language).values()


@pytest.mark.parametrize(("text", "kind"), [("Norské orgány mlčí.", "demonym"), ("Vláda Norska mlčí.", "country")])
def test_czech_adjective_is_told_from_the_name_by_its_vowel(text: str, kind: str) -> None:
    (found,) = [one for one in entities_of_text(text, "cs") if one["id"] == "country:NO"]
    assert found["kind"] == kind


def test_name_is_no_country_where_the_language_calls_the_country_otherwise() -> None:
    assert _found("Stát Georgia volí.", "cs")["Georgia"] == "place:geonames:4197000"
    assert _found("Georgia borders Russia.", "en")["Georgia"] == "country:GE"
    assert _found("Georgia borders Russia.", "")["Georgia"] == "country:GE"


def test_two_countries_of_one_name_are_each_others_runner_up() -> None:
    (found,) = entities_of_text("Korea launched a missile.", "en")
    assert (found["id"], found["runner_up"]) == ("country:KR", "country:KP")
    (found, *_) = entities_of_text("Korea launched a missile; North Korea has more.", "en")
    assert (found["id"], found["runner_up"]) == ("country:KP", "country:KR")


def test_runner_up_is_kept_with_a_score() -> None:
    [entity] = entities_of_text("He flew to Birmingham.", "en")
    assert entity["runner_up"].startswith("place:")
    assert 0.5 <= entity["score"] < 1


_LETTERS = st.text(
    st.one_of(
        st.sampled_from("Иран Россия Москва Patrushev Moscow Paris, Texas Tehran'\"-. \n"),
        st.characters(min_codepoint=0x20, max_codepoint=0x2FFFF),
        st.sampled_from("\ud800\u200f\u200e\u200c\u0301\u0651ـ"),
    ),
    max_size=200,
)


@given(_LETTERS, st.sampled_from(("en", "ru", "ar", "fa", "he", "tr", "zh", "", "xx")))
def test_offsets_point_at_the_surface_whatever_the_text(text: str, language: str) -> None:
    end = 0
    for entity in find_entities(tokenize("", text), language):
        assert text[entity.start : entity.end] == entity.text
        assert end <= entity.start < entity.end <= len(text)
        end = entity.end


@pytest.mark.parametrize("text", ["中俄会谈", "中 俄会谈", "中·俄会谈", "中\u200f俄会谈"])
def test_each_country_of_a_chinese_pair_stands_at_its_own_character(text: str) -> None:
    assert _found(text, "zh") == {"中": "country:CN", "俄": "country:RU"}


def test_korean_particle_is_cut_whatever_its_code_points() -> None:
    [seoul] = entities_of_text(unicodedata.normalize("NFD", "서울에서 회담"), "ko")
    assert unicodedata.normalize("NFC", seoul["text"]) == "서울"


@pytest.mark.parametrize("language", ["ru", "pl", "de", "he", "tr", "fa", "zh"])
def test_capitals_joined_without_end_are_no_endless_subject(language: str) -> None:
    names = {"ru": "Москва и Киев и ", "pl": "Berlin i Paryż i ", "zh": "北京和莫斯科和", "he": "מוסקבה וטהרן "}
    text = names.get(language, "Moscow and Berlin and ") * 2000
    assert len(entities_of_text(text, language)) >= 2000
    [*_, berlin, paris] = entities_of_text("Umowa: Berlin i Paryż spierają się.", "pl")
    assert (berlin["kind"], paris["kind"]) == ("place", "place")
    [berlin, paris] = entities_of_text("Berlin i Paryż spierają się.", "pl")
    assert (berlin["kind"], paris["kind"]) == ("metonym", "metonym")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "US " * 60_000),
        ("en", "Turkey " * 30_000),
        ("en", "Moscow denied Tehran urged Kyiv said " * 5000),
        ("zh", "王毅" * 60_000),
        ("zh", "北京莫斯科东京" * 10_000),
    ],
)
def test_time_does_not_grow_faster_than_the_text(language: str, text: str) -> None:
    assert len(entities_of_text(text, language)) <= len(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["Moscow " * 20_000, "a" * 1_000_000, "Paris, " * 20_000, "m\u0301" * 200_000])
def test_time_is_bounded_by_the_text(text: str) -> None:
    assert len(entities_of_text(text, "en")) <= len(text)
