"""What the end-to-end tests share: a rule about visits, five outlets, both pipelines on the real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from pipelines.sources.labels import Source
from pipelines.testing import Rig, forget_process_state

RULES = """
rules:
  - name: visits
    severity: high
    query: country:RU AND country:IR AND (visit* OR arriv* OR land*)
"""
SOURCES = {
    "nour": Source("nour-news", "Nour News", "state:IR", "SC"),
    "tass": Source("tass", "TASS", "state:RU", "SC"),
    "ria": Source("ria", "RIA", "state:RU", "SC"),
    "cnn": Source("cnn", "CNN", "private:cnn", "private"),
    "blog": Source("blog", "A blog", "unknown:blog", ""),
}


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    """The rules of these tests."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture
def rig(redis_url: str, client: redis.Redis, rule_file: Path) -> Iterator[Rig]:
    """Both pipelines on the emptied store."""
    forget_process_state()
    yield Rig(redis_url, client, rule_file, SOURCES)
    forget_process_state()
