"""Which rules run in the slow lane, told by whoever matches to whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis

from connectors.log import names


def tell_slow(client: redis.Redis, slow: Mapping[str, float]) -> None:
    """Keep the slow rules with their seconds an item, in place of those told before."""
    with client.pipeline(transaction=True) as batch:
        batch.delete(names.SLOW_RULES)
        if slow:
            batch.hset(names.SLOW_RULES, mapping={name: round(1e6 * seconds) for name, seconds in slow.items()})
        batch.execute()


def read_slow(client: redis.Redis) -> dict[str, int]:
    """Ask for the slow rules: microseconds an item by rule. Errors: redis.RedisError."""
    raw: Any = client.hgetall(names.SLOW_RULES)
    return {name.decode(): int(microseconds) for name, microseconds in raw.items()}
