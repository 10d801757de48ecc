"""Who and where, found in many languages, traps among them; offsets point at the words."""

from __future__ import annotations

import json
import mmap
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SettingsError
from pipelines.entities.command import entities_of_file, entities_of_lines
from pipelines.entities.find import country_ids, entities_of_text, find_entities
from pipelines.entities.lists.inflect import Inflector
from pipelines.entities.table import Sense, Table, load
from pipelines.text.tokens import tokenize

# language, sentence, what is named in order: "CODE surface"
SENTENCES = [
    ("en", "Russia and Iran signed a treaty, the U.S. said.", "RU Russia|IR Iran|US U.S."),
    ("en", "Ukrainian troops met Belarusians at the Polish border.", "UA Ukrainian|BY Belarusians|PL Polish"),
    ("en", "South Korea and North Korea traded fire.", "KR South Korea|KP North Korea"),
    ("en", "South Sudan is not Sudan.", "SS South Sudan|SD Sudan"),
    ("en", "The United Arab Emirates' envoy flew home.", "AE United Arab Emirates"),
    ("en", "Papua New Guinea, Guinea-Bissau and Guinea agreed.", "PG Papua New Guinea|GW Guinea-Bissau|GN Guinea"),
    ("en", "TURKEY WARNS GREECE", "TR TURKEY|GR GREECE"),
    ("en", "The Kremlin declined to comment.", "RU Kremlin"),
    ("en", "He told us that it helps us polish the turkey.", ""),
    ("en", "GIVE US PEACE", ""),
    ("en", "The Bank of England raised rates.", ""),
    ("en", "Michael Jordan scored; Jordan Peterson spoke.", ""),
    ("en", "Officials in Jordan agreed.", "JO Jordan"),
    ("en", "Latin America watched South Africa.", "ZA South Africa"),
    ("en", "The New York Times wrote about African Americans.", ""),
    ("en", "Storms hit Georgia, and Atlanta lost power.", ""),
    ("en", "Georgia holds an election; Tbilisi is tense.", "GE Georgia"),
    ("en", "A bull in a china shop.", ""),
    ("en", "In New Mexico and British Columbia it snowed.", ""),
    ("en", "Iran Air resumed flights to Oman.", "OM Oman"),
    ("ru", "Представитель РФ прилетел в Иран.", "RU РФ|IR Иран"),
    ("ru", "В Соединенных Штатах и Великобритании молчат.", "US Соединенных Штатах|GB Великобритании"),
    ("ru", "Россияне и украинцы обменялись пленными.", "RU Россияне|UA украинцы"),
    ("ru", "Южная Корея ответила, Северная Ирландия нет.", "KR Южная Корея"),
    ("ru", "Писатель Чехов написал пьесу, а чехов не спросили.", "CZ чехов"),
    ("ru", "Российско-иранские переговоры в Белоруссии", "IR иранские|BY Белоруссии"),
    ("ru", "Кремль опроверг сообщения.", "RU Кремль"),
    ("ru", "Чад от костра стоял над поляной.", ""),
    ("uk", "Росія обстріляла Україну іранськими дронами.", "RU Росія|UA Україну|IR іранськими"),
    ("uk", "У Сполучених Штатах і Німеччині відреагували.", "US Сполучених Штатах|DE Німеччині"),
    ("uk", "Українська правда повідомила про білорусів.", "BY білорусів"),
    ("uk", "Об'єднані Арабські Емірати та Китай", "AE Об'єднані Арабські Емірати|CN Китай"),
    ("bg", "България и Румъния пристигнаха в Съединените щати.", "BG България|RO Румъния|US Съединените щати"),
    ("fa", "ایران و روسیه توافق کردند.", "IR ایران|RU روسیه"),
    ("fa", "مقام‌های آمریکایی در عربستان سعودی بودند.", "US آمریکایی|SA عربستان سعودی"),
    ("fa", "کره شمالی موشک شلیک کرد.", "KP کره شمالی"),
    ("fa", "وضعیت مالی شرکت بهتر شد.", ""),
    ("fa", "نیروها در مالی مستقر شدند.", "ML مالی"),
    ("ar", "وصل المسؤول الروسي إلى إيران.", "RU الروسي|IR إيران"),
    ("ar", "قالت السعودية للعراق ولبنان إن المحادثات مستمرة.", "SA السعودية|IQ لعراق|LB لبنان"),
    ("ar", "الولايات المتحدة وكوريا الشمالية", "US الولايات المتحدة|KP كوريا الشمالية"),
    ("ar", "أعلنت قطر موقفها من الأزمة.", "QA قطر"),
    ("ar", "دائرة قطر 5 أمتار.", ""),
    ("ar", "الوضع مالي صعب.", ""),
    ("ar", "زار العاصمة الأردنية عمان أمس.", "JO الأردنية"),
    ("ar", "ترفض المجر والدنمارك مجرى المحادثات.", "HU المجر|DK الدنمارك"),
    ("ar", "تستضيف البحرين وسلطنة عمان القمة بعد أذان المغرب.", "BH البحرين|OM سلطنة عمان"),
    ("ar", "قال محمد المصري إن وزارة المالية في شارع فرنسا.", ""),
    ("fa", "چین و روسیه وتو کردند، قطر لوله یک متر است.", "CN چین|RU روسیه"),
    ("fa", "وی مصر است که روزنامه ایران در خیابان فلسطین است.", ""),
    ("he", "השר ישראל כהן ורפי מצרי הודו כי הם דנים בנושא ברחוב סוריה.", ""),
    ("he", "ההסכם עם ירדן: ירדן גינתה את קובה ואת הדנים.", "JO ירדן|JO ירדן|CU קובה|DK הדנים"),
    ("he", "ישראל ואיראן, ברוסיה מודאגים.", "IL ישראל|IR איראן|RU רוסיה"),
    ("he", "הם הודו לנשיא.", ""),
    ("he", "ראש הממשלה נחת בהודו.", "IN הודו"),
    ("tr", "İran'ın Rusya’daki elçisi Türkiye'ye geldi.", "IR İran|RU Rusya|TR Türkiye"),
    ("tr", "Mısır Çin ile anlaştı, çin değil mısır ekti.", "EG Mısır|CN Çin"),
    ("tr", "Mısır ekimi başladı.", ""),
    ("tr", "Mısır sınırında bekleyiş sürüyor.", "EG Mısır"),
    ("tr", "ADANA'DA MISIR HASADI BAŞLADI", ""),
    ("tr", "ÇİN SINIRINDA TATBİKAT", "CN ÇİN"),
    ("tr", "Belediyenin Mali Hizmetler Müdürü görevden alındı.", ""),
    ("tr", "Mali cuntası seçimi erteledi.", "ML Mali"),
    ("tr", "Sudan çıkarılan genç kurtarılamadı.", ""),
    ("tr", "Benim için polen mevsimi zor, dedi Gani Bey.", ""),
    ("tr", "Sanatçı Murat Yemen konser öncesinde hayranlarıyla buluştu.", ""),
    ("tr", "Gazeteci Murat Yemen'e gitti ve orada iki ay kaldı.", "YE Yemen"),
    ("tr", "Filistin Caddesi'nde Brezilya fönü yapılıyor.", ""),
    ("pl", "Rosja zaatakowała Ukrainę, w Niemczech protestują.", "RU Rosja|UA Ukrainę|DE Niemczech"),
    ("pl", "Rosjanie i Polacy spotkali się w Stanach Zjednoczonych.", "RU Rosjanie|PL Polacy|US Stanach Zjednoczonych"),
    ("cs", "Rusko a Írán jednaly v Bělorusku.", "RU Rusko|IR Írán|BY Bělorusku"),
    ("cs", "Jakub Kuba vyhrál závod.", ""),
    ("sl", "Rusija in Združene države so govorile o Ukrajini.", "RU Rusija|US Združene države|UA Ukrajini"),
    ("de", "Die Vereinigten Staaten und Österreichs Banken warnten.", "US Vereinigten Staaten|AT Österreichs"),
    ("de", "Russische Truppen und die Iraner schwiegen.", "RU Russische|IR Iraner"),
    ("fr", "L’Iran accuse les États-Unis et la Chine.", "IR Iran|US États-Unis|CN Chine"),
    ("fr", "Les forces russes et la Côte d'Ivoire", "RU russes|CI Côte d'Ivoire"),
    ("es", "Estados Unidos y Rusia negocian en España.", "US Estados Unidos|RU Rusia|ES España"),
    ("es", "Los iraníes y el mercado chino", "IR iraníes|CN chino"),
    ("es", "El Salvador y la República Dominicana", "SV El Salvador|DO República Dominicana"),
    ("zh", "俄罗斯专家访问伊朗，美方表示关注。", "RU 俄罗斯|IR 伊朗|US 美方"),
    ("zh", "中俄关系升温。", "CN 中|RU 俄"),
    ("zh", "上海地铁开通新线。", ""),
    ("zh", "海地局势恶化，多米尼加共和国关闭边境。", "HT 海地|DO 多米尼加共和国"),
    ("zh", "他住在马里兰。", ""),
    ("zh", "其中国企占比超过六成，其中美术馆三家。", ""),
    ("zh", "中国家庭负债上升，发展中国家呼吁合作。", "CN 中国"),
    ("zh", "近日本报记者获悉，今日媒体报道了完美国度乐园。", ""),
    ("zh", "8日美国股市下跌，15日中国股市上涨。", "US 美国|CN 中国"),
    ("zh", "以军事手段解决争端，以方便群众为由，以方拒绝。", "IL 以方"),
    ("zh", "马里·居里的故事。", ""),
    ("zh", "英国航空业罢工，埃及航空宣布裁员。", "GB 英国"),
    ("zh", "日本海沿岸大雪，日本海军史出版。", "JP 日本"),
    ("ja", "ロシアとイランが合意、マリアさんは中国へ。", "RU ロシア|IR イラン|CN 中国"),
    ("ja", "インドネシアとインドは別の国だ。", "ID インドネシア|IN インド"),
    ("ko", "러시아는 이란과 미국에서 만났다.", "RU 러시아|IR 이란|US 미국"),
    ("it", "La Russia e gli Stati Uniti trattano in Svizzera.", "RU Russia|US Stati Uniti|CH Svizzera"),
    ("", "Россия, Iran и 中国", "RU Россия|IR Iran|CN 中国"),
]


@pytest.mark.parametrize(("language", "sentence", "named"), SENTENCES, ids=lambda value: str(value)[:40])
def test_countries_are_found_and_traps_are_not(language: str, sentence: str, named: str) -> None:
    found = entities_of_text(sentence, language)
    countries = [entity for entity in found if entity["id"].startswith("country:")]
    assert "|".join(f"{entity['id'][8:]} {entity['text']}" for entity in countries) == named
    for entity in found:
        assert sentence[entity["start"] : entity["end"]] == entity["text"]


@pytest.mark.parametrize(
    ("language", "text", "kind"),
    [
        ("en", "Russia", "country"),
        ("en", "Russians", "demonym"),
        ("en", "Kremlin", "metonym"),
        ("en", "U.S.", "country"),
    ],
)
def test_kind_tells_name_demonym_and_seat_apart(language: str, text: str, kind: str) -> None:
    assert [entity["kind"] for entity in entities_of_text(f"The {text} waits", language)] == [kind]


def test_title_comes_before_text_and_each_has_its_own_offsets() -> None:
    found = find_entities(tokenize("Iran waits", "So does Russia"), "en")
    assert [(entity.field, entity.start, entity.end, entity.text) for entity in found] == [
        ("title", 0, 4, "Iran"),
        ("text", 8, 14, "Russia"),
    ]


def test_no_name_reaches_from_title_into_text() -> None:
    assert [entity.id for entity in find_entities(tokenize("Go Burkina", "Faso waits"), "en")] == []


def test_name_does_not_reach_over_a_sentence_end() -> None:
    assert [entity["text"] for entity in entities_of_text("He went south. Sudan waited. In Burkina. Faso", "en")] == [
        "Sudan"
    ]


def test_name_that_needs_support_counts_beside_another_name_of_the_country() -> None:
    assert [entity["text"] for entity in entities_of_text("Чад и Республика Чад", "ru")] == ["Чад", "Чад"]


@given(
    st.text(alphabet=st.one_of(st.characters(), st.sampled_from("US .Чад俄美مالي הודו'-\u200c\u200f")), max_size=200)
)
def test_any_text_gives_valid_offsets(text: str) -> None:
    for language in ("", "en", "ar", "zh"):
        for entity in entities_of_text(text, language):
            assert text[entity["start"] : entity["end"]] == entity["text"] != ""


@pytest.mark.parametrize(
    "text",
    ["Россия " * 20_000, "x" * 1_000_000, "中" * 50_000, "U.S. " * 20_000, "R\u0301" * 50_000, "\ud800Iran\u202e"],
)
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    # Bounded by the test's time limit; quadratic reading takes minutes.
    assert len(entities_of_text(text, "en")) <= len(text)


def test_command_gives_a_line_for_each_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id":"1","text":"Iran","language":"en"}\n\n{"id":2,"text":"Il pleut encore"}\n', encoding="utf-8")
    assert entities_of_file(str(path)) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {
            "id": "1",
            "entities": [{"id": "country:IR", "kind": "country", "start": 0, "end": 4, "text": "Iran", "score": 1.0}],
        },
        {"id": 2, "entities": []},
    ]


def test_line_without_text_is_named() -> None:
    with pytest.raises(SettingsError, match=r"in.jsonl:1: expected .*text"):
        list(entities_of_lines(['{"id":"1"}'], "in.jsonl"))


def test_language_is_told_where_the_line_does_not_say() -> None:
    (found,) = entities_of_lines(['{"id":"1","text":"Les forces russes ont attaqué la ville pendant la nuit"}'])
    assert [entity["text"] for entity in found["entities"]] == ["russes"]


def test_table_holds_names_in_many_scripts() -> None:
    counts = load().table.header.counts
    assert counts["names"] > 500_000
    assert counts["persons"] >= 800
    assert counts["organisations"] >= 700
    assert counts["places_curated"] >= 500
    assert len(country_ids()) >= 245


def test_shipped_table_was_built_from_the_lists_in_the_tree() -> None:
    builder = pytest.importorskip("tools.gazetteer.__main__", reason="the builder is not part of the package")
    assert load().table.header.inputs == builder.inputs_digest(), "run python -m tools.gazetteer"


def test_table_that_is_built_again_leaves_the_mapped_one_whole(tmp_path: Path) -> None:
    store = pytest.importorskip("tools.gazetteer.store", reason="the builder is not part of the package")
    path, header = tmp_path / "names.bin", msgspec.to_builtins(load().table.header)
    store.write(path, header, {f"name{number}": [Sense("country:RU", "country", "any")] for number in range(10_000)})
    with path.open("rb") as file:
        table = Table(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    store.write(path, header, {"other": [Sense("country:IR", "country", "any")]})
    assert table.exact("name9999") is not None
    assert [one.name for one in tmp_path.iterdir()] == ["names.bin"]


def test_words_are_inflected_by_their_longest_ending() -> None:
    inflector = Inflector()
    assert {"россия", "россии", "россию", "россией"} <= inflector.forms("ru", "N", "Россия")
    assert "южной кореей" in inflector.phrases("ru", "NA", "Южная Корея")
    assert list(inflector.phrases("en", "NA", "South Korea")) == ["South Korea"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Мьянма (Бирма)", ["Мьянма", "Бирма"]),
        ("Гонконг (САР)", ["Гонконг"]),
        ("Congo (Dem. Rep.)", ["Congo"]),
        ("Iran", ["Iran"]),
    ],
)
def test_brackets_of_names_are_cut(name: str, parts: list[str]) -> None:
    builder = pytest.importorskip("tools.gazetteer.countries", reason="the builder is not part of the package")
    assert builder.without_brackets(name) == parts


def test_rules_commands_need_no_numpy_to_start() -> None:
    code = "import sys, pipelines.rules.load, pipelines.entities.find; assert 'numpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
