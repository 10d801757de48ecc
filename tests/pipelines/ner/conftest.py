"""A small model of one's own: no published one can be fetched in a test."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a real spaCy model that knows three names."""
    if importlib.util.find_spec("spacy") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have spaCy")
        pytest.skip("spaCy is not installed: pip install 'spacy>=3.8,<3.9'")
    import spacy

    made = spacy.blank("en")
    ruler = made.add_pipe("entity_ruler")
    patterns = [("PERSON", "Olmar Vantry"), ("ORG", "the Nimbrod Group"), ("GPE", "Tehran"), ("DATE", "Tuesday")]
    ruler.add_patterns([{"label": label, "pattern": pattern} for label, pattern in patterns])
    folder: Path = tmp_path_factory.mktemp("model") / "en"
    made.to_disk(folder)
    return str(folder)
