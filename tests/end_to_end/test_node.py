"""A whole node under fire: every process and the store killed at random, the store away, the disk full."""

from __future__ import annotations

import os
import random
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from connectors.codec import decode
from connectors.log import names
from connectors.records import Alert
from pipelines.model import Story
from pipelines.node_testing import Node, Published, Site, free_port

KILLS = int(os.environ.get("WIREWATCH_KILLS", "10"))
ENTRIES = 20_000
FEEDS = [f"state-{number}" for number in range(20)] + [f"news-{number}" for number in range(20)]
SECRET = "whsec_" + "dGhpcyBpcyBhIHRlc3Qgc2VjcmV0IG9mIG91cnM="
STORE_AWAY_SECONDS = 30 if os.environ.get("CI") else 7
CONFIG = """
feeds:
  files: [feeds.yaml]
  use_default_catalogue: false
  allow_networks: [127.0.0.0/8]
  hot_floor: 300ms
  hot_ceiling: 300ms
  host_parallel: 8
  host_delay: 0s
  lease: 3s
rules: [rules.yaml]
deliver:
  allow_networks: [127.0.0.0/8]
  sinks:
    - {{name: receiver, kind: webhook, url: "{hook}", secret: "{secret}", parallel: 16}}
desk: {{port: {port}}}
"""
RULES = """
rules:
  - name: envoys
    severity: high
    query: envoy* AND country:IR
"""


@pytest.fixture
def site() -> Iterator[Site]:
    opened = Site(FEEDS, SECRET)
    yield opened
    opened.stop()


@pytest.fixture
def node(site: Site, tmp_path: Path) -> Iterator[Node]:
    port = free_port()
    feeds = ["feeds:"]
    for feed in FEEDS:
        interest = "state:IR" if feed.startswith("state") else f"private:{feed}"
        feeds.append(
            f"  - {{id: {feed}, url: '{site.url}/{feed}.xml', title: {feed}, source: {feed}, language: en,"
            f" interest: '{interest}', tier: hot}}"
        )
    (tmp_path / "feeds.yaml").write_text("\n".join(feeds))
    (tmp_path / "rules.yaml").write_text(RULES)
    config = tmp_path / "wirewatch.yaml"
    config.write_text(CONFIG.format(hook=site.receiver.url, secret=SECRET, port=port))
    opened = Node(tmp_path, config, port)
    opened.start()
    yield opened
    opened.stop()


class Happenings:
    """Entries of all feeds, step by step: one in ten is an envoy's arrival that two outlets report."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        letters = "abcdefghiklmnoprstuvz"
        self._words = ["".join(chance.choices(letters, k=chance.randint(5, 10))) for _ in range(6000)]
        self._numbers = dict.fromkeys(FEEDS, 0)

    def step(self, site: Site, per_feed: int) -> int:
        """Publish entries in every feed; how many."""
        for state, news in zip(FEEDS[:20], FEEDS[20:], strict=True):
            pairs = [self._pair(place % 10 == 0) for place in range(per_feed)]
            site.publish(state, [self._published(state, title, text) for title, text, _ in pairs])
            site.publish(news, [self._published(news, title, text) for title, _, text in pairs])
        return per_feed * len(FEEDS)

    def _pair(self, is_envoy: bool) -> tuple[str, str, str]:
        chance = self._chance
        title = " ".join(chance.sample(self._words, 6)).capitalize()
        if is_envoy:
            title = f"{title}: envoy reaches Iran"
        return title, " ".join(chance.sample(self._words, 12)), " ".join(chance.sample(self._words, 12))

    def _published(self, feed: str, title: str, text: str) -> Published:
        self._numbers[feed] += 1
        return Published(f"{feed}-{self._numbers[feed]}", title, text, format_datetime(datetime.now(UTC)))


def assert_alerts_are_whole(node: Node, site: Site) -> None:
    """No revision missing, none twice, each delivered, and each alert where its story stands."""
    raised = node.raised()
    outbox_keys = Counter(alert.key for alert in raised)
    assert len(outbox_keys) > 100
    assert set(outbox_keys.values()) == {1}
    latest: dict[str, Alert] = {}
    for alert in raised:
        before = latest.get(alert.alert_id)
        assert alert.revision == (before.revision + 1 if before else 1)
        latest[alert.alert_id] = alert
    for alert in latest.values():
        story = decode(Story, cast("Any", node.client.get(names.story(alert.story_id))))
        assert (alert.state, alert.flags) == (story.state, story.flags)
        assert alert.alert_id in story.alerts
    node.until("every revision was delivered", lambda: set(site.receiver.keys) >= set(outbox_keys), 120)
    assert set(site.receiver.keys) == set(outbox_keys)
    bodies: dict[str, Any] = {}
    for delivery in site.receiver.deliveries:
        assert delivery.is_signed
        assert bodies.setdefault(delivery.key, delivery.body["data"]) == delivery.body["data"]


@pytest.mark.kills
@pytest.mark.timeout(1500)
def test_kills_at_random_points_lose_nothing_and_double_nothing(node: Node, site: Site) -> None:
    seed = int(os.environ.get("WIREWATCH_SEED", random.randrange(1 << 30)))
    print(f"WIREWATCH_SEED={seed}")
    chance = random.Random(seed)
    happenings = Happenings(chance)
    node.until("the node was ready", lambda: node.readiness()[0] == 200, 90)
    published, killed = 0, Counter[str]()
    per_feed = ENTRIES // len(FEEDS) // (KILLS + 1)
    for _ in range(KILLS):
        published += happenings.step(site, per_feed)
        before = node.ask(node.appended)
        node.until("entries came in", lambda before=before: node.appended() > before, 60)  # type: ignore[misc]
        victim = chance.choice(["poll", "items", "stories", "deliver", "store"])
        node.until(f"{victim} lived", lambda victim=victim: victim in node.pids(), 60)  # type: ignore[misc]
        # Somewhere inside the work that the step caused.
        signal.sigtimedwait([], chance.uniform(0.0, 0.8))
        node.until(f"{victim} lived", lambda victim=victim: victim in node.pids(), 60)  # type: ignore[misc]
        os.kill(node.pids()[victim], signal.SIGKILL)
        killed[victim] += 1
    published += happenings.step(site, ENTRIES // len(FEEDS) - KILLS * per_feed)
    assert published == ENTRIES
    node.until("every entry was settled", lambda: node.is_settled(ENTRIES), 300)
    print(f"killed: {dict(killed)}; items: {node.outcomes('items')}; stories: {node.outcomes('stories')}")
    items = node.outcomes("items")
    assert node.appended() == items.pop("read") == sum(items.values()) == ENTRIES
    stories = node.outcomes("stories")
    assert stories.pop("read") == sum(stories.values())
    assert_alerts_are_whole(node, site)


@pytest.mark.timeout(300)
def test_store_away_is_waited_for_and_full_disk_is_said(node: Node, site: Site) -> None:
    happenings = Happenings(random.Random(11))
    node.until("the node was ready", lambda: node.readiness()[0] == 200, 90)
    published = happenings.step(site, 10)
    node.until("the first entries were settled", lambda: node.is_settled(published), 60)

    pids = node.pids()
    os.kill(pids["store"], signal.SIGSTOP)
    try:
        published += happenings.step(site, 10)
        signal.sigtimedwait([], STORE_AWAY_SECONDS)
    finally:
        os.kill(pids["store"], signal.SIGCONT)
    node.until("all went on", lambda: node.is_settled(published), 60)
    assert node.pids() == pids

    store = psutil.Process(pids["store"])
    limits = store.rlimit(resource.RLIMIT_FSIZE)
    store.rlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        published += happenings.step(site, 10)
        node.until("readiness said so", lambda: node.readiness()[0] == 503, 60)
        assert "aof" in str(node.readiness()[1]).lower() or "write" in str(node.readiness()[1]).lower()
    finally:
        store.rlimit(resource.RLIMIT_FSIZE, limits)
    node.until("the node was ready again", lambda: node.readiness()[0] == 200, 90)
    node.until("nothing was lost", lambda: node.is_settled(published), 90)
    assert node.appended() == published
    node.until("outcomes are whole", lambda: sum(node.outcomes("items").values()) == 2 * published, 10)


@pytest.mark.timeout(120)
def test_node_stops_cleanly_within_its_time(node: Node) -> None:
    node.until("the node was ready", lambda: node.readiness()[0] == 200, 90)
    pids = node.pids()
    assert set(pids) == {"poll", "items", "stories", "deliver", "desk", "store"}
    assert node.stop() == 0
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert "process_killed" not in node.log_tail(200)
