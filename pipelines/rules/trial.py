"""Tries rules on the texts that the desk wrote beside them: what must match, and the near misses that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connectors.errors import Fault
from pipelines.entities.table import Starts
from pipelines.rules.explain import explain
from pipelines.rules.items import MatchItem, item_of_text, matched_plainly
from pipelines.rules.model import Rule

_SHOWN_TEXT = 120
_SHOWN_WORDS = 5


@dataclass(frozen=True, slots=True)
class Failure:
    """A text on which a rule does not do what its desk expects."""

    rule: Rule
    text: str
    must_match: bool
    # Why it does not match, or by which words it does.
    why: str

    @property
    def fault(self) -> Fault:
        """The failure with the place of its rule."""
        text = self.text if len(self.text) <= _SHOWN_TEXT else self.text[:_SHOWN_TEXT] + "…"
        said = f"must match {text!r}, but {self.why}" if self.must_match else f"must not match {text!r}, but {self.why}"
        return Fault(self.rule.path, self.rule.line, self.rule.name, said)


@dataclass(frozen=True, slots=True)
class Trials:
    """What became of all texts of some rules."""

    texts: int
    failures: tuple[Failure, ...]
    # Rules without any text.
    untried: tuple[str, ...]


def try_rules(
    rules: Iterable[Rule],
    matcher: Callable[[Iterable[Rule]], MatchItem] = matched_plainly,
    starts: Starts | None = None,
) -> Trials:
    """Try each rule on its own texts; ``matcher`` makes the engine that decides, ``starts`` are the names to find."""
    texts, failures, untried = 0, list[Failure](), list[str]()
    for rule in rules:
        match = matcher([rule])
        expected = [(text, True) for text in rule.must_match] + [(text, False) for text in rule.must_miss]
        for text, must_match in expected:
            tried = item_of_text(text, starts=starts)
            found = match(tried.item, tried.tokens)
            if bool(found) != must_match:
                words = dict.fromkeys(one.words for each in found for one in each.evidence)
                why = f"matches by {', '.join(list(words)[:_SHOWN_WORDS]) or 'its facts alone'}"
                failures.append(
                    Failure(rule, text, must_match, explain(rule, tried.item).sentence if must_match else why)
                )
        texts += len(expected)
        if not expected:
            untried.append(rule.name)
    return Trials(texts, tuple(failures), tuple(untried))


def trial_lines(trials: Trials) -> list[str]:
    """Print each failure with its place and why, then a summary."""
    lines = [str(failure.fault) for failure in trials.failures]
    summary = f"texts tried: {trials.texts}, failed: {len(trials.failures)}"
    if trials.untried:
        summary += f"; rules without texts: {len(trials.untried)}"
    return [*lines, summary]
