"""Relative links against bases: what is joined without a URL parser is what one would make of it."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feeds.faults import ParseFault
from connectors.feeds.links import absolute

_PIECES = ("/", "//", ".", "..", "a", "b-c.xml", "#f", "?q", "%2e", "é")
_LINKS = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)
_PATHS = st.just("") | st.lists(st.sampled_from((*_PIECES, "#", "?", ";")), max_size=8).map(lambda p: "/" + "".join(p))
_ORIGINS = st.sampled_from(
    ["https://news.example", "http://news.example:8080", "HTTPS://u@news.example", "https://[::1]"]
)


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("b", "https://news.example/feeds/b"),
        ("b/c.png", "https://news.example/feeds/b/c.png"),
        ("/b", "https://news.example/b"),
        ("../b", "https://news.example/b"),
        ("#part", "https://news.example/feeds/all.xml?x=1#part"),
        ("?y", "https://news.example/feeds/all.xml?y"),
        ("//cdn.example/b", "https://cdn.example/b"),
    ],
)
def test_relative_link_is_resolved_as_a_browser_does(link: str, url: str) -> None:
    assert absolute(link, "https://news.example/feeds/all.xml?x=1#top", []) == url


@given(_ORIGINS, _PATHS, _LINKS)
def test_relative_link_is_what_a_url_parser_makes_of_it(origin: str, path: str, link: str) -> None:
    assert absolute(link, origin + path, []) == (urljoin(origin + path, link) if link else "")


def test_relative_link_without_a_base_is_a_fault() -> None:
    faults: list[ParseFault] = []
    assert [absolute(link, "", faults) for link in ("a", "/a", "#a")] == ["", "", ""]
    assert faults == [ParseFault.UNSAFE_LINK] * 3
