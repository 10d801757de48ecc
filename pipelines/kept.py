"""Items to try rules on: what a node still keeps in its stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from connectors.codec import UnreadableRecordError, decode
from connectors.log import names
from connectors.log.connect import connect, unanswered
from pipelines.entities.table import Starts
from pipelines.model import Item
from pipelines.name_shelf import NameShelf
from pipelines.rules.items import TriedItem, tried_item
from pipelines.saved_names import SavedNames

_READ_AT_ONCE = 500


@contextmanager
def kept_items(redis_url: str, name_files: tuple[str, ...] = ()) -> Iterator[Iterator[TriedItem]]:
    """Give what a node keeps (``items.retained_items``), oldest first, with the language told then.

    Entities are found anew, by the own names of the files and those saved in the store: a name that was listed
    since is found too. Errors: SettingsError for lists with mistakes, RetryableError where the store does not answer.
    """
    client = connect(redis_url)
    try:
        yield _kept(client, NameShelf(name_files, SavedNames(client)).starts())
    except redis.RedisError as error:
        raise unanswered(error) from error
    finally:
        client.close()


def _kept(client: redis.Redis, starts: Starts) -> Iterator[TriedItem]:
    after = "-"
    while reply := _read(client, after):
        for _, fields in reply:
            try:
                item = decode(Item, fields[names.FIELD])
            except UnreadableRecordError:
                continue
            yield tried_item(item.item_id, item, starts)
        after = f"({reply[-1][0].decode()}"


def _read(client: redis.Redis, after: str) -> list[Any]:
    reply: Any = client.xrange(names.ITEMS, after, "+", count=_READ_AT_ONCE)
    return list(reply)
