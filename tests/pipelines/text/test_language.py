"""The language of an item: script and letters first, then the bundled model, the feed's word as a prior."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipelines.text.language import detect

READ = ("en", "ru", "uk", "fa", "ar", "fr", "de", "es", "tr", "zh", "he", "pl", "bg")

SENTENCES = [
    ("en", "The minister said the convoy had crossed the border before dawn."),
    ("ru", "Министр заявил, что колонна пересекла границу до рассвета."),
    ("uk", "Міністр заявив, що колона перетнула кордон до світанку."),
    ("bg", "Министърът заяви, че колоната е преминала границата преди разсъмване."),
    ("fa", "وزیر گفت که کاروان پیش از سپیده‌دم از مرز گذشت و پاسخی نداد."),
    ("ar", "قال الوزير إن القافلة عبرت الحدود قبل الفجر ولم تتوقف."),
    ("he", "השר אמר כי השיירה חצתה את הגבול לפני עלות השחר."),
    ("fr", "Le ministre a déclaré que le convoi avait franchi la frontière avant l'aube."),
    ("de", "Der Minister sagte, der Konvoi habe die Grenze vor Tagesanbruch überquert."),
    ("es", "El ministro dijo que el convoy había cruzado la frontera antes del amanecer."),
    ("tr", "Bakan, konvoyun şafaktan önce sınırı geçtiğini söyledi."),
    ("pl", "Minister powiedział, że konwój przekroczył granicę przed świtem."),
    ("zh", "部长说车队在黎明前越过了边境。"),
]


@pytest.mark.parametrize(("language", "sentence"), SENTENCES)
def test_language_is_told_without_a_prior(language: str, sentence: str) -> None:
    assert detect(sentence, "", "", READ) == language


@pytest.mark.parametrize(("language", "sentence"), SENTENCES)
def test_a_wrong_declaration_does_not_win_over_a_whole_lead(language: str, sentence: str) -> None:
    declared = "de" if language == "en" else "en"
    assert detect(sentence, f"{sentence} {sentence}", declared, READ) == language


@pytest.mark.parametrize("declared", ["en", "fr", "es"])
def test_a_few_letters_fall_to_the_declared_language(declared: str) -> None:
    assert detect("OPEC: 2.1 M", "", declared, READ) == declared


def test_persian_and_arabic_are_told_by_their_letters_even_when_short() -> None:
    assert detect("گفتگوی تلفنی", "", "en", READ) == "fa"
    assert detect("مكالمة هاتفية", "", "en", READ) == "ar"
    assert detect("گفتگوی تلفنی", "", "ar", READ) == "fa"


def test_capitals_do_not_hide_the_language() -> None:
    assert detect("МИНИСТР ЗАЯВИЛ, ЧТО КОЛОННА ПЕРЕСЕКЛА ГРАНИЦУ", "", "", READ) == "ru"


def test_a_text_plainly_in_a_language_that_is_not_read_is_said_so() -> None:
    dutch = "Het kabinet heeft vandaag besloten dat de belasting op benzine volgend jaar omhoog gaat, zegt de minister"
    assert detect(dutch, "", "", ("en", "ru")) == "nl"


def test_nothing_to_go_by_is_the_declared_language() -> None:
    assert detect("", "", "fr", READ) == "fr"
    assert detect("2024 — 17:30", "", "", READ) == ""


def test_any_language_goes_where_none_is_configured() -> None:
    assert detect("Ministern sade att kolonnen hade passerat gränsen före gryningen.", "", "", ()) == "sv"


def test_odd_characters_do_no_harm() -> None:
    assert detect("\x00\ufffd\n\u202e", "\x00" * 50, "en", READ) == "en"


def test_no_socket_is_opened_and_no_downloader_imported() -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from pipelines.text.language import detect\n"
        "assert 'fasttext' not in sys.modules\n"
        "assert detect('The minister said that the convoy had crossed', '', '', ('en', 'fr')) == 'en'\n"
        "assert 'robust_downloader' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
