"""Names that no list has, on the page: which are shown, what is said of them, and that they stay text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from connectors.codec import encode
from connectors.log import names
from desk.testing import START, Newsroom, ask, serving
from desk.unlisted import frequent
from pipelines.entities.unlisted import Marked, unlisted
from pipelines.model import UnlistedNames
from pipelines.ner.lane import LANE
from pipelines.ner.settings import NerSettings
from pipelines.settings import Settings

PAYLOAD = "<script>alert(1)</script>"


@pytest.fixture
def desk(redis_url: str) -> Iterator[str]:
    """A desk of a node that has the lane."""
    with serving(Settings(ner=NerSettings({"en": "model"})), redis_url) as address:
        yield address


def told(item_id: str, title: str, *found: tuple[str, str], url: str = "https://outlet.example/1") -> UnlistedNames:
    """An item whose title holds those names with the model's labels."""
    marks = [Marked(title.index(name), title.index(name) + len(name), label) for name, label in found]
    return UnlistedNames(item_id, "feed", url, title, "en", START, unlisted(title, [], marks, "title"))


def keep(newsroom: Newsroom, *items: UnlistedNames) -> None:
    for each in items:
        newsroom.client.xadd(names.UNLISTED, {names.FIELD: encode(each)})


def shown(*items: UnlistedNames, most: int = 40) -> list[tuple[str, str, int, str]]:
    found = frequent(items, lambda name, language: False, most)
    return [(one.name, one.kind, one.items, one.title) for one in found]


def test_names_are_counted_by_item_and_the_newest_is_the_example() -> None:
    vantry = ("Olmar Vantry", "PERSON")
    assert shown(
        told("c", "Olmar Vantry leaves", ("Olmar Vantry", "ORG")),
        told("b", "OLMAR VANTRY and Nimbrod", ("OLMAR VANTRY", "PERSON"), ("Nimbrod", "ORG")),
        told("a", "Olmar Vantry comes to Zorb", vantry, ("Zorb", "GPE")),
        told("a", "Olmar Vantry comes", vantry),
    ) == [
        ("Olmar Vantry", "person", 3, "Olmar Vantry leaves"),
        ("Nimbrod", "org", 1, "OLMAR VANTRY and Nimbrod"),
        ("Zorb", "place", 1, "Olmar Vantry comes to Zorb"),
    ]


def test_only_the_most_frequent_are_shown() -> None:
    items = [told(f"{name}{number}", name, (name, "PER")) for name, count in (("Ab", 1), ("Cd", 3), ("Ef", 2))
             for number in range(count)]  # fmt: skip
    assert [name for name, *_ in shown(*items, most=2)] == ["Cd", "Ef"]


def test_page_shows_names_with_kind_count_and_a_title_to_add_them(desk: str, newsroom: Newsroom) -> None:
    keep(newsroom, *(told(f"i{number}", "Olmar Vantry speaks", ("Olmar Vantry", "PERSON")) for number in range(3)))
    newsroom.client.xadd(names.UNLISTED, {names.FIELD: b"{of another version"})
    newsroom.client.hset(names.outcomes(LANE), mapping={"read": 1200, "found": 3, "nothing": 1190, "behind": 7})
    page = ask(f"{desk}/names").text
    section = page[page.index('id="unlisted"') :]
    assert re.search(r'lang="en">Olmar Vantry</bdi></th><td>person</td><td class="number">3</td>', section)
    assert "Olmar Vantry speaks</bdi></a>" in section
    assert "newest 3 items" in section
    assert re.search(r"1.200 items were read so far, 7 of them left out", section)
    [link] = re.findall(r'href="(/names\?section[^"]+)"', section)
    editor = ask(desk + link.replace("&amp;", "&")).text
    assert ">en: Olmar Vantry</textarea>" in editor
    assert "<option selected>persons</option>" in editor


def test_name_that_was_added_since_is_shown_no_more(desk: str, newsroom: Newsroom) -> None:
    keep(newsroom, told("a", "Olmar Vantry and Yanna Quill", ("Olmar Vantry", "PERSON"), ("Yanna Quill", "PERSON")))
    assert "Olmar Vantry</bdi></th>" in ask(f"{desk}/names").text
    body = json.dumps({"names": {"en": "Olmar Vantry"}, "country": "GB", "author": "Ana"}).encode()
    assert ask(f"{desk}/api/v1/names/persons/olmar-vantry", "PUT", body).status == 200
    page = ask(f"{desk}/names").text
    assert "Olmar Vantry</bdi></th>" not in page
    assert "Yanna Quill</bdi></th>" in page


def test_nothing_kept_yet_is_said(desk: str) -> None:
    assert "None yet." in ask(f"{desk}/names").text


def test_page_of_a_node_without_the_lane_says_nothing_of_it(redis_url: str, newsroom: Newsroom) -> None:
    keep(newsroom, told("a", "Olmar Vantry", ("Olmar Vantry", "PERSON")))
    with serving(Settings(), redis_url) as address:
        assert "no list has" not in ask(f"{address}/names").text


class Tags(HTMLParser):
    """What a browser would see as tags."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str]] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name) for name, _ in attrs]
        self.addresses += [value or "" for name, value in attrs if name == "href"]


def test_what_feeds_wrote_comes_out_as_text(desk: str, newsroom: Newsroom) -> None:
    hostile: list[tuple[str, str]] = [
        (f"{PAYLOAD} Vantry", "https://outlet.example/1"),
        ("\" onmouseover=alert(1) 'Vantry", "javascript:alert(1)"),
        ("Van\u202etry </textarea><img src=x onerror=alert(1)>", "data:text/html,x"),
    ]
    keep(newsroom, *(told(f"i{number}", title, (title, "PERSON"), url=url)
                     for number, (title, url) in enumerate(hostile)))  # fmt: skip
    page = ask(f"{desk}/names").text
    links: list[Any] = re.findall(r'href="(/names\?section[^"]+)"', page)
    assert len(links) == 3
    for text in (page, *(ask(desk + link.replace("&amp;", "&")).text for link in links)):
        assert "\u202e" not in text
        tags = Tags()
        tags.feed(text)
        assert not [name for _, name in tags.attributes if name.startswith("on")]
        assert [tag for tag, name in tags.attributes if name == "src"].count("img") == 1
        assert not [value for value in tags.addresses if not value.startswith(("/", "#", "https://"))]
        assert "<script>alert" not in text
    assert ask(f"{desk}/names?section={PAYLOAD[:20]}&name={PAYLOAD}&language=%22%3E").text.count("<script>alert") == 0
