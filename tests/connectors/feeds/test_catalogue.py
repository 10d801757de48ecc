"""Feed lists: what is read, what is refused and where the fault stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.errors import SettingsError
from connectors.feeds.catalogue import catalogue_yaml, default_catalogue, load_catalogue, load_feeds
from connectors.feeds.feed import Feed, Tier
from connectors.feeds.settings import FeedsSettings
from connectors.settings import read


def _written(folder: Path, text: str, name: str = "feeds.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _faults(*paths: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_catalogue(paths)
    return [str(fault).replace(f"{paths[0].parent}/", "") for fault in caught.value.faults]


def test_feed_is_read_with_its_labels(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        """
feeds:
  - id: nour
    url: "https://nournews.example/rss"
    title: World
    source: Nour News
    language: fa
    country: IR
    interest: "state:IR"
    control: SC
    tier: hot
    basis: "by hand"
    labelled_on: "2026-11-24"
""",
    )
    assert load_catalogue([path]) == (
        Feed(
            "nour", "https://nournews.example/rss", "World", "Nour News", "fa", "IR", "state:IR", "SC", Tier.HOT,
            "by hand", "2026-11-24",
        ),
    )  # fmt: skip


def test_unlabelled_feeds_of_one_outlet_are_one_unknown_interest(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        """
feeds:
  - {id: a, url: "https://www.news.example/world", source: The News}
  - {id: b, url: "https://www.news.example/sport", source: The News}
  - {id: c, url: "https://www.other.example/rss"}
""",
    )
    feeds = load_catalogue([path])
    assert [feed.interest for feed in feeds] == ["unknown:the-news", "unknown:the-news", "unknown:other.example"]
    assert feeds[2].source == "other.example"


def test_every_mistake_is_listed_with_its_line(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        """feeds:
  - id: a
    url: ftp://news.example/rss
  - id: b
    url: https://news.example/rss
    langauge: en
  - id: b c
    url: https://news.example/rss
  - url: https://news.example/2
  - id: d
    url: https://news.example/3
    tier: warm
    control: XX
  - id: e
    url: https://news.example/4
    interest: "iran"
  - id: f
    url: https://news.example/5
  - id: f
    url: https://news.example/6
  - id: g
    url: https://news.example/5
""",
    )
    assert _faults(path) == [
        "feeds.yaml:3: feeds[0].url: expected an http or https URL, got 'ftp://news.example/rss'",
        "feeds.yaml:6: feeds[1].langauge: unknown setting; did you mean 'language'?",
        "feeds.yaml:7: feeds[2].id: expected letters, digits and . _ : - (at most 100), got 'b c'",
        "feeds.yaml:9: feeds[3].id: required: Name of the feed, for ever: state and entries are kept under it.",
        "feeds.yaml:12: feeds[4].tier: expected one of hot, normal, slow, got 'warm'",
        "feeds.yaml:13: feeds[4].control: expected one of SC, CaPu, CaPr, ISFM, ISF, ISM, IP, private, got 'XX'",
        "feeds.yaml:16: feeds[5].interest: expected state:XX, private:name, public:name or the like, got 'iran'",
        "feeds.yaml:19: id: f was given before, at feeds.yaml:17",
        "feeds.yaml:21: url: https://news.example/5 was given before, at feeds.yaml:17",
    ]


def test_mistakes_of_all_files_are_listed_together(tmp_path: Path) -> None:
    first = _written(tmp_path, 'feeds:\n  - {id: a, url: "https://a.example/"}\n', "a.yaml")
    second = _written(tmp_path, 'feeds:\n  - {id: a, url: "https://b.example/"}\n', "b.yaml")
    third = _written(tmp_path, "feed: []\n", "c.yaml")
    assert _faults(first, second, third, tmp_path / "none.yaml") == [
        "b.yaml:2: id: a was given before, at a.yaml:2",
        "c.yaml:1: feed: unknown; did you mean 'feeds'",
        "none.yaml: cannot be read: No such file or directory",
    ]


def test_printed_list_is_read_as_it_was(tmp_path: Path) -> None:
    feeds = default_catalogue()
    assert load_catalogue([_written(tmp_path, catalogue_yaml(feeds))]) == feeds
    assert load_catalogue([_written(tmp_path, catalogue_yaml([]))]) == ()


def test_default_catalogue_is_large_and_labelled() -> None:
    feeds = default_catalogue()
    assert len(feeds) >= 150
    assert {feed.interest.partition(":")[0] for feed in feeds} >= {"state", "public", "private", "unknown"}
    assert all(feed.basis and feed.labelled_on for feed in feeds if not feed.interest.startswith("unknown:"))


def test_desk_replaces_and_disables_feeds_of_the_default_catalogue(tmp_path: Path) -> None:
    first, second = default_catalogue()[:2]
    path = _written(
        tmp_path,
        f"feeds:\n  - {{id: {first.id}, url: 'https://mine.example/'}}\n"
        f"  - {{id: off, url: '{second.url}', enabled: false}}\n",
    )
    feeds = {feed.id: feed for feed in load_feeds(FeedsSettings(files=(str(path),)))}
    assert feeds[first.id].url == "https://mine.example/"
    assert second.id not in feeds
    assert "off" not in feeds
    assert len(load_feeds(FeedsSettings(files=(str(path),), use_default_catalogue=False))) == 1


def test_settings_that_contradict_each_other_are_faults(tmp_path: Path) -> None:
    path = _written(tmp_path, "hot_floor: 10m\nallow_networks: [10.0.0.1/8]\ncontact: me (at home)\n")
    with pytest.raises(SettingsError) as caught:
        read(FeedsSettings, path)
    assert [(fault.line, fault.where) for fault in caught.value.faults] == [
        (1, "hot_ceiling"),
        (2, "allow_networks"),
        (3, "contact"),
    ]


def test_key_feeds_given_twice_is_a_mistake(tmp_path: Path) -> None:
    path = _written(tmp_path, 'feeds:\n- {id: a, url: "https://news.example/1"}\nfeeds:\n- {id: b, url: x}\n')
    assert _faults(path) == [
        "feeds.yaml:3: feeds: given twice",
        "feeds.yaml:4: feeds[1].url: expected an http or https URL, got 'x'",
    ]
