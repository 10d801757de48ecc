"""Assembles what finds out whether queries hold, out of their postfix code. Importing it needs numba.

The jump code stops as soon as a query's fate is known: AND, OR, NOT and fields are gone from it, a leaf test says
where to go on when it is true and when not; what is cheap to test and rarely true comes first. A query is filed
under the rarest group of which something must be there (``required.py`` says which), the next rarest noted beside.

All in one file but for ``layout.py``: numba's cache looks at this file alone, not at what a function calls elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from pipelines.rules import layout
from pipelines.rules.layout import leaf_length, with_room

Array = Any

# Words of a second group that are noted beside the first; more would stand once more at each word of the first.
_NOTED_MOST = 16
_END, _ANY, _LITERAL, _NEAR = layout.OP_END, layout.OP_ANY, layout.OP_LITERAL, layout.OP_NEAR
_SAME, _MANY, _FACT = layout.OP_SAME, layout.OP_MANY, layout.OP_FACT
_ADD, _CHECK, _RESET = layout.OP_ADD, layout.OP_CHECK, layout.OP_RESET
_AND, _OR, _NOT, _SCORE, _WORDS = layout.OP_AND, layout.OP_OR, layout.OP_NOT, layout.OP_SCORE, layout.OP_WORDS
_ACCEPT, _REJECT = layout.ACCEPT, layout.REJECT
# Rows of the nodes of one query.
_KIND, _AT, _ASKS, _CHILD, _NEXT, _COUNT, _RANK, _GROUPS, _USED, _NEGATIVE = range(10)
_NODE_ROWS = 10
# What is to be emitted: a node's tree, or of a score what _ADD and _CHECK say.
_TREE = 0


def assembled(
    proofs: Array, proof: Array, longest: int, lengths: Array, rarest: Array, alone: Array, costs: Array
) -> tuple[Array, Array, Array, Array]:
    """Assemble queries.

    proofs: where each query's postfix code begins in ``proof``; longest: numbers in the longest of them.
    lengths, rarest: of each literal its number of terms and its rarest term. alone, costs: of each term its number
    as a literal by itself (-1: it is none), and how often it is met.
    Gives where each query's jump code begins, the code, where each literal's postings begin (one more than
    literals), and the postings: query, number of noted terms, those terms. All int32.
    """
    return _assemble(proofs, proof, longest, lengths, rarest, alone, costs)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba is untyped
def _assemble(
    proofs: Array, proof: Array, longest: int, lengths: Array, rarest: Array, alone: Array, costs: Array
) -> tuple[Array, Array, Array, Array]:
    queries = len(proofs)
    # A leaf grows by two targets, each weight by three, a phrase among others from one number to five.
    code = np.empty(5 * len(proof) + 8 * queries, np.int32)
    entries = np.empty(queries, np.int32)
    emitted = 0
    todo = np.empty((5, 3 * longest + 8), np.int64)
    labels = np.empty(3 * longest + 8, np.int64)
    targets = np.empty(3 * longest + 8, np.int64)
    filed = np.empty(4 * len(proof) + 64, np.int32)
    filed_count = 0
    sizes = np.zeros(len(lengths) + 1, np.int64)
    nodes = np.empty((_NODE_ROWS, longest + 1), np.int64)
    node_costs = np.empty(longest + 1, np.float64)
    stack = np.empty(longest + 1, np.int64)
    # Groups of the query under way: what each costs, and where its literals begin in ``words``.
    group_costs = np.empty(longest + 2, np.float64)
    group_at = np.empty(longest + 2, np.int32)
    words = np.empty(longest + 1, np.int32)
    noted = np.empty(_NOTED_MOST + 1, np.int32)
    for query in range(queries):
        root, groups = _read_tree(
            proof, proofs[query], lengths, rarest, alone, costs, nodes, node_costs, stack, group_costs, group_at, words
        )
        emitted = _emit_jumps(root, emitted, proof, nodes, node_costs, rarest, code, todo, labels, targets)
        # The query's own label: its code need not begin with what is tested first.
        entries[query] = labels[0]
        best, second = -1, -1
        for group in range(groups):
            if best < 0 or group_costs[group] < group_costs[best]:
                best, second = group, best
            elif second < 0 or group_costs[group] < group_costs[second]:
                second = group
        count = 0
        if second >= 0:
            for at in range(group_at[second], group_at[second + 1]):
                count = _note(rarest[words[at]], noted, count)
                if count > _NOTED_MOST:
                    count = 0
                    break
        for at in range(group_at[best], group_at[best + 1]):
            filed = with_room(filed, filed_count + 3 + count)
            filed[filed_count] = words[at]
            filed[filed_count + 1] = query
            filed[filed_count + 2] = count
            for i in range(count):
                filed[filed_count + 3 + i] = noted[i]
            filed_count += 3 + count
            sizes[words[at] + 1] += 2 + count
    posting_at, posting = _sorted_by_literal(filed, filed_count, sizes)
    return entries, code[:emitted].copy(), posting_at, posting


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _note(term: int, noted: Array, count: int) -> int:
    """Put a term among those that are sorted already, once; gives how many there are then."""
    at = 0
    while at < count and noted[at] < term:
        at += 1
    if at < count and noted[at] == term:
        return count
    if count < _NOTED_MOST:
        for i in range(count, at, -1):
            noted[i] = noted[i - 1]
        noted[at] = term
    return count + 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sorted_by_literal(filed: Array, count: int, sizes: Array) -> tuple[Array, Array]:
    """Sort what was filed by its literal, in the order of the queries."""
    posting_at = np.cumsum(sizes).astype(np.int32)
    posting = np.empty(posting_at[-1], np.int32)
    to = posting_at.copy()
    at = 0
    while at < count:
        literal, length = filed[at], 2 + filed[at + 2]
        for i in range(length):
            posting[to[literal] + i] = filed[at + 1 + i]
        to[literal] += length
        at += 1 + length
    return posting_at, posting


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _read_tree(
    proof: Array, pc: int, lengths: Array, rarest: Array, alone: Array, costs: Array, nodes: Array, node_costs: Array,
    stack: Array, group_costs: Array, group_at: Array, words: Array,
) -> tuple[int, int]:  # fmt: skip
    """Read a query's tree and its groups out of its postfix code; gives the root and how many groups there are.

    Groups stand in the order of the nodes that need them, those of a node behind each other.
    """
    node, top, groups, used = 0, 0, 0, 0
    while proof[pc] != _END:
        op = proof[pc]
        words_count = 0
        if op == _FACT or op == _LITERAL or op == _WORDS:
            begin = pc + (1 if op == _FACT else 2 if op == _LITERAL else 3)
            words_count = proof[pc + 2] if op == _WORDS else 1
            for at in range(begin, begin + words_count):
                literal = alone[proof[at]] if op == _FACT else proof[at]
                cost = costs[rarest[literal]]
                is_plain = op == _FACT or (lengths[literal] == 1 and proof[pc + 1] == 0)
                nodes[_KIND, node] = _FACT if op == _FACT else _LITERAL
                nodes[_AT, node] = pc
                nodes[_ASKS, node] = literal
                nodes[_CHILD, node] = -1
                nodes[_COUNT, node] = 0
                nodes[_NEGATIVE, node] = 0
                nodes[_GROUPS, node] = groups
                nodes[_USED, node] = used
                nodes[_RANK, node] = 0 if is_plain else 2
                node_costs[node] = cost if is_plain else 0.0
                group_costs[groups] = cost
                group_at[groups] = used
                words[used] = literal
                groups += 1
                used += 1
                stack[top] = node
                top += 1
                node += 1
            group_at[groups] = used
            pc = begin + words_count
            if op != _WORDS:
                continue
            # What stands above the words is an OR like others.
            op = _OR
        nodes[_KIND, node] = op
        nodes[_AT, node] = pc
        nodes[_CHILD, node] = -1
        nodes[_COUNT, node] = 0
        nodes[_NEGATIVE, node] = 0
        nodes[_GROUPS, node] = groups
        nodes[_USED, node] = used
        node_costs[node] = 0.0
        rank = 3
        if op == _NEAR or op == _SAME or op == _MANY:
            pc += 4 if op == _NEAR else 3
            for _ in range(1 if op == _MANY else 2):
                group_costs[groups] = 0.0
                group_at[groups] = used
                for i in range(proof[pc]):
                    literal = proof[pc + 1 + i]
                    words[used] = literal
                    group_costs[groups] += costs[rarest[literal]]
                    used += 1
                groups += 1
                pc += 1 + proof[pc]
        else:
            count = words_count or (1 if op == _NOT else proof[pc + 2] if op == _SCORE else proof[pc + 1])
            top -= count
            nodes[_COUNT, node] = count
            nodes[_CHILD, node] = stack[top]
            for i in range(count - 1):
                nodes[_NEXT, stack[top + i]] = stack[top + i + 1]
            first = stack[top]
            nodes[_GROUPS, node] = nodes[_GROUPS, first]
            nodes[_USED, node] = nodes[_USED, first]
            if op == _NOT:
                # What is excluded need not be there.
                nodes[_NEGATIVE, node] = 1
                groups = nodes[_GROUPS, node]
                used = nodes[_USED, node]
                rank = 1
                pc += 1
            else:
                rank = _rank(op, first, count, nodes, node_costs, node)
                if op != _AND:
                    groups, used = _united(proof, pc, op, first, count, groups, nodes, group_costs, group_at, words)
                if not words_count:
                    pc += 3 + count if op == _SCORE else 2
        nodes[_RANK, node] = rank
        stack[top] = node
        top += 1
        node += 1
        group_at[groups] = used
    return node - 1, groups


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _rank(op: int, first: int, count: int, nodes: Array, node_costs: Array, node: int) -> int:
    """Rank and cost of what is made of others: an AND is as cheap as its cheapest child, an OR as its dearest."""
    if op == _SCORE:
        return 3
    child = first
    rank: int = nodes[_RANK, first]
    cost, negative = node_costs[first], nodes[_NEGATIVE, first]
    for _ in range(count - 1):
        child = nodes[_NEXT, child]
        is_less = nodes[_RANK, child] < rank or (nodes[_RANK, child] == rank and node_costs[child] < cost)
        if is_less == (op == _AND):
            rank, cost = nodes[_RANK, child], node_costs[child]
        negative &= nodes[_NEGATIVE, child]
    node_costs[node] = cost
    if op == _AND:
        nodes[_NEGATIVE, node] = negative
    return rank


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _united(
    proof: Array, pc: int, op: int, first: int, count: int, groups: int, nodes: Array, group_costs: Array,
    group_at: Array, words: Array,
) -> tuple[int, int]:  # fmt: skip
    """Make one group of the rarest one of each alternative; gives how many groups and literals there are then."""
    needed = np.ones(count, np.uint8)
    if op == _SCORE:
        _leave_out(proof, pc, count, needed)
    begin = nodes[_GROUPS, first]
    to = nodes[_USED, first]
    begin_at = to
    cost = 0.0
    child = first
    for i in range(count):
        low = nodes[_GROUPS, child]
        following = nodes[_NEXT, child]
        high = nodes[_GROUPS, following] if i + 1 < count else groups
        if needed[i] and high > low:
            best = low
            for group in range(low + 1, high):
                if group_costs[group] < group_costs[best]:
                    best = group
            cost += group_costs[best]
            # Literals only move towards the beginning, over those that were looked at.
            for at in range(group_at[best], group_at[best + 1]):
                words[to] = words[at]
                to += 1
        child = following
    group_costs[begin] = cost
    group_at[begin] = begin_at
    return begin + 1, to


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _leave_out(proof: Array, pc: int, count: int, needed: Array) -> None:
    """Leave out the children of a score that do not reach the threshold together, the lightest first."""
    threshold = proof[pc + 1]
    left_out = 0
    for i in range(count):
        if proof[pc + 3 + i] <= 0:
            needed[i] = 0
    while True:
        lightest = -1
        for i in range(count):
            if needed[i] and (lightest < 0 or proof[pc + 3 + i] < proof[pc + 3 + lightest]):
                lightest = i
        if lightest < 0 or left_out + proof[pc + 3 + lightest] >= threshold:
            return
        left_out += proof[pc + 3 + lightest]
        needed[lightest] = 0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _emit_jumps(
    root: int, at: int, proof: Array, nodes: Array, node_costs: Array, rarest: Array, code: Array,
    todo: Array, labels: Array, targets: Array,
) -> int:  # fmt: skip
    """Emit the jump code of a query; gives where it ends.

    Nodes are taken from a list of what is to be emitted, each with labels: its own, and where to go on when it is
    true and when not. At the end labels become places. No recursion: numba's cache cannot load it.
    """
    labels_used, targets_used, left = 1, 0, 0
    left = _put(todo, left, _TREE, root, 0, _ACCEPT, _REJECT)
    while left:
        left -= 1
        what, node, own, true, false = todo[0, left], todo[1, left], todo[2, left], todo[3, left], todo[4, left]
        if what != _TREE:
            # Of a score, ``node`` says where its number stands: the weight or the threshold.
            labels[own] = at
            code[at] = what
            code[at + 1] = proof[node]
            code[at + 2] = true
            targets[targets_used] = at + 2
            targets_used += 1
            at += 3
            if what == _CHECK:
                code[at] = false
                targets[targets_used] = at
                targets_used += 1
                at += 1
            continue
        kind, pc, child, count = nodes[_KIND, node], nodes[_AT, node], nodes[_CHILD, node], nodes[_COUNT, node]
        if kind == _NOT:
            left = _put(todo, left, _TREE, child, own, false, true)
        elif kind == _SCORE:
            labels[own] = at
            code[at] = _RESET
            code[at + 1] = labels_used
            targets[targets_used] = at + 1
            targets_used += 1
            at += 2
            for i in range(count):
                onward = labels_used + 2
                left = _put(todo, left, _TREE, child, labels_used, labels_used + 1, onward)
                left = _put(todo, left, _ADD, pc + 3 + i, labels_used + 1, onward, onward)
                labels_used = onward
                child = nodes[_NEXT, child]
            left = _put(todo, left, _CHECK, pc + 1, labels_used, true, false)
            labels_used += 1
        elif kind == _AND or kind == _OR:
            ordered = _ordered(child, count, nodes, node_costs)
            plain = 0
            if kind == _OR:
                # Single words and facts rank lowest: all that stand first are tested by one test.
                while plain < count and nodes[_RANK, ordered[plain]] == 0 and nodes[_CHILD, ordered[plain]] < 0:
                    plain += 1
            if plain:
                labels[own] = at
                code[at] = _ANY
                code[at + 1] = plain
                for i in range(plain):
                    code[at + 2 + i] = rarest[nodes[_ASKS, ordered[i]]]
                at += 2 + plain
                if plain < count:
                    own = labels_used
                    labels_used += 1
                code[at] = true
                code[at + 1] = own if plain < count else false
                targets[targets_used] = at
                targets[targets_used + 1] = at + 1
                targets_used += 2
                at += 2
            for i in range(plain, count):
                following = labels_used
                if i + 1 == count:
                    left = _put(todo, left, _TREE, ordered[i], own, true, false)
                elif kind == _AND:
                    left = _put(todo, left, _TREE, ordered[i], own, following, false)
                else:
                    left = _put(todo, left, _TREE, ordered[i], own, true, following)
                if i + 1 < count:
                    labels_used += 1
                own = following
        else:
            labels[own] = at
            if nodes[_RANK, node] == 0:
                code[at] = _ANY
                code[at + 1] = 1
                code[at + 2] = rarest[nodes[_ASKS, node]]
                at += 3
            elif kind == _LITERAL:
                code[at] = _LITERAL
                code[at + 1] = proof[pc + 1]
                code[at + 2] = nodes[_ASKS, node]
                at += 3
            else:
                length = leaf_length(proof, pc)
                for i in range(length):
                    code[at + i] = proof[pc + i]
                at += length
            code[at] = true
            code[at + 1] = false
            targets[targets_used] = at
            targets[targets_used + 1] = at + 1
            targets_used += 2
            at += 2
    for i in range(targets_used):
        label = code[targets[i]]
        if label >= 0:
            code[targets[i]] = labels[label]
    return at


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _put(todo: Array, left: int, what: int, node: int, own: int, true: int, false: int) -> int:
    """Put one more on the list of what is to be emitted; gives its new length."""
    todo[0, left] = what
    todo[1, left] = node
    todo[2, left] = own
    todo[3, left] = true
    todo[4, left] = false
    return left + 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _ordered(child: int, count: int, nodes: Array, node_costs: Array) -> Array:
    """Children in the order in which they are tested: what is cheap to test and rarely true comes first."""
    ordered = np.empty(count, np.int64)
    for n in range(count):
        at = n
        while at > 0:
            before = ordered[at - 1]
            is_dearer = nodes[_RANK, before] > nodes[_RANK, child] or (
                nodes[_RANK, before] == nodes[_RANK, child] and node_costs[before] > node_costs[child]
            )
            if not is_dearer:
                break
            ordered[at] = before
            at -= 1
        ordered[at] = child
        child = nodes[_NEXT, child]
    return ordered
