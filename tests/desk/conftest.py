"""A desk that really serves, over the real store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import redis

from desk.testing import Newsroom, serving
from pipelines.desk_settings import DeskSettings
from pipelines.settings import Settings


@pytest.fixture
def newsroom(client: redis.Redis) -> Newsroom:
    """Writes records into the emptied store."""
    return Newsroom(client)


@pytest.fixture
def start_desk(redis_url: str) -> Iterator[Callable[..., str]]:
    """Start desks with chosen settings; gives the address of each."""
    with ExitStack() as stack:

        def start(url: str = redis_url, **changes: object) -> str:
            settings = dataclasses.replace(DeskSettings(), **changes)  # type: ignore[arg-type]  # named by the test
            return stack.enter_context(serving(Settings(desk=settings), url))

        yield start


@pytest.fixture(scope="session")
def shared_desk(store_url: str) -> Iterator[str]:
    """Address of one desk with the default settings for all tests that need no other."""
    with serving(Settings(), store_url) as address:
        yield address


@pytest.fixture
def desk(shared_desk: str, redis_url: str) -> str:
    """Address of a desk on loopback, over the emptied store."""
    return shared_desk
