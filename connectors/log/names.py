"""Names of every Redis key and stream. One type per prefix, so that no command in a commit can fail."""

from __future__ import annotations

from connectors.keys import SHARDS, stable_id

# Streams; the one field of each holds one JSON record.
ITEMS = "items"
EVENTS = "events"
OUTBOX = "outbox"
DEAD = "dead"
# Names of items that no list has: written by the lane for them, capped, read by the desk.
UNLISTED = "unlisted"
# Only where a replay asks for it: what each pipeline decided of each entry.
TRACE = "trace"
FIELD = b"r"

# Sorted set of story ids by the event time (seconds) of their last report.
STORIES = "stories"
# Sorted set of alert ids by the event time (seconds) at which their last revision was raised.
ALERTS = "alerts"
# Hash: feed_id -> JSON FeedState, written with the feed's fence (``feed``) in one transaction.
FEEDS = "feeds"
# String with expiry: written by readiness checks, which must know whether the store takes writes.
PROBE = "probe:ready"
# Set: names of sinks that were ever served.
SINKS = "sinks"
# Hash: name -> JSON SavedRule, the rules that were saved from the page and are not deleted.
RULES = "rules"
# String: a random token, another one after each change of ``RULES``. No counter: one that begins anew in an
# emptied store would come to a number that somebody has seen.
RULES_CHANGE = "rules:change"
# Hash: "<list>/<id>" -> JSON SavedName, the own names that were saved from the page and are not deleted.
NAMES = "names"
# String: a random token, another one after each change of ``NAMES``.
NAMES_CHANGE = "names:change"

# Hash: rule -> microseconds an item, of the rules in the slow lane.
SLOW_RULES = "rules:slow"


def entries_stream(shard: int) -> str:
    """Stream of the entries of one shard."""
    return f"entries:{shard}"


def entries_streams() -> list[str]:
    """All entry streams, in shard order."""
    return [entries_stream(shard) for shard in range(SHARDS)]


def cursor(stream: str, reader: str = "") -> str:
    """String: "<last id> <serial> <entries read>", the committed position of a reader.

    "" is the one reader whose position decides what is trimmed; another one has a name.
    """
    return f"cursor:{stream}:{reader}" if reader else f"cursor:{stream}"


def outcomes(pipeline: str) -> str:
    """Hash: "read", and each outcome or "dropped:<reason>" -> count. Exact: written in the commit."""
    return f"outcomes:{pipeline}"


def seen(item_id: str) -> str:
    """String with expiry: what `items` remembers of a page."""
    return f"seen:{item_id}"


def place(item_id: str) -> str:
    """String with expiry: where `stories` put an item."""
    return f"place:{item_id}"


def words(fingerprint: str) -> str:
    """String with expiry: the item that first carried these words."""
    return f"words:{fingerprint}"


def guid(feed_id: str, entry_id: str) -> str:
    """String with expiry: the item that a feed's own id named."""
    return f"guid:{stable_id(feed_id, entry_id)}"


def story(story_id: str) -> str:
    """String with expiry: Story, as deflated JSON."""
    return f"story:{story_id}"


def reports(story_id: str) -> str:
    """List with expiry: StoryReport, as deflated JSON, in order of arrival."""
    return f"reports:{story_id}"


def alert(alert_id: str) -> str:
    """String with expiry: JSON Alert, the last revision."""
    return f"alert:{alert_id}"


def history(alert_id: str) -> str:
    """List with expiry: JSON Alert, every revision in order."""
    return f"history:{alert_id}"


def rule_history(name: str) -> str:
    """List: JSON SavedRule, every revision of a saved rule in order, deletions among them."""
    return f"rulehistory:{name}"


def name_history(name: str) -> str:
    """List: JSON SavedName, every revision of a saved entry in order, deletions among them."""
    return f"namehistory:{name}"


def lease(group: str) -> str:
    """String with expiry: token of the process that holds a group of streams or a feed."""
    return f"lease:{group}"


def queue(sink: str) -> str:
    """Stream: alerts that wait for one sink."""
    return f"queue:{sink}"


def retries(sink: str) -> str:
    """Hash: id in the sink's queue -> JSON of its tries so far. Absent: not tried yet."""
    return f"retries:{sink}"


def sink(name: str) -> str:
    """Hash: what is known of a sink's health: sent_at, failed_at, reason, detail, disabled_at."""
    return f"sink:{name}"


def reference(sink: str, alert_id: str) -> str:
    """String with expiry: what the sink's service needs to update that alert in place."""
    return f"reference:{sink} {alert_id}"


def feed(feed_id: str) -> str:
    """String: "<serial> <commit>", the feed's last commit; the poller's condition for the next."""
    return f"feed:{feed_id}"


def feed_seen(feed_id: str) -> str:
    """String: JSON mapping of a feed's entries to fingerprints of their words."""
    return f"feedseen:{feed_id}"
