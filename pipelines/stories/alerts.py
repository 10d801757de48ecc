"""Alerts: one per rule and story, revised when who says so changes. Pure.

A revision is due when main state or flags change, from the rule's first match on. Growth of the
counts alone is shown on the page, not sent. Copies and voices heard before never revise, because
they change neither.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.keys import stable_id
from connectors.records import Alert, AlertState, Report
from pipelines.model import FIRST, Item, Match, Story
from pipelines.sources.labels import voice

# Reports that travel with an alert; all of them stand on the story's page.
_REPORTS_SHOWN = 12
_TEXT_SHOWN = 600


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What raising an alert needs to know of a rule."""

    name: str
    severity: str = "medium"
    # States at which it fires, and FIRST for its first match in any state.
    when: Collection[str] = frozenset((FIRST, *AlertState))
    # Names of sinks; () means every sink.
    routes: tuple[str, ...] = ()


def alert_id(rule: str, story_id: str) -> str:
    """Id of the one alert of a rule on a story: the same in every run."""
    return stable_id("alert", rule, story_id)


def is_due(before: Alert | None, story: Story, terms: RuleTerms) -> bool:
    """Say whether a story that a rule matched calls for a revision."""
    if before is None:
        return FIRST in terms.when or story.state in terms.when
    return story.state in terms.when and (before.state, before.flags) != (story.state, story.flags)


def first_alert(
    story: Story, item: Item, match: Match, reports: Sequence[Report], terms: RuleTerms, now: datetime
) -> Alert:
    """First revision, with the words of the item that made the rule true."""
    return Alert(
        alert_id=alert_id(terms.name, story.story_id),
        revision=1,
        rule=terms.name,
        severity=terms.severity,
        state=story.state,
        flags=story.flags,
        story_id=story.story_id,
        title=story.title,
        line=line(story, reports),
        url=reports[0].url if reports else item.link,
        interests=story.interests,
        independent=story.independent,
        reports=tuple(reports[:_REPORTS_SHOWN]),
        report_count=story.report_count,
        evidence=tuple(words for words in match.evidence if words.field == "title" or words.end <= _TEXT_SHOWN),
        evidence_title=item.title,
        evidence_text=item.text[:_TEXT_SHOWN],
        countries=story.countries,
        routes=terms.routes,
        raised_at=now,
        caused_fetched_at=item.fetched_at,
        caused_published_at=item.published_at,
    )


def revised(
    before: Alert, story: Story, item: Item, reports: Sequence[Report], terms: RuleTerms, now: datetime
) -> Alert:
    """Next revision of an alert: who says so now, the evidence as it was."""
    return replace(
        before,
        revision=before.revision + 1,
        severity=terms.severity,
        state=story.state,
        flags=story.flags,
        line=line(story, reports),
        interests=story.interests,
        independent=story.independent,
        reports=tuple(reports[:_REPORTS_SHOWN]),
        report_count=story.report_count,
        countries=story.countries,
        routes=terms.routes,
        raised_at=now,
        caused_fetched_at=item.fetched_at,
        caused_published_at=item.published_at,
    )


def line(story: Story, reports: Sequence[Report]) -> str:
    """One sentence that says who says so, in order of report."""
    if not reports:
        return ""
    first = reports[0]
    parts = [f"First: {first.source} ({voice(first.interest)})"]
    told = {first.interest}
    for report in reports[1:]:
        if report.copy_of or report.is_edit or report.interest in told:
            continue
        told.add(report.interest)
        delay_seconds = (report.fetched_at - first.fetched_at).total_seconds()
        parts.append(f"{_delay(delay_seconds)} {report.source} ({voice(report.interest)})")
    closing = {
        AlertState.SINGLE_SOURCE: "nobody else confirms it yet",
        AlertState.PARTY_CONFIRMED: "confirmed by another party, no independent report yet",
        AlertState.INDEPENDENT: f"{story.independent} independent of {len(story.interests)} interests",
    }.get(story.state, str(story.state))
    return f"{'; '.join(parts)} — {closing}."


def _delay(seconds: float) -> str:
    if seconds < 90:
        return f"+{max(0, round(seconds))} s"
    return f"+{round(seconds / 60)} min" if seconds < 5400 else f"+{round(seconds / 3600)} h"
