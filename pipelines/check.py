"""Checks everything that people write before anything starts: settings, rules, feed lists, models they name."""

from __future__ import annotations

from connectors.errors import Fault, SettingsError
from connectors.feeds.catalogue import load_feeds
from pipelines.entities.own import read_own
from pipelines.rules.load import load_rules
from pipelines.settings import Settings, rule_files


def check_files(settings: Settings) -> str:
    """Read rules and feed lists; one line that says what there is.

    Errors: SettingsError with the faults of all files together.
    """
    faults: list[Fault] = []
    rules, feeds = 0, 0
    try:
        rules = len(load_rules(rule_files(settings)))
    except SettingsError as error:
        faults += error.faults
    try:
        read_own(settings.names)
    except SettingsError as error:
        faults += error.faults
    try:
        feeds = len(load_feeds(settings.feeds))
    except SettingsError as error:
        faults += error.faults
    if settings.ner.is_on:
        from pipelines.ner.models import load_models

        try:
            load_models(settings.ner)
        except SettingsError as error:
            faults += error.faults
    if not faults and not feeds:
        faults.append(Fault("feeds", 0, "feeds.files", "expected at least one feed, got none"))
    if faults:
        raise SettingsError(faults)
    return f"{feeds} feeds, {rules} rules, {len(settings.deliver.sinks)} sinks; no mistakes"
