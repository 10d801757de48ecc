"""Says in one sentence why a rule did not match an item."""

from __future__ import annotations

from pipelines.model import Item
from pipelines.rules.evaluate import evaluate
from pipelines.rules.model import And, First, In, Node, Not, Or, Rule, Score, Value
from pipelines.rules.print import print_query
from pipelines.rules.view import Extent, TextView
from pipelines.text.tokens import tokenize

_SHOWN_LIMIT = 160


def missed(rule: Rule, item: Item) -> str:
    """Say which condition of a rule an item does not meet; that it matches, where it does."""
    if rule.languages and item.language not in rule.languages:
        return f"the rule reads {', '.join(rule.languages)}; the item's language is {item.language or 'unknown'}"
    view = TextView(item, tokenize(item.title, item.text))
    if evaluate(rule.node, view) is not None:
        return "it matches"
    return _why(rule.node, view, view.whole(), "the item")


def _why(node: Node, view: TextView, extent: Extent, place: str) -> str:
    if isinstance(node, And):
        failing = next(child for child in node.children if evaluate(child, view, extent) is None)
        return _why(failing, view, extent, place)
    if isinstance(node, In):
        return _why(node.child, view, view.part(node.part), f"its {node.part}")
    if isinstance(node, First):
        return _why(node.child, view, view.first(extent, node.count), f"the first {node.count} words of {place}")
    if isinstance(node, Not):
        found = evaluate(node.child, view, extent) or []
        words = f' ("{found[0].words}")' if found else ""
        return f"excluded: {_shown(node.child)} holds{words}"
    if isinstance(node, Value):
        had = ", ".join(dict.fromkeys(view.facts(node.field)))
        return f"no {_shown(node)}; it has {node.field}: {had or 'nothing'}"
    if isinstance(node, Score):
        pairs = zip(node.children, node.weights, strict=True)
        total = sum(weight for child, weight in pairs if evaluate(child, view, extent) is not None)
        return f"its weights add up to {total}, of {node.threshold}"
    if isinstance(node, Or):
        return f"none of {_shown(node)} is in {place}"
    return f"{_shown(node)} is not in {place}"


def _shown(node: Node) -> str:
    printed = print_query(node)
    return printed if len(printed) <= _SHOWN_LIMIT else printed[:_SHOWN_LIMIT].rsplit(" ", 1)[0] + " …"
