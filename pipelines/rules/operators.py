"""Every operator of the query language: what it means, in code and in words, with an example of each.

The reference in ``docs/rules.md`` is printed from ``OPERATORS``; a test runs every example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.records import Evidence
from pipelines.rules.model import And, In, Node, Not, Or, Phrase, Value, Word
from pipelines.rules.view import TextView

Found = list[Evidence]
# Evaluates a node inside a part of the item ("" all of it): the words that made it true, or None.
Evaluate = Callable[[Node, TextView, str], Found | None]


def _word(node: Word, view: TextView, part: str, evaluate: Evaluate) -> Found | None:
    places = view.positions(node)
    if not places:
        return None
    first, behind = view.extent(part)
    return [view.evidence(place, place) for place in places if first <= place < behind] or None


def _phrase(node: Phrase, view: TextView, part: str, evaluate: Evaluate) -> Found | None:
    first, behind = view.extent(part)
    length = len(node.words)
    return [
        view.evidence(place, place + length - 1)
        for place in view.positions(node.words[0])
        if first <= place
        and place + length <= behind
        and all(view.is_at(word, place + step) for step, word in enumerate(node.words))
    ] or None


def _value(node: Value, view: TextView, part: str, evaluate: Evaluate) -> Found | None:
    if not view.holds(node):
        return None
    if node.field != "country":
        return []
    return [
        Evidence(entity.field, entity.start, entity.end, entity.text)
        for entity in view.item.entities
        if entity.id == f"country:{node.value}"
    ]


def _in(node: In, view: TextView, part: str, evaluate: Evaluate) -> Found | None:
    return evaluate(node.child, view, node.part)


def _and(node: And, view: TextView, part: str, evaluate: Evaluate) -> Found | None:
    found: Found = []
    for child in node.children:
        one = evaluate(child, view, part)
        if one is None:
            return None
        found += one
    return found


def _or(node: Or, view: TextView, part: str, evaluate: Evaluate) -> Found | None:
    true = [one for one in (evaluate(child, view, part) for child in node.children) if one is not None]
    return [evidence for one in true for evidence in one] if true else None


def _not(node: Not, view: TextView, part: str, evaluate: Evaluate) -> Found | None:
    return [] if evaluate(node.child, view, part) is None else None


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator as people learn it; ``kind`` is the node that the reader makes of it."""

    name: str
    kind: type[Any]
    # Any: each function takes the node of its own kind.
    function: Callable[[Any, TextView, str, Evaluate], Found | None]
    doc: str
    example: str
    # Text (after "title | text") for which the example holds, and one for which it does not.
    holds: str
    fails: str


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator(
            "word", Word, _word,
            "A word, whatever its case and accents; ё is е, and the shapes of an Arabic letter are one.",
            "Erdogan", "ERDOĞAN flies to Doha", "Erdogans",
        ),
        Operator(
            "word*", Word, _word,
            "Any word that begins so; at least three letters before the star.",
            "missil*", "Missiles were fired", "A mission was flown",
        ),
        Operator(
            '"words"', Phrase, _phrase,
            "The words one right after the other, inside the title or inside the text; a word may end in a star. "
            "A word with hyphens, dots or apostrophes is a phrase of its parts, a Chinese word one of its characters.",
            '"ballistic missile*"', "Two ballistic missiles fell", "A missile of ballistic type",
        ),
        Operator(
            "AND", And, _and,
            "Both hold. Words side by side mean the same.",
            "missile AND port", "A port was hit by a missile", "A port was closed",
        ),
        Operator(
            "OR", Or, _or,
            "At least one holds. AND and OR side by side need parentheses.",
            "(missile OR drone) AND port", "The port after the drone", "A drone show",
        ),
        Operator(
            "NOT", Not, _not,
            "It does not hold; -word is the same. Only beside something that is wanted.",
            "strike NOT football", "A strike hit the depot", "A strike in the football league",
        ),
        Operator(
            "title:", In, _in,
            "Only words of the title count, for a word, a phrase or a group.",
            "title:(drone OR missile)", "Drone over the harbour | Seen at noon", "A quiet night | No drone was seen",
        ),
        Operator(
            "lead:", In, _in,
            "Only words of the text's first 300 characters.",
            "lead:ceasefire", "News | A ceasefire holds", "A ceasefire | Nothing more is known",
        ),
        Operator(
            "text:", In, _in,
            "Only words of the text below the title.",
            "text:ceasefire", "News | A ceasefire holds", "A ceasefire | Nothing more is known",
        ),
        Operator(
            "country:", Value, _value,
            "A country is named in any language: name, adjective, inhabitants, seat of government. ISO code.",
            "country:IR AND country:RU", "Россия и Иран подписали договор", "Iran signed a treaty",
        ),
        Operator(
            "lang:", Value, _value,
            "The item's language, as a two-letter code.",
            "lang:ru AND ракет*", "Над городом сбили три ракеты", "Three rockets were shot down",
        ),
        Operator(
            "feed:", Value, _value,
            "The feed's id; a star at the end takes all that begin so.",
            "feed:demo* AND port", "The port is open", "The harbour is open",
        ),
        Operator(
            "source:", Value, _value,
            "The feed's id, or the site that the link names, its other hosts included.",
            "source:example.org AND port", "The port is open", "The harbour is open",
        ),
        Operator(
            "category:", Value, _value,
            "Whole words of a category that the publisher gave.",
            'category:world AND port', "The port is open", "The harbour is open",
        ),
    )
}  # fmt: skip

FUNCTIONS: dict[type[Any], Callable[[Any, TextView, str, Evaluate], Found | None]] = {
    operator.kind: operator.function for operator in OPERATORS.values()
}


def reference() -> str:
    """Print the operator table for the language reference."""
    lines = ["| write | it means | example | holds for | does not hold for |", "|---|---|---|---|---|"]
    for operator in OPERATORS.values():
        cells = (f"`{operator.name}`", operator.doc, f"`{operator.example}`", operator.holds, operator.fails)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
