"""Raising: what is due after each arrival of a page, and for whom."""

from __future__ import annotations

from dataclasses import replace

from connectors.log.pages import Cursor, LogPage, Record
from connectors.records import Alert
from pipelines.model import Match, Outcome
from pipelines.sources.labels import Labels, Source
from pipelines.stories.alerts import RuleTerms
from pipelines.testing import START, entry
from pipelines.text.normalize import normalize
from pipelines.transforms.pages import Arrival, ItemPage
from pipelines.transforms.raise_alerts import with_alerts
from pipelines.transforms.weigh_sources import weighed

LABELS = Labels(
    {
        "nour": Source("nour-news", "Nour News", "state:IR", "SC"),
        "cnn": Source("cnn", "CNN", "private:cnn", "private"),
    }
)
TERMS = RuleTerms("visits", "high", routes=("desk",))


def told(*feeds: str) -> ItemPage:
    """A page on which these feeds tell one story that a rule matches."""
    record = Record("1-0", b"")
    arrivals = [
        Arrival(
            record,
            replace(normalize(entry(feed, number, "Patrushev lands in Tehran")), matches=(Match("visits", "v1", ()),)),
            Outcome.KEPT,
            "story",
        )
        for number, feed in enumerate(feeds, 1)
    ]
    source = LogPage("items", Cursor(), Cursor("1-0", 1, 1), START, (record,))
    return weighed(ItemPage(source, tuple(arrivals), ()), LABELS, {})


def raised(page: ItemPage) -> list[Alert]:
    return [alert for arrival in page.arrivals for alert in arrival.raised]


def test_rule_that_is_gone_raises_nothing_new() -> None:
    assert raised(with_alerts(told("nour", "cnn"), {}, lambda name: None, lambda story_id: ())) == []


def test_rule_that_is_gone_revises_what_it_raised_for_those_who_were_told() -> None:
    [first] = raised(with_alerts(told("nour"), {}, lambda name: TERMS, lambda story_id: ()))
    page = with_alerts(told("nour", "cnn"), {first.alert_id: first}, lambda name: None, lambda story_id: ())
    [second] = raised(page)
    assert (second.revision, second.severity, second.routes) == (2, "high", ("desk",))
