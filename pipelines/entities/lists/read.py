"""Reads the tables and lists that names are made of."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import yaml


def rows(source: str | Path) -> Iterator[list[str]]:
    """Give the rows of a tab-separated file without its comments; a bare name is one of the package's."""
    found = resources.files("pipelines.entities") / "data" / source if isinstance(source, str) else source
    for line in found.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def read_list(path: Path) -> Any:
    """Read a YAML list whose scalars all are text: NO is a country and no a language, never false."""
    text = path.read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.CBaseLoader if hasattr(yaml, "CBaseLoader") else yaml.BaseLoader)
