"""Evaluates a query on one item, plainly: the specification that every faster engine must equal."""

from __future__ import annotations

from connectors.records import Evidence
from pipelines.rules.model import Node
from pipelines.rules.operators import FUNCTIONS
from pipelines.rules.view import Extent, TextView

EVIDENCE_LIMIT = 40


def evaluate(node: Node, view: TextView, extent: Extent | None = None) -> list[Evidence] | None:
    """Give the words inside an extent that make a query true, in the query's order; None where it is not true.

    Without an extent the whole item counts. A query may be true with no words to show, by its language alone.
    """
    return FUNCTIONS[type(node)](node, view, view.whole() if extent is None else extent, evaluate)


def in_reading_order(found: list[Evidence]) -> tuple[Evidence, ...]:
    """Give evidence without repeats, title first, at most ``EVIDENCE_LIMIT`` of it."""
    ordered = sorted(set(found), key=lambda one: (one.field != "title", one.start, one.end))
    return tuple(ordered[:EVIDENCE_LIMIT])
