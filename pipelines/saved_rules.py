"""Rules that people save from the page.

What a rule says is not looked at here: ``rule_shelf.py`` reads it, by the reader of rules files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import redis

from connectors.log import names
from connectors.records import SCHEMA
from pipelines.revisions import Place, Revisions
from pipelines.rules.model import Severity


@dataclass(frozen=True, slots=True)
class SavedRule:
    """One revision of a rule that was saved, or the mark that somebody deleted it."""

    name: str
    query: str
    severity: Severity
    languages: tuple[str, ...]
    routes: tuple[str, ...]
    author: str
    saved_at: datetime
    # From 1, and on over deletions.
    revision: int = 0
    is_deleted: bool = False
    schema: int = SCHEMA


class SavedRules(Revisions[SavedRule]):
    """The saved rules of one store."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client, SavedRule, Place("rule", names.RULES, names.RULES_CHANGE, names.rule_history))
