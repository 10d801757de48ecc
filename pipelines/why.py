"""What became of a link: not fetched, a copy, in which story, which alerts, which rules missed and by what."""

from __future__ import annotations

from typing import Any, cast

import redis

from connectors.codec import decode
from connectors.errors import Fault, SettingsError
from connectors.keys import canonical_url, stable_id
from connectors.log import names
from connectors.log.connect import connect, unanswered
from connectors.records import Alert
from pipelines.memory import read_place, read_seen
from pipelines.model import Item, Place, Story
from pipelines.rule_shelf import RuleShelf
from pipelines.rules.explain import missed
from pipelines.saved_rules import SavedRules
from pipelines.settings import Settings, rule_files

_LOOK_BACK = 5000


def explain(redis_url: str, link: str, settings: Settings) -> dict[str, Any]:
    """Say what became of a link, as one JSON object.

    Errors: SettingsError for something that is no http(s) link, RetryableError where the store is away.
    """
    url = canonical_url(link)
    if not url:
        raise SettingsError([Fault("why", 0, "url", f"expected an http or https link, got {link!r}")])
    client = connect(redis_url)
    try:
        return _explained(client, link, url, settings)
    except redis.RedisError as error:
        raise unanswered(error) from error
    finally:
        client.close()


def _explained(client: redis.Redis, link: str, url: str, settings: Settings) -> dict[str, Any]:
    item_id = stable_id(url)
    seen = cast("bytes | None", client.get(names.seen(item_id)))
    # An argument's bytes that are no UTF-8 arrive as lone surrogates, which nothing can print.
    told: dict[str, Any] = {"link": link.encode(errors="replace").decode(), "url": url}
    if seen is None:
        return told | {"became": "not seen: no feed gave this link, or longer ago than seen_memory"}
    _, outcome = read_seen(seen.decode())
    told |= {"item_id": item_id, "items": outcome}
    raw = cast("bytes | None", client.get(names.place(item_id)))
    if raw is None:
        if outcome.startswith("dropped"):
            return told | {"became": f"dropped by the items pipeline: {outcome.partition(':')[2]}"}
        return told | {
            "became": "read by the items pipeline; the same words from the same outlet were placed before, or it waits"
        }
    place = read_place(raw)
    told |= {"story_id": place.story_id, "stories": str(place.outcome), "rules": list(place.rules)}
    if place.copy_of:
        told["copy_of"] = place.copy_of
    raw = cast("bytes | None", client.get(names.story(place.story_id)))
    if raw is not None:
        story = decode(Story, raw)
        told |= {"story": story.title, "state": str(story.state), "interests": list(story.interests)}
        told["alerts"] = [_alert(client, alert_id) for alert_id in story.alerts]
    told["raised"] = list(place.raised)
    item = _item(client, item_id)
    if item is not None:
        rules = RuleShelf(rule_files(settings), SavedRules(client)).read().rules
        told["missed"] = {rule.name: missed(rule, item) for rule in rules if rule.name not in place.rules}
    return told | {"became": _became(told, place)}


def _became(told: dict[str, Any], place: Place) -> str:
    if place.copy_of:
        return "a copy: it stays in its original's story and is nobody's second voice"
    if place.raised:
        return f"raised {', '.join(place.raised)}"
    if place.rules:
        return "matched, but changed neither state nor flags of an alert: who says so is as before"
    return "in a story, matched by no rule"


def _alert(client: redis.Redis, alert_id: str) -> dict[str, Any]:
    raw = cast("bytes | None", client.get(names.alert(alert_id)))
    if raw is None:
        return {"alert_id": alert_id}
    alert = decode(Alert, raw)
    return {"alert_id": alert_id, "rule": alert.rule, "revision": alert.revision, "state": str(alert.state)}


def _item(client: redis.Redis, item_id: str) -> Item | None:
    """The item as it was matched, while the stream still has it among its newest."""
    wanted = item_id.encode()
    for _, fields in cast("list[Any]", client.xrevrange(names.ITEMS, count=_LOOK_BACK)):
        raw = fields[names.FIELD]
        if wanted in raw and (item := decode(Item, raw)).item_id == item_id:
            return item
    return None
