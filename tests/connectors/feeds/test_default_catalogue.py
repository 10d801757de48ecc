"""The catalogue that comes with the project: what it holds, and that its labels agree with each other."""

from __future__ import annotations

import pytest

from connectors.feeds.catalogue import default_catalogue
from connectors.feeds.feed import Feed
from connectors.keys import canonical_url

_OF_THE_STATE = {"SC", "CaPu", "CaPr"}
_PUBLIC = {"ISFM", "ISF", "ISM", "IP"}


@pytest.fixture(scope="module")
def feeds() -> tuple[Feed, ...]:
    return default_catalogue()


def test_there_are_at_least_150_feeds(feeds: tuple[Feed, ...]) -> None:
    assert len(feeds) >= 150


def test_ids_and_addresses_are_unique(feeds: tuple[Feed, ...]) -> None:
    assert len({feed.id for feed in feeds}) == len(feeds)
    assert len({canonical_url(feed.url) for feed in feeds}) == len(feeds)


def test_state_control_and_state_interest_go_together(feeds: tuple[Feed, ...]) -> None:
    wrong = [feed.id for feed in feeds if (feed.control in _OF_THE_STATE) != feed.interest.startswith("state:")]
    assert wrong == []


def test_public_and_private_newsrooms_carry_their_control(feeds: tuple[Feed, ...]) -> None:
    wrong = [
        feed.id
        for feed in feeds
        if (feed.control in _PUBLIC) != feed.interest.startswith("public:")
        or (feed.control == "private") != feed.interest.startswith("private:")
    ]
    assert wrong == []


def test_a_state_outlet_speaks_for_its_own_country(feeds: tuple[Feed, ...]) -> None:
    wrong = [
        feed.id for feed in feeds if feed.interest.startswith("state:") and feed.interest != f"state:{feed.country}"
    ]
    assert wrong == []


def test_one_outlet_has_one_interest(feeds: tuple[Feed, ...]) -> None:
    interests: dict[str, set[str]] = {}
    for feed in feeds:
        interests.setdefault(feed.source, set()).add(feed.interest)
    assert {source: found for source, found in interests.items() if len(found) > 1} == {}


def test_every_label_says_where_it_comes_from_and_when(feeds: tuple[Feed, ...]) -> None:
    labelled = [feed for feed in feeds if not feed.interest.startswith("unknown:")]
    assert len(labelled) >= 150
    assert [feed.id for feed in labelled if not feed.basis or not feed.labelled_on] == []
    assert [feed.id for feed in feeds if feed not in labelled and (feed.control or feed.basis)] == []


def test_every_feed_says_its_language_and_outlet(feeds: tuple[Feed, ...]) -> None:
    assert [feed.id for feed in feeds if not (feed.language and feed.source and feed.title)] == []
    assert {"en", "ru", "uk", "fa", "ar", "zh", "tr", "fr", "de", "es"} <= {feed.language for feed in feeds}


@pytest.mark.parametrize(
    ("feed_id", "interest"),
    [
        ("tass-ru", "state:RU"),
        ("rt-en", "state:RU"),
        ("irna-fa", "state:IR"),
        ("nour-news", "state:IR"),
        ("xinhua-en", "state:CN"),
        ("bbc-world", "public:bbc"),
        ("rferl", "public:rferl"),
        ("cnn-world", "private:cnn"),
        ("isw", "private:isw"),
        ("us-state-dept", "state:US"),
        ("iaea", "org:iaea"),
    ],
)
def test_well_known_voices_are_labelled(feeds: tuple[Feed, ...], feed_id: str, interest: str) -> None:
    assert {feed.id: feed.interest for feed in feeds}[feed_id] == interest
