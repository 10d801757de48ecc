"""RaiseAlerts: one alert per rule and story; a new revision when who says so changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

import apache_beam as beam
from apache_beam.pvalue import PCollection

from connectors.log import names
from connectors.log.log import RedisLog, shared_log
from connectors.records import Alert, Report
from pipelines.model import Match, StoryReport
from pipelines.stories.alerts import RuleTerms, alert_id, first_alert, is_due, revised
from pipelines.transforms.known import known, readable
from pipelines.transforms.pages import Arrival, ItemPage
from pipelines.transforms.rulebook import shared_rulebook

_REPORTS_READ = 40


def with_alerts(
    page: ItemPage,
    alerts: Mapping[str, Alert],
    terms: Callable[[str], RuleTerms | None],
    reports_before: Callable[[str], Sequence[Report]],
) -> ItemPage:
    """Raise what is due after each arrival.

    ``alerts`` are the last revisions known before the page, by id; ``reports_before`` gives the first
    reports that a story had then. A rule without terms is gone: it raises nothing new, and what it raised
    is revised for those who were told.
    """
    known = dict(alerts)
    told: dict[str, list[Report]] = {}
    # The stories were told on before alerts were raised: their snapshots lack what this page adds.
    added: dict[str, list[str]] = {}
    arrivals: list[Arrival] = []
    for arrival in page.arrivals:
        story, report, item = arrival.story, arrival.report, arrival.item
        assert story is not None
        assert report is not None
        told.setdefault(story.story_id, []).append(report)
        matches = {match.rule: match for match in item.matches}
        raised: list[Alert] = []
        # Rules that matched an earlier item, or this one, in the order in which they first did.
        for rule in story.rules:
            rule_terms, key = terms(rule), alert_id(rule, story.story_id)
            before = known.get(key)
            if rule_terms is None and before is not None:
                rule_terms = RuleTerms(rule, before.severity, routes=before.routes)
            if rule_terms is None or not is_due(before, story, rule_terms):
                continue
            reports = [*reports_before(story.story_id), *told[story.story_id]]
            if before is not None:
                alert = revised(before, story, item, reports, rule_terms, item.fetched_at)
            else:
                match = matches.get(rule) or Match(rule, "", ())
                alert = first_alert(story, item, match, reports, rule_terms, item.fetched_at)
            known[key] = alert
            raised.append(alert)
        ids = added.setdefault(story.story_id, list(story.alerts))
        ids += [alert.alert_id for alert in raised if alert.alert_id not in ids]
        arrivals.append(replace(arrival, raised=tuple(raised), story=replace(story, alerts=tuple(ids))))
    return replace(page, arrivals=tuple(arrivals))


class _RaiseAlertsFn(beam.DoFn):
    def __init__(self, redis_url: str, rule_files: tuple[str, ...], saved_rules_url: str) -> None:
        self._redis_url = redis_url
        self._rule_files = rule_files
        self._saved_rules_url = saved_rules_url

    def process(self, page: ItemPage) -> Iterator[ItemPage]:
        log = shared_log(self._redis_url)
        keys = {
            alert_id(rule, arrival.story_id)
            for arrival in page.arrivals
            if arrival.story is not None
            for rule in arrival.story.rules
        }
        ordered = sorted(keys)
        raws = log.mget([names.alert(key) for key in ordered])
        alerts = known(Alert, ordered, raws)
        terms = shared_rulebook(self._rule_files, self._saved_rules_url).terms
        yield with_alerts(page, alerts, terms, lambda story_id: _first_reports(log, story_id))


def _first_reports(log: RedisLog, story_id: str) -> list[Report]:
    raws = log.waiting(lambda: log.client.lrange(names.reports(story_id), 0, _REPORTS_READ - 1))
    return [kept.report for kept in readable(StoryReport, story_id, cast("list[bytes]", raws))]


class RaiseAlerts(beam.PTransform[PCollection[ItemPage], PCollection[ItemPage]]):
    """Raise and revise alerts.

    Shape:   PCollection[ItemPage] -> PCollection[ItemPage]; sets raised.
    Promise: alert_id is a hash of rule and story; a revision is due only when main state or flags
             change, and only in the states the rule fires on.
    """

    def __init__(self, redis_url: str, rule_files: tuple[str, ...], saved_rules_url: str = "") -> None:
        super().__init__()
        self._redis_url = redis_url
        self._rule_files = rule_files
        self._saved_rules_url = saved_rules_url

    def expand(self, pages: PCollection[ItemPage]) -> PCollection[ItemPage]:
        """Add the step."""
        raising = _RaiseAlertsFn(self._redis_url, self._rule_files, self._saved_rules_url)
        return pages | "Raise" >> beam.ParDo(raising).with_output_types(ItemPage)
