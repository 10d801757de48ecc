"""Every operator of the query language: what it means, in code and in words, with an example of each.

The reference in ``docs/rules.md`` is printed from ``OPERATORS``; a test runs every example.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from connectors.records import Evidence
from pipelines.rules.model import (
    And,
    AtLeast,
    Cased,
    First,
    Forms,
    In,
    Literal,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Score,
    Together,
    Value,
    Word,
)
from pipelines.rules.view import ENTITY_FIELDS, Extent, Span, TextView, entity_values, fact_is

Found = list[Evidence]
# Evaluates a node inside an extent of the item: the words that made it true, or None.
Evaluate = Callable[[Node, TextView, Extent], Found | None]


def _literal(node: Literal, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    return [view.evidence(*span) for span in view.spans(node, extent)] or None


def _paired(
    left: list[Span], right: list[Span], beside: Callable[[list[Span]], Callable[[Span], Iterable[Span]]],
    are_pair: Callable[[Span, Span], bool], view: TextView,
) -> Found | None:  # fmt: skip
    """Give the words of all spans that take part in a pair.

    ``beside`` prepares spans to be asked for those that come into question for one: a text of nothing but the
    two words has as many pairs as the square of its length.
    """
    rights, lefts = beside(right), beside(left)
    found = [one for one in left if any(are_pair(one, other) for other in rights(one))]
    found += [one for one in right if any(are_pair(other, one) for other in lefts(one))]
    return [view.evidence(*span) for span in found] or None


def _near(node: Near, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    def are_near(one: Span, other: Span) -> bool:
        return 0 < view.are_apart(one, other) <= node.distance or (
            not node.is_ordered and 0 < view.are_apart(other, one) <= node.distance
        )

    def in_reach(spans: list[Span]) -> Callable[[Span], Iterable[Span]]:
        listed = sorted(spans)
        longest = max((last - first for first, last in spans), default=0)

        def of(one: Span) -> Iterable[Span]:
            low = bisect_left(listed, (one[0] - node.distance - longest, -1))
            return listed[low : bisect_left(listed, (one[1] + node.distance + 1, -1))]

        return of

    left, right = view.spans_of_any(node.left, extent), view.spans_of_any(node.right, extent)
    return _paired(left, right, in_reach, are_near, view)


def _together(node: Together, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    def are_together(one: Span, other: Span) -> bool:
        return not (one[0] <= other[1] and other[0] <= one[1])

    def in_unit(spans: list[Span]) -> Callable[[Span], Iterable[Span]]:
        units: dict[int, list[Span]] = defaultdict(list)
        for span in spans:
            units[view.unit(node.unit, span[0])].append(span)
        return lambda one: units.get(view.unit(node.unit, one[0]), ())

    left, right = view.spans_of_any(node.left, extent), view.spans_of_any(node.right, extent)
    return _paired(left, right, in_unit, are_together, view)


def _at_least(node: AtLeast, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    spans = view.spans_of_any(node.literals, extent)
    if len({first for first, _ in spans}) < node.count:
        return None
    return [view.evidence(*span) for span in spans]


def _value(node: Value, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    if not view.holds(node):
        return None
    if node.field not in ENTITY_FIELDS:
        return []
    return [
        Evidence(entity.field, entity.start, entity.end, entity.text)
        for entity in view.item.entities
        if any(fact_is(node, value) for value in entity_values(entity, node.field))
    ]


def _in(node: In, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    return evaluate(node.child, view, view.part(node.part))


def _first(node: First, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    return evaluate(node.child, view, view.first(extent, node.count))


def _and(node: And, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    found: Found = []
    for child in node.children:
        one = evaluate(child, view, extent)
        if one is None:
            return None
        found += one
    return found


def _or(node: Or, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    true = [one for one in (evaluate(child, view, extent) for child in node.children) if one is not None]
    return [evidence for one in true for evidence in one] if true else None


def _not(node: Not, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    return [] if evaluate(node.child, view, extent) is None else None


def _score(node: Score, view: TextView, extent: Extent, evaluate: Evaluate) -> Found | None:
    found = [evaluate(child, view, extent) for child in node.children]
    total = sum(weight for one, weight in zip(found, node.weights, strict=True) if one is not None)
    return [evidence for one in found for evidence in one or ()] if total >= node.threshold else None


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator as people learn it; ``kind`` is the node that the reader makes of it."""

    name: str
    kind: type[Any]
    # Any: each function takes the node of its own kind.
    function: Callable[[Any, TextView, Extent, Evaluate], Found | None]
    doc: str
    example: str
    # Text (after "title | text") for which the example holds, and one for which it does not.
    holds: str
    fails: str


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator(
            "word", Word, _literal,
            "A word, whatever its case and accents; ё is е, and the shapes of an Arabic letter are one.",
            "Erdogan", "ERDOĞAN flies to Doha", "Erdogans",
        ),
        Operator(
            "word*", Word, _literal,
            "Any word that begins so; at least three letters before the star.",
            "missil*", "Missiles were fired", "A mission was flown",
        ),
        Operator(
            '"words"', Phrase, _literal,
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
            "NEAR/n", Near, _near,
            "At most n words apart in either order; neighbours are 1 apart. `w/n` is the same. Each side is a word, "
            "a phrase or alternatives in parentheses; the two may not overlap, and title and text are apart.",
            "(minister OR envoy) NEAR/4 talks", "Talks with the envoy", "The envoy left; nobody knew of any talks",
        ),
        Operator(
            "ONEAR/n", Near, _near,
            "The same, in this order. `pre/n` and `adj/n` are the same.",
            "missile ONEAR/3 tests", "Missile and rocket tests", "Tests of a missile",
        ),
        Operator(
            "w/s", Together, _together,
            "Both begin in the same sentence.",
            "drones w/s Tehran", "Tehran sold drones. Nothing else is known.", "Drones fell. In Tehran it rains.",
        ),
        Operator(
            "w/p", Together, _together,
            "Both begin in the same paragraph; the title is one of its own.",
            "drones w/p Tehran", "News | Drones fell. In Tehran it rains.", "Drones fell | In Tehran it rains.",
        ),
        Operator(
            "ATLEASTn", AtLeast, _at_least,
            "The word or phrase, or its alternatives together, begin at n places or more.",
            "ATLEAST3(drone*)", "A drone, two drones, drone war", "A drone, two drones",
        ),
        Operator(
            "FIRST/n", First, _first,
            "Only the first n words count: of the title, lead or text it stands in, else of the whole item.",
            "FIRST/4 ceasefire", "A ceasefire holds | Details later", "Shots are heard all night despite a ceasefire",
        ),
        Operator(
            "?", Pattern, _literal,
            "One letter, whichever; at least three letters must come first.",
            "organi?ation*", "Two organisations, one organization", "An organic nation",
        ),
        Operator(
            "!Word", Cased, _literal,
            'Exactly as written, for acronyms: `!US`, `!"Islamic State"`.',
            "!WHO", "The WHO warns", "Who warns?",
        ),
        Operator(
            "~word", Forms, _literal,
            "The word in all forms that its language's endings give; the letters tell the language, else name it: "
            "`~de:Rakete`.",
            "~делегация", "Встреча с делегацией", "Делегат уехал",
        ),
        Operator(
            "SCORE", Score, _score,
            "A rule of weights instead of a query: it holds where the weights of what holds reach the threshold. "
            "Written in a rules file as `score`, see below; in one line as here.",
            "SCORE5(3 drone*; 2 port; -4 football)", "Drones over the port", "Drones over the port before the football",
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
            "A country is named in any language: name, adjective, inhabitants, seat of government; or a place, "
            "person or body of it is. ISO code. Behind the code, `-implied` leaves out the last, `-metonym` seats "
            "and capitals that stand for their government, `-demonym` adjectives and inhabitants: "
            "`country:RU-metonym-implied`.",
            "country:IR AND country:RU", "Россия и Иран подписали договор", "Iran signed a treaty",
        ),
        Operator(
            "person:", Value, _value,
            "A person is named, by the id that `wirewatch entities` prints; a star takes all that begin so.",
            "person:nikolai-patrush* AND port", "Николая Патрушева встретили в port", "Nobody opens the port",
        ),
        Operator(
            "org:", Value, _value,
            "The same for an organisation, a ministry or a company.",
            "org:iaea AND port", "МАГАТЭ inspects the port", "Nobody opens the port",
        ),
        Operator(
            "place:", Value, _value,
            "The same for a town, a strait or another place.",
            "place:strait-of-hormuz AND port", "A port in the Strait of Hormuz", "The port is open",
        ),
        Operator(
            "group:", Value, _value,
            "The same for an armed group.",
            "group:hezbollah AND port", "Hezbollah holds the port", "Nobody holds the port",
        ),
        Operator(
            "office:", Value, _value,
            "An office is named, without its holder's name beside it; `person:` finds who held it in the item's year.",
            "office:fr-president AND port", "The French president opens the port", "Nobody opens the port",
        ),
        Operator(
            "name:", Near, _near,
            "A name that no list has, in the cases and spellings that it may have in other languages; a query that is "
            "printed shows them. From a Cyrillic name Latin ones are made, not the other way round.",
            'name:"Иван Примеров" AND port', "Встреча с Иваном Примеровым: port", "Пётр Примеров: port",
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
            "category:world AND port", "The port is open", "The harbour is open",
        ),
        Operator(
            "url:", Value, _value,
            "Whole words of the item's link.",
            "url:example AND port", "The port is open", "The harbour is open",
        ),
    )
}  # fmt: skip

FUNCTIONS: dict[type[Any], Callable[[Any, TextView, Extent, Evaluate], Found | None]] = {
    operator.kind: operator.function for operator in OPERATORS.values()
}


def reference() -> str:
    """Print the operator table for the language reference."""
    lines = ["| write | it means | example | holds for | does not hold for |", "|---|---|---|---|---|"]
    for operator in OPERATORS.values():
        cells = (f"`{operator.name}`", operator.doc, f"`{operator.example}`", operator.holds, operator.fails)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
