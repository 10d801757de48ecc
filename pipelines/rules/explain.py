"""Explains a rule on one item: the truth of each part, the words that made it true, and what a miss lacks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.records import Evidence
from pipelines.model import Entity, Item
from pipelines.rules.evaluate import in_reading_order
from pipelines.rules.model import (
    And,
    AtLeast,
    First,
    In,
    Literal,
    Near,
    Node,
    Not,
    Or,
    Rule,
    Score,
    Together,
    Value,
    children_of,
)
from pipelines.rules.operators import FUNCTIONS, Found
from pipelines.rules.print import print_query
from pipelines.rules.view import ENTITY_FIELDS, Extent, Span, TextView, entity_values
from pipelines.text.tokens import tokenize

_SHOWN_LIMIT = 160
_LINE_LIMIT = 100
# Alternatives that are not there, of which each still gets a line of its own.
_SHOWN_ALTERNATIVES = 3
_SHOWN_WORDS = 6


@dataclass(frozen=True, slots=True)
class Branch:
    """One part of a query, tried where it stands."""

    query: str
    is_true: bool
    # Where its words were looked for: "the item", "its title", "the first 4 words of its title".
    place: str
    # Words that made it true, in reading order; what it excludes, for a NOT that failed.
    evidence: tuple[Evidence, ...]
    # What else there is to say: the values that the item has, how far words stand apart.
    note: str = ""
    # "and", "or", "not", "score", "in", "first"; "" for a leaf.
    kind: str = ""
    children: tuple[Branch, ...] = ()

    def parted(self) -> tuple[tuple[Branch, ...], tuple[Branch, ...]]:
        """Part the children: those that get a line each, and the words of an OR that are not there, where many are."""
        gone = tuple(child for child in self.children if not child.is_true and not child.children)
        if self.kind != "or" or len(gone) <= _SHOWN_ALTERNATIVES:
            return self.children, ()
        return tuple(child for child in self.children if child.is_true or child.children), gone


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that would have to be otherwise for the rule to hold."""

    query: str
    # One sentence without a stop: "drone is not in its title".
    said: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule on one item: its tree, and for a miss the fewest conditions that would have made it true."""

    rule: str
    version: str
    is_match: bool
    tree: Branch
    # () for a match. In the query's order.
    lacking: tuple[Condition, ...]

    @property
    def sentence(self) -> str:
        """The first condition that is not met, or that the rule matches."""
        return self.lacking[0].said if self.lacking else "it matches"


def explain(rule: Rule, item: Item) -> Explanation:
    """Try each part of a rule on an item, whether or not its fate is sealed before.

    Conditions are counted part by part: of alternatives the one that lacks least is taken, and of two
    that lack as much the first. Whether they could all be met at once is not asked.
    """
    view = TextView(item, tokenize(item.title, item.text))
    tried = _Tried.of(rule.node, view, view.whole(), "the item")
    lacking = tried.lacking
    if rule.languages and item.language not in rule.languages:
        reads = ", ".join(rule.languages)
        said = f"the rule reads {reads}; the item's language is {item.language or 'unknown'}"
        lacking = (Condition(f"languages: {reads}", said), *lacking)
    return Explanation(rule.name, rule.version, not lacking, tried.branch, lacking)


def missed(rule: Rule, item: Item) -> str:
    """Say which condition of a rule an item does not meet; that it matches, where it does."""
    return explain(rule, item).sentence


@dataclass(frozen=True, slots=True)
class _Tried:
    """A node that was tried: as it is shown, what its parent needs of it, and what it lacks."""

    branch: Branch
    found: Found | None
    lacking: tuple[Condition, ...]

    @classmethod
    def of(cls, node: Node, view: TextView, extent: Extent, place: str) -> _Tried:
        tried: dict[int, _Tried] = {}
        below = _place_below(node, place)

        def found_in(child: Node, _: TextView, inner: Extent) -> Found | None:
            one = tried[id(child)] = cls.of(child, view, inner, below)
            return one.found

        # The operator itself asks for its children, in the extent that it gives them.
        found = FUNCTIONS[type(node)](node, view, extent, found_in)
        # An AND that failed asked for no more.
        children = [tried.get(id(child)) or cls.of(child, view, extent, below) for child in children_of(node)]
        note = _note(node, view, extent, children)
        lacking = () if found is not None else _lacking(node, place, note, children)
        shown = found if found is not None else _excluding(node, children)
        branch = Branch(
            print_query(node), found is not None, place, in_reading_order(shown), note, _KINDS.get(type(node), ""),
            tuple(child.branch for child in children),
        )  # fmt: skip
        return cls(branch, found, lacking)


_KINDS: dict[type[Node], str] = {And: "and", Or: "or", Not: "not", Score: "score", In: "in", First: "first"}


def _place_below(node: Node, place: str) -> str:
    if isinstance(node, In):
        return f"its {node.part}"
    if isinstance(node, First):
        return f"the first {f'{node.count} words' if node.count > 1 else 'word'} of {place}"
    return place


def _excluding(node: Node, children: list[_Tried]) -> Found:
    return (children[0].found or []) if isinstance(node, Not) else []


def _lacking(node: Node, place: str, note: str, children: list[_Tried]) -> tuple[Condition, ...]:
    """Give what a node that does not hold would need."""
    query = print_query(node)
    if isinstance(node, And):
        return tuple(condition for child in children for condition in child.lacking)
    if isinstance(node, In | First):
        return children[0].lacking
    if isinstance(node, Not):
        words = f' ("{children[0].found[0].words}")' if children[0].found else ""
        return (Condition(query, f"excluded: {_shortened(children[0].branch.query)} holds{words}"),)
    if isinstance(node, Value):
        return (Condition(query, f"no {_shortened(query)}; {note}"),)
    if isinstance(node, Score):
        return (Condition(query, note),)
    if isinstance(node, Or):
        if all(isinstance(child, Literal) for child in node.children):
            return (Condition(query, f"none of {_shortened(query)} is in {place}"),)
        return min((child.lacking for child in children), key=len)
    return (Condition(query, f"{_shortened(query)} is not in {place}" + (f": {note}" if note else "")),)


def _note(node: Node, view: TextView, extent: Extent, children: list[_Tried]) -> str:
    """Say what a node's truth alone leaves open; "" where there is nothing to add."""
    if isinstance(node, Value) and node.field in ENTITY_FIELDS:
        named = [(entity, entity_values(entity, node.field)) for entity in view.item.entities]
        had = ", ".join(dict.fromkeys(_named(values[0], entity) for entity, values in named if values))
        return f"it has {node.field}: {had or 'nothing'}"
    if isinstance(node, Value):
        had = ", ".join(dict.fromkeys(view.facts(node.field)))
        return f"it has {node.field}: {had or 'nothing'}"
    if isinstance(node, Score):
        return _score_note(node, children)
    if isinstance(node, AtLeast):
        count = len({first for first, _ in view.spans_of_any(node.literals, extent)})
        return f"at {count} places" if count != 1 else "at 1 place"
    if isinstance(node, Near | Together):
        return _pair_note(node, view, extent)
    return ""


def _named(value: str, entity: Entity) -> str:
    """Say what an item has, and where that is not its plain name, by which words and as what it is named."""
    return value if entity.kind == "country" else f"{value} by {entity.text} ({entity.kind})"


def _pair_note(node: Near | Together, view: TextView, extent: Extent) -> str:
    """Say which side of a distance is not there, or how near the two come."""
    left, right = view.spans_of_any(node.left, extent), view.spans_of_any(node.right, extent)
    gone = [print_query(side[0]) if len(side) == 1 else "any of " + ", ".join(map(print_query, side))
            for side, spans in ((node.left, left), (node.right, right)) if not spans]  # fmt: skip
    if gone:
        return "without " + " and ".join(map(_shortened, gone))
    if isinstance(node, Together):
        return ""
    # Both directions: an order that is wrong shows as a distance that is small.
    apart = [*_distances(left, right, view), *_distances(right, left, view)]
    nearest = min(apart, default=0)
    return f"{nearest} apart at the nearest" if nearest else "nowhere in one field without overlap"


def _distances(left: list[Span], right: list[Span], view: TextView) -> Iterator[int]:
    """Give how far behind each span of one side the next of the other side begins."""
    firsts = [first for first, _ in right]
    for span in left:
        place = bisect_right(firsts, span[1])
        # Title before text: where the next is in another field, this field has none.
        if place < len(right) and (distance := view.are_apart(span, right[place])):
            yield distance


def _score_note(node: Score, children: list[_Tried]) -> str:
    """Say what the weights add up to, and with which fewest changes they would reach the threshold."""
    total = sum(weight for child, weight in zip(children, node.weights, strict=True) if child.found is not None)
    said = f"its weights add up to {total}, of {node.threshold}"
    if total >= node.threshold:
        return said
    # What would add to the sum: a wanted child that is not there, an unwanted one that is.
    changes = sorted(
        ((abs(weight), child.branch.query, weight < 0) for child, weight in zip(children, node.weights, strict=True)
         if (child.found is None) == (weight > 0) and weight),
        key=lambda change: -change[0],
    )  # fmt: skip
    taken: list[str] = []
    for gain, query, is_unwanted in changes:
        if total >= node.threshold:
            break
        total += gain
        taken.append(f"{'without ' if is_unwanted else ''}{_shortened(query)} ({gain:+d})")
    return f"{said}; enough would be {', '.join(taken)}"


def explanation_lines(explanation: Explanation) -> Iterator[str]:
    """Print an explanation: the tree, a part below the one it belongs to, then what a miss lacks."""
    yield f"{explanation.rule}: {'matches' if explanation.is_match else 'does not match'}"
    yield from _branch_lines(explanation.tree, 1)
    if explanation.lacking:
        yield "it would match if these were otherwise:"
        yield from (f"  - {condition.said}" for condition in explanation.lacking)


def _branch_lines(branch: Branch, depth: int) -> Iterator[str]:
    mark = "✓" if branch.is_true else "✗"
    yield f"{'  ' * depth}{mark} {_shortened(branch.query, _LINE_LIMIT)}{_words_shown(branch)}"
    shown, gone = branch.parted()
    for child in shown:
        yield from _branch_lines(child, depth + 1)
    if gone:
        listed = _shortened(", ".join(child.query for child in gone), _LINE_LIMIT)
        yield f"{'  ' * (depth + 1)}✗ {len(gone)} that are not there: {listed}"


def _words_shown(branch: Branch) -> str:
    """Say which words stand behind a part, with their offsets, where its children do not say it themselves."""
    said = f"  ({branch.note})" if branch.note else ""
    if branch.children and branch.kind != "not":
        return said
    shown = [f'{one.field} {one.start}-{one.end} "{one.words}"' for one in branch.evidence[:_SHOWN_WORDS]]
    more = len(branch.evidence) - len(shown)
    return said + ("  ← " + ", ".join(shown) if shown else "") + (f" and {more} more" if more > 0 else "")


def _shortened(printed: str, limit: int = _SHOWN_LIMIT) -> str:
    return printed if len(printed) <= limit else printed[:limit].rsplit(" ", 1)[0] + " …"
