"""Canonical URLs, dedup keys and shards: what is the same page, and what is not."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.keys import SHARDS, canonical_url, dedup_key, fingerprint, shard_of, stable_id

SAME = [
    ("http://www.News.example/World/?utm_source=rss&id=7#top", "https://news.example/World?id=7"),
    ("https://news.example:443/a", "https://news.example/a"),
    ("http://news.example:80/a", "https://news.example/a"),
    ("https://news.example:8443/a", "https://news.example:8443/a"),
    ("https://news.example", "https://news.example"),
    ("https://news.example/", "https://news.example"),
    ("https://news.example//", "https://news.example"),
    ("https://news.example/a/./b/../c/", "https://news.example/a/c"),
    ("https://news.example/../../a", "https://news.example/a"),
    ("https://m.news.example/a", "https://news.example/a"),
    ("https://amp.news.example/a", "https://news.example/a"),
    ("https://news.example/a/amp/", "https://news.example/a"),
    ("https://news.example/a.amp.html", "https://news.example/a.html"),
    ("https://news.example/a?b=2&a=1&b=1", "https://news.example/a?a=1&b=1&b=2"),
    ("https://news.example/a?fbclid=x&gclid=y", "https://news.example/a"),
    ("https://news.example/a?empty=", "https://news.example/a?empty="),
    ("https://news.example./a", "https://news.example/a"),
    ("https://пример.example/новости", "https://xn--e1afmkfd.example/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
    ("https://news.example/%D0%BD", "https://news.example/%D0%BD"),
    ("https://news.example/%d0%bd", "https://news.example/%D0%BD"),
    ("https://news.example/a%2Fb", "https://news.example/a%2Fb"),
    ("https://news.example/a b", "https://news.example/a%20b"),
    ("https://news.example/a%7Eb", "https://news.example/a~b"),
    ("https://user:secret@news.example/a", "https://news.example/a"),
    ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
    (" https://news.example/a ", "https://news.example/a"),
    ("https://news.example/a?q=a+b", "https://news.example/a?q=a+b"),
    ("https://news.example/a?q=%E4", "https://news.example/a?q=%E4"),
    ("https://news.example/.../a", "https://news.example/.../a"),
    ("https://news.example/.well-known/a", "https://news.example/.well-known/a"),
    ("https://m.uk/a", "https://m.uk/a"),
]
NO_PAGE = [
    "",
    "news",
    "mailto:a@b.example",
    "javascript:alert(1)",
    "http://",
    "https://[",
    "http://a:99999999/",
    "//a/b",
]

hosts = st.sampled_from(
    ["news.example", "www.news.example", "m.www2.news.example", "amp.a.example", "[::1]", "пример.example", "1.2.3.4"]
)
tails = st.text(st.sampled_from("ab/.%2Ff5?&=#+;~ éж\\amp_utm:@!'\"<>[]|\x00\n\t"), max_size=30)
links = st.builds(
    lambda scheme, host, port, tail: f"{scheme}://{host}{port}/{tail}",
    st.sampled_from(["http", "https", "HTTP"]),
    hosts,
    st.sampled_from(["", ":80", ":443", ":8080"]),
    tails,
)


@pytest.mark.parametrize(("link", "name"), SAME)
def test_page_has_one_name(link: str, name: str) -> None:
    assert canonical_url(link) == name


@pytest.mark.parametrize("link", NO_PAGE)
def test_what_is_no_web_page_has_no_name(link: str) -> None:
    assert canonical_url(link) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://news.example/a", "https://news.example/b"),
        ("https://news.example/a?id=1", "https://news.example/a?id=2"),
        ("https://news.example/A", "https://news.example/a"),
        ("https://news.example/a%2Fb", "https://news.example/a/b"),
        ("https://en.news.example/a", "https://ru.news.example/a"),
        ("https://news.example/a%3Fb", "https://news.example/a?b"),
        ("https://news.example/a?q=a%26b=c", "https://news.example/a?q=a&b=c"),
        ("https://news.example/a?q=%E4", "https://news.example/a?q=%F6"),
    ],
)
def test_different_pages_have_different_names(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


@given(links | st.text())
@example("http://m.m.a.b/")
@example("http://a.example/amp/amp")
@example("http://a.example/.amp/.amp.html")
@example("http://a.example/%2e%2e/a")
@example("http://a.example/a/%2E/b")
@example("http://a.example/?q=\ud800")
def test_name_of_a_name_is_itself(link: str) -> None:
    once = canonical_url(link)
    assert canonical_url(once) == once


@given(links | st.text())
def test_name_is_a_plain_https_url_or_nothing(link: str) -> None:
    name = canonical_url(link)
    if name:
        parts = urlsplit(name)
        assert parts.scheme == "https"
        assert parts.hostname
        assert "@" not in parts.netloc
        assert not parts.fragment
        assert name.isascii()
        assert name.isprintable()
        assert " " not in name


@given(links)
def test_scheme_and_fragment_and_trackers_do_not_matter(link: str) -> None:
    bare = link.partition("#")[0].strip()
    mark = "&" if "?" in bare else "?"
    assert canonical_url(f"{bare}{mark}utm_medium=rss#part") == canonical_url(bare)


def test_entry_without_a_link_is_known_by_its_feed_and_id() -> None:
    assert dedup_key("a", "1", "") == dedup_key("a", "1", "javascript:x") != dedup_key("b", "1", "")
    assert dedup_key("a", "1", "https://news.example/x") == dedup_key("b", "2", "http://www.news.example/x/")


@given(st.text(), st.integers(1, 64))
def test_shard_lies_in_range(key: str, shards: int) -> None:
    assert 0 <= shard_of(key, shards) < shards


def test_shards_stay_as_they_are_for_ever_and_are_all_used() -> None:
    assert [shard_of(key) for key in ("https://news.example/a", "feed 1", "")] == [4, 5, 5]
    assert {shard_of(f"https://news.example/{number}") for number in range(500)} == set(range(SHARDS))


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_ids_are_stable_and_tell_parts_apart(parts: list[str]) -> None:
    assert stable_id(*parts) == stable_id(*parts)
    assert len(stable_id(*parts)) == 20
    assert stable_id("a", "b") != stable_id("ab", "")


def test_fingerprint_is_blind_to_case_punctuation_and_spacing_only() -> None:
    assert fingerprint("Ships sail!", "Nine  ships") == fingerprint("SHIPS, sail", "nine\nships.")
    assert fingerprint("Nine ships", "") != fingerprint("Ten ships", "")
    assert fingerprint("يحيى", "") != fingerprint("يحي", "")
