"""The settings file as a whole: mistakes that no single field shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.errors import SettingsError
from pipelines.settings import load_settings


def test_stories_must_not_be_forgotten_while_they_are_open(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text("seen_memory: 2d\n")
    with pytest.raises(SettingsError, match=r"seen_memory: expected at least stories\.memory, 3d"):
        load_settings(str(file))
    file.write_text("seen_memory: 2d\nstories:\n  memory: 1d\n")
    load_settings(str(file))
