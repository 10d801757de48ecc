"""Finds what is written soundly in rules and is hardly meant: told by the rules alone, without a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.errors import Fault
from pipelines.rules.imply import Covers, implies
from pipelines.rules.model import (
    And,
    AtLeast,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Rule,
    Term,
    Together,
    Value,
    Word,
    is_negative,
    literals_of,
    terms_of,
    walk,
)
from pipelines.rules.print import print_query

DISTANCE_MOST = 50
SHORT_PREFIX = 3
_SHOWN_LIMIT = 80
# Alphabets with letters that look like one another's.
_ALIKE = ("LATIN", "CYRILLIC", "GREEK")
# Acronyms that are everyday words in a language which a desk reads, once case is gone.
_EVERYDAY = frozenset(
    "US WHO IS IT AID ACT ALL AM AN ARE ARM AS AT BE BY CAN CARE DO FAST FOR GO HAS HE HER HIS HOW ICE IF IN MAN MAY ME"
    " MY NO NOW OF ON ONE OUR OUT PEN RAID RAM SAFE SEAL SEE SHE SO START STOP SWIFT THE THEM THEN THEY TO TOP UP WAR"
    " WAS WE WILL WITH YOU UN UNE EU LA LE LES DES DU SA SE SI SU DA DE DEM DER DIE DAS EN ES EL ET EST AN AU BIS IM"
    " BIR BU VE DAN OS AS".split()
)
_OPERATORS = re.compile(
    r'"[^"]*\s[^"]*"|[A-Za-z_]+:\s*(?:"[^"]*"|\([^()]*\)|[^\s()]+)|[!~@]\S+|[^\s()"]*[/*?]\S*', re.S
)
_CAPITALS = re.compile(r"(?<!\w)[A-Z]{2,5}(?!\w)")


class LintKind(StrEnum):
    """What may be wrong with a rule."""

    DISTANCE = "distance"
    PREFIX = "prefix"
    PATTERN = "pattern"
    SCRIPTS = "scripts"
    CASE = "case"
    DUPLICATE = "duplicate"
    SUBSUMED = "subsumed"
    NEVER = "never"
    COVERED = "covered"
    # Told by an archive only, see measure.py.
    COMMON = "common"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class LintWarning:
    """One thing about a rule that a desk should look at."""

    rule: Rule
    kind: LintKind
    message: str
    hint: str

    def line(self, more: int = 0) -> str:
        """Print the warning with its place; ``more`` rules have the same, by a query that they share."""
        shared = f" (and {more} more rules)" if more > 1 else " (and 1 more rule)" if more else ""
        said = f"{self.message}; {self.hint} [{self.kind}]{shared}"
        return str(Fault(self.rule.path, self.rule.line, self.rule.name, said))


def lint(rules: Sequence[Rule]) -> list[LintWarning]:
    """Give the warnings of all rules, by rule in their order, each once."""
    covers = Covers([rule.node for rule in rules])
    found: list[LintWarning] = []
    for number, rule in enumerate(rules):
        found += dict.fromkeys(_of_rule(rule))
        found += _covered_by_others(number, rules, covers)
    return found


def _of_rule(rule: Rule) -> Iterator[LintWarning]:
    yield from _case(rule)
    for node in walk(rule.node):
        for literal in literals_of(node):
            for term in terms_of(literal):
                yield from _term(rule, term)
        if isinstance(node, Value):
            yield from _scripts(rule, node.value)
        if isinstance(node, Near) and node.distance > DISTANCE_MOST:
            yield LintWarning(
                rule, LintKind.DISTANCE, f"{_shown(node)}: {node.distance} words are most of a news item",
                "write w/s, w/p, a smaller distance, or AND",
            )  # fmt: skip
        if isinstance(node, Near | Together):
            yield from _covered_choices(rule, node.left)
            yield from _covered_choices(rule, node.right)
        if isinstance(node, AtLeast):
            yield from _covered_choices(rule, node.literals)
        if isinstance(node, Or):
            yield from _covered_choices(rule, node.children)
        if isinstance(node, And):
            yield from _contradictions(rule, node)


def _term(rule: Rule, term: Term) -> Iterator[LintWarning]:
    yield from _scripts(rule, term.text)
    if isinstance(term, Word) and term.is_prefix and len(term.text) <= SHORT_PREFIX and not _is_hangul(term.text):
        yield LintWarning(
            rule, LintKind.PREFIX, f"{term.text}* fits every word that begins so",
            "write more letters, or the words with OR",
        )  # fmt: skip
    if isinstance(term, Pattern):
        fixed = len(term.beginning)
        if fixed <= SHORT_PREFIX and (term.text.endswith("*") or term.text.count("?") > 1):
            yield LintWarning(
                rule, LintKind.PATTERN, f"{term.text} fits very many words: only its first {fixed} letters are fixed",
                "write more letters before the first ?, or the words out with OR",
            )  # fmt: skip


def _is_hangul(text: str) -> bool:
    """A syllable of Hangul is two or three letters."""
    return "\uac00" <= text[0] <= "\ud7a3"


def _scripts(rule: Rule, text: str) -> Iterator[LintWarning]:
    for word in text.split():
        letters = [(char, script) for char in word if (script := _script(char))]
        scripts = list(dict.fromkeys(script for _, script in letters))
        if len(scripts) > 1:
            fewest = min(scripts, key=lambda script: sum(each == script for _, each in letters))
            odd = ", ".join(
                dict.fromkeys(f"{char} (U+{ord(char):04X})" for char, each in letters if each == fewest)
            )  # fmt: skip
            yield LintWarning(
                rule, LintKind.SCRIPTS, f"{word} mixes {' and '.join(script.title() for script in scripts)} letters",
                f"type {odd} anew: look-alikes differ",
            )  # fmt: skip


def _script(char: str) -> str:
    if not char.isalpha():
        return ""
    script = unicodedata.name(char, "").partition(" ")[0]
    return script if script in _ALIKE else ""


def _case(rule: Rule) -> Iterator[LintWarning]:
    """Warn of acronyms that find everyday words; in the query as written, named queries not among it."""
    for word in dict.fromkeys(_CAPITALS.findall(_OPERATORS.sub(" ", rule.query))):
        if word in _EVERYDAY:
            yield LintWarning(
                rule, LintKind.CASE, f"{word} finds {word.lower()} too: case does not count",
                f"write !{word} for the acronym",
            )  # fmt: skip


def _covered_choices(rule: Rule, choices: Sequence[Node]) -> Iterator[LintWarning]:
    """Warn of alternatives that another one already stands for."""
    covers = Covers(choices)
    for number, choice in enumerate(choices):
        # Of two that say the same the first stays.
        wider = [other for other in covers.of(choice) if other != number and not (
            implies(choices[other], choice) and other > number)]  # fmt: skip
        if wider and _shown(choices[wider[0]]) == _shown(choice):
            yield LintWarning(rule, LintKind.COVERED, f"{_shown(choice)} is there twice", "delete one spelling of it")
        elif wider:
            yield LintWarning(
                rule, LintKind.COVERED, f"{_shown(choice)} adds nothing beside {_shown(choices[wider[0]])}",
                "delete it",
            )  # fmt: skip


def _contradictions(rule: Rule, node: And) -> Iterator[LintWarning]:
    wanted = [child for child in node.children if not is_negative(child)]
    for child in node.children:
        if isinstance(child, Not) and wanted and implies(And(tuple(wanted)), child.child):
            by = next((one for one in wanted if implies(one, child.child)), node)
            yield LintWarning(
                rule, LintKind.NEVER, f"{_shown(by)} is wanted and excluded: {_shown(node)} can never hold",
                f"delete {_shown(child)}, or narrow it",
            )  # fmt: skip


def _covered_by_others(number: int, rules: Sequence[Rule], covers: Covers) -> Iterator[LintWarning]:
    """Warn of a rule whose every match another rule gives too; of two that say the same, of the second."""
    rule = rules[number]
    for other_number in covers.of(rule.node):
        other = rules[other_number]
        if other_number == number or not _reads_all(other, rule):
            continue
        is_same = implies(other.node, rule.node) and _reads_all(rule, other)
        if is_same and other_number > number:
            continue
        place = f"{other.name} ({other.path}:{other.line})"
        if is_same:
            yield LintWarning(rule, LintKind.DUPLICATE, f"says the same as {place}", "keep one of them")
        else:
            yield LintWarning(
                rule, LintKind.SUBSUMED, f"every match is one of {place} too", "delete it, unless it alerts otherwise"
            )


def _reads_all(wider: Rule, narrower: Rule) -> bool:
    """Say whether a rule reads every language that another reads."""
    return not wider.languages or (bool(narrower.languages) and set(narrower.languages) <= set(wider.languages))


def _shown(node: Node) -> str:
    printed = print_query(node)
    return printed if len(printed) <= _SHOWN_LIMIT else printed[:_SHOWN_LIMIT] + "…"


def lint_lines(warnings: Iterable[LintWarning], rule_count: int) -> list[str]:
    """Print the warnings, one a line, then a summary; what a shared query brings into many rules is told once."""
    same: dict[tuple[str, str], list[LintWarning]] = {}
    for warning in warnings:
        same.setdefault((warning.message, warning.hint), []).append(warning)
    lines = [alike[0].line(len(alike) - 1) for alike in same.values()]
    return [*lines, f"rules read: {rule_count}, warnings: {len(lines)}"]
