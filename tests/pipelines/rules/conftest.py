"""Items as rules see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.model import Item
from pipelines.text.normalize import lead_of


def _item_of(title: str, text: str = "", **changes: Any) -> Item:
    """Make an item with what rules look at."""
    fields: dict[str, Any] = {
        "item_id": "i",
        "entry_id": "1",
        "feed_id": "demo",
        "url": "https://www.example.org/a",
        "link": "https://www.example.org/a",
        "title": title,
        "lead": lead_of(text),
        "text": text,
        "language": "en",
        "published_at": None,
        "fetched_at": datetime(2022, 11, 8, tzinfo=UTC),
        "event_at": datetime(2022, 11, 8, tzinfo=UTC),
        "time_flags": (),
        "fingerprint": "f",
        "categories": ("World news",),
    }
    return Item(**(fields | changes))


@pytest.fixture
def item_of() -> Callable[..., Item]:
    """Make an item of a title and a text; further fields by name."""
    return _item_of
