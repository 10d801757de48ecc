"""Shared fixtures: a real store, started once a session and emptied before each test that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from connectors.log.connect import connect
from pipelines.embedded import throw_away_store


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """URL of a real Valkey that lives as long as the test session."""
    with throw_away_store() as url:
        yield url


@pytest.fixture
def redis_url(store_url: str) -> str:
    """URL of the real Valkey, emptied."""
    connect(store_url).flushall()
    return store_url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """Blocking client of the emptied Valkey."""
    opened = connect(redis_url)
    yield opened
    opened.close()
