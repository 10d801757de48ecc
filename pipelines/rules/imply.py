"""Says by their shape alone that wherever one query holds, another holds too.

Sound, not complete: a yes is certain, a no may only mean that the shape does not show it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from pipelines.rules.forms import forms_of
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
    Term,
    Together,
    Unit,
    Value,
    Word,
    children_of,
    literals_of,
    terms_of,
    walk,
)
from pipelines.rules.print import print_query
from pipelines.rules.view import WORD_FIELDS, fact_is, fits
from pipelines.text.tokens import words_of


def implies(one: Node, other: Node) -> bool:
    """Say whether ``other`` holds wherever ``one`` does, as far as their shapes tell."""
    if one == other:
        return True
    if isinstance(other, And):
        return all(implies(one, child) for child in other.children)
    if isinstance(one, Or):
        return all(implies(child, other) for child in one.children)
    if isinstance(other, Or) and any(implies(one, child) for child in other.children):
        return True
    if isinstance(one, And):
        return any(implies(child, other) for child in one.children)
    if isinstance(one, Not):
        return isinstance(other, Not) and implies(other.child, one.child)
    if isinstance(one, In | First):
        return _scoped_implies(one, other)
    if isinstance(one, Value):
        return isinstance(other, Value) and _value_implies(one, other)
    return not isinstance(one, Score) and _words_imply(one, other)


def _scoped_implies(one: In | First, other: Node) -> bool:
    """Say it of a query whose words stand in a part: what grows holds outside of the part too."""
    if isinstance(one, In) and isinstance(other, In):
        if one.part == other.part:
            return implies(one.child, other.child)
        is_wider = (one.part, other.part) == ("lead", "text")
        return is_wider and _grows(other.child) and implies(one.child, other.child)
    if isinstance(one, First) and isinstance(other, First):
        return one.count <= other.count and _grows(other.child) and implies(one.child, other.child)
    return _grows(other) and implies(one.child, other)


def _grows(node: Node) -> bool:
    """Say whether a query that holds in an extent holds in every wider one too."""
    return not any(isinstance(below, Not | In | First | Score) for below in walk(node))


def _words_imply(one: Literal | Near | Together | AtLeast, other: Node) -> bool:
    if isinstance(one, AtLeast):
        if isinstance(other, AtLeast) and other.count <= one.count and _are_places(one.literals, other.literals):
            return True
        return all(implies(literal, other) for literal in one.literals)
    if isinstance(one, Near | Together):
        return _pair_implies(one, other) or any(
            all(implies(literal, other) for literal in side) for side in (one.left, one.right)
        )
    if isinstance(other, AtLeast):
        return other.count == 1 and any(_literal_implies(one, literal) for literal in other.literals)
    return isinstance(other, Literal) and _literal_implies(one, other)


def _pair_implies(one: Near | Together, other: Node) -> bool:
    is_order_kept = True
    if isinstance(one, Near) and isinstance(other, Near):
        if one.distance > other.distance:
            return False
        is_order_kept = one.is_ordered or not other.is_ordered
    elif isinstance(one, Together) and isinstance(other, Together):
        # A sentence lies inside one paragraph.
        if one.unit != other.unit and one.unit != Unit.SENTENCE:
            return False
    else:
        return False
    if is_order_kept and _are_places(one.left, other.left) and _are_places(one.right, other.right):
        return True
    has_order = isinstance(other, Near) and other.is_ordered
    return not has_order and _are_places(one.left, other.right) and _are_places(one.right, other.left)


def _are_places(one: Sequence[Literal], other: Sequence[Literal]) -> bool:
    """Say whether each place of some literals is a place of others too, over the same words."""
    return all(
        literal in other or (isinstance(literal, Term) and any(_is_term(literal, each) for each in other))
        for literal in one
    )


def _literal_implies(one: Literal, other: Literal) -> bool:
    given, wanted = terms_of(one), terms_of(other)
    return any(
        all(_is_term(given[start + step], term) for step, term in enumerate(wanted))
        for start in range(len(given) - len(wanted) + 1)
    )


def _is_term(one: Term, other: Literal) -> bool:
    """Say whether every word that ``one`` stands for is one that ``other`` stands for."""
    if one == other:
        return True
    if isinstance(other, Phrase | Cased):
        return False
    words = _words_of_term(one)
    if isinstance(other, Word) and other.is_prefix:
        return all(word.startswith(other.text) for word in words or [_stem(one)])
    if not words:
        return False
    if isinstance(other, Word):
        return words == [other.text]
    if isinstance(other, Pattern):
        return all(fits(other.text, word) for word in words)
    return forms_of(other.text, other.language).issuperset(words)


def _words_of_term(term: Term) -> list[str]:
    """Give all words that a term stands for; none where there is no end to them."""
    if isinstance(term, Cased):
        return words_of(term.text)
    if isinstance(term, Forms):
        return sorted(forms_of(term.text, term.language))
    return [term.text] if isinstance(term, Word) and not term.is_prefix else []


def _stem(term: Term) -> str:
    """Give the letters with which every word of a term begins."""
    return term.beginning if isinstance(term, Pattern) else term.text


def _value_implies(one: Value, other: Value) -> bool:
    if one.field != other.field:
        return False
    if one.is_prefix:
        return other.is_prefix and one.value.startswith(other.value)
    # A site covers its other hosts, which begin otherwise.
    return fact_is(other, one.value) and not (one.field == "source" and "." in one.value and other.is_prefix)


# What a query is filed under: "word" and the word, "stem" and the letters it begins with, and the like.
_Key = tuple[str, ...]


class Covers:
    """Finds among many queries those that another implies, without comparing it with each.

    A query is filed under words of which each query that implies it must name one as its own.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        # How often each key is asked for when every query looks for those that it implies.
        self._asked: Counter[_Key] = Counter()
        for node in nodes:
            self._asked.update(set(_given_keys(node)))
        self._filed: dict[_Key, list[int]] = defaultdict(list)
        for number, node in enumerate(nodes):
            for key in self._keys(node):
                self._filed[key].append(number)

    def of(self, node: Node) -> list[int]:
        """Give the numbers of the queries that hold wherever ``node`` does, itself among them."""
        near = {number for key in _given_keys(node) for number in self._filed.get(key, ())}
        return [number for number in sorted(near) if implies(node, self._nodes[number])]

    def _keys(self, node: Node) -> set[_Key]:
        """Give the keys to file a query under: of all that it needs what is asked for least; none if it is negative."""
        if isinstance(node, Score):
            return {_score_key(node)}
        if isinstance(node, Value):
            is_one = not node.is_prefix and node.field not in (*WORD_FIELDS, "source")
            return {("value", node.field, node.value) if is_one else ("values", node.field)}
        if isinstance(node, In | First):
            return self._keys(node.child)
        if isinstance(node, Or):
            return {key for child in node.children for key in self._keys(child)}
        if isinstance(node, And):
            wanted = [keys for child in node.children if (keys := self._keys(child))]
        elif isinstance(node, Near | Together):
            wanted = [self._any_keys(node.left), self._any_keys(node.right)]
        else:
            wanted = [self._any_keys(literals_of(node))]
        return min(wanted, key=self._cost, default=set())

    def _any_keys(self, literals: Sequence[Literal]) -> set[_Key]:
        return {key for literal in literals for key in self._literal_keys(literal)}

    def _literal_keys(self, literal: Literal) -> set[_Key]:
        return min((set(_wanted_by(term)) for term in terms_of(literal)), key=self._cost)

    def _cost(self, keys: set[_Key]) -> int:
        return sum(self._asked[key] for key in keys)


def _score_key(node: Score) -> _Key:
    return "score", print_query(node)


def _wanted_by(term: Term) -> Iterator[_Key]:
    if isinstance(term, Cased):
        yield "cased", term.text
    elif words := _words_of_term(term):
        yield from (("word", word) for word in words)
    else:
        yield "stem", _stem(term)


def _given_keys(node: Node) -> Iterator[_Key]:
    """Give keys of which each query that ``node`` implies is filed under one at least."""
    if isinstance(node, Score):
        yield _score_key(node)
    elif isinstance(node, And | In | First):
        for child in children_of(node):
            yield from _given_keys(child)
    elif isinstance(node, Or):
        # What all alternatives imply, the first does.
        yield from _given_keys(node.children[0])
    elif isinstance(node, Value):
        yield from (("value", node.field, node.value), ("values", node.field))
    elif isinstance(node, Near | Together):
        yield from _given_by(node.left[0])
        yield from _given_by(node.right[0])
    elif not isinstance(node, Not):
        yield from _given_by(literals_of(node)[0])


def _given_by(literal: Literal) -> Iterator[_Key]:
    for term in terms_of(literal):
        if isinstance(term, Cased):
            yield "cased", term.text
        words = _words_of_term(term)
        yield from (("word", word) for word in words)
        for stem in words[:1] or [_stem(term)]:
            yield from (("stem", stem[:length]) for length in range(1, len(stem) + 1))
