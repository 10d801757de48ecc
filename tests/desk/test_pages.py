"""The pages, as a hostile feed would like to see them, and as a desk needs them."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
import redis

from connectors.codec import encode
from connectors.feeds.state import FeedState, Health
from connectors.log import names
from connectors.records import AlertState, Evidence
from desk.testing import START, Newsroom, ask, make_alert, make_report, make_story

PAYLOAD = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;{{7*7}}"


def _hostile(newsroom: Newsroom) -> None:
    report = make_report(
        1,
        source=PAYLOAD,
        interest="state:" + PAYLOAD,
        control=PAYLOAD,
        title=PAYLOAD,
        url=f"javascript:alert('{PAYLOAD}')",
        language=PAYLOAD,
    )
    story = make_story(
        title=PAYLOAD,
        language=PAYLOAD,
        countries=(PAYLOAD,),
        interests=("group:" + PAYLOAD,),
        flags=(PAYLOAD,),
        rules=(PAYLOAD,),
        alerts=("a1",),
    )
    newsroom.tell(story, report)
    newsroom.raise_alert(
        make_alert(
            rule=PAYLOAD,
            severity=PAYLOAD,
            flags=(PAYLOAD,),
            title=PAYLOAD,
            line=PAYLOAD,
            url="javascript:alert(1)",
            interests=(PAYLOAD, "private:" + PAYLOAD),
            reports=(report,),
            evidence=(Evidence("title", 3, 12, PAYLOAD), Evidence("text", 0, 5, PAYLOAD)),
            evidence_title=PAYLOAD,
            evidence_text=PAYLOAD,
            countries=(PAYLOAD,),
        )
    )
    feed = FeedState(PAYLOAD, PAYLOAD, "javascript:alert(1)", reason=PAYLOAD, error_detail=PAYLOAD)
    newsroom.client.hset(names.FEEDS, PAYLOAD, encode(feed))
    newsroom.client.hset(names.outcomes("items"), PAYLOAD, 3)


@pytest.mark.parametrize("path", ["/", "/alerts/a1", "/stories/s1", "/feeds", "/ops", "/more/alerts?before=9e9|z"])
def test_markup_in_any_field_comes_out_as_text(desk: str, newsroom: Newsroom, path: str) -> None:
    _hostile(newsroom)
    answer = ask(desk + path)
    assert answer.status == 200
    bare = re.sub(r"</?mark>", "", answer.text)
    assert "<script>" not in bare
    assert "<img src=x" not in bare
    assert ESCAPED in bare
    assert not re.search(r'href="\s*javascript:', bare)


def test_other_links_than_http_are_shown_as_text(desk: str, newsroom: Newsroom) -> None:
    _hostile(newsroom)
    links = re.findall(r'href="([^"]*)"', ask(desk + "/alerts/a1").text)
    assert links
    assert all(link.startswith(("/", "#", "http")) for link in links)


def test_outgoing_links_give_nothing_away(desk: str, newsroom: Newsroom) -> None:
    newsroom.tell(make_story(), make_report(1, url="https://outlet.example/a?b=1&c=2"))
    page = ask(desk + "/stories/s1").text
    assert '<a href="https://outlet.example/a?b=1&amp;c=2" rel="noopener noreferrer" target="_blank">' in page


def test_feed_text_is_isolated_in_direction_and_loses_its_overrides(desk: str, newsroom: Newsroom) -> None:
    newsroom.tell(make_story(title="سفر \u202eevil\u2069 تهران", language="fa"), make_report(1))
    page = ask(desk + "/").text
    assert '<bdi dir="auto" lang="fa">سفر  evil  تهران</bdi>' in page
    assert "\u202e" not in page


def test_alert_shows_evidence_voices_lead_times_and_history(desk: str, newsroom: Newsroom) -> None:
    first = make_report(1, source="Nour News", interest="state:IR", control="SC")
    second = make_report(13, source="TASS", interest="state:RU", control="SC")
    third = make_report(131, source="A newspaper", interest="private:paper")
    copy = make_report(140, source="RIA", interest="state:RU", copy_of="item13")
    newsroom.raise_alert(make_alert(reports=(first,), interests=("state:IR",), independent=0))
    alert = make_alert(
        revision=2,
        state=AlertState.INDEPENDENT,
        flags=("party-confirmed",),
        reports=(first, second, third, copy),
        report_count=4,
    )
    newsroom.raise_alert(alert)
    board = ask(desk + "/").text
    assert "<mark>Envoy</mark> lands in capital" in board
    assert "The <mark>envoy</mark> came by plane." in board
    assert "upgraded from single-source" in board
    assert "Iranian state" in board
    assert "independent newsroom" in board
    assert re.findall(r'<span class="after">([^<]*)</span>', board) == ["first", "+12 min", "+2 h 10 min", "copy"]
    detail = ask(desk + "/alerts/a1").text
    assert "copy of an earlier report" in detail
    assert "state-controlled" in detail
    assert re.findall(r'<span class="number">(\d)</span>', detail) == ["1", "2"]
    assert detail.index("single-source</span>", detail.index("How it came")) < detail.rindex("independent</span>")


def test_alert_page_without_a_kept_history_shows_the_last_revision(desk: str, newsroom: Newsroom) -> None:
    newsroom.raise_alert(make_alert(revision=3))
    newsroom.client.delete(names.history("a1"))
    assert "upgraded from an earlier state" in ask(desk + "/").text
    assert ask(desk + "/alerts/a1").status == 200


def test_story_page_lists_reports_in_order_of_arrival(desk: str, newsroom: Newsroom) -> None:
    for number in (1, 5, 9):
        newsroom.tell(make_story(report_count=3), make_report(number))
    page = ask(desk + "/stories/s1").text
    assert re.findall(r"Envoy lands in capital, report (\d)", page) == ["1", "5", "9"]
    assert re.findall(r'<td class="after">([^<]*)</td>', page) == ["first", "+4 min", "+8 min"]


def test_undated_reports_are_said_to_be_undated(desk: str, newsroom: Newsroom) -> None:
    newsroom.tell(make_story(), make_report(1, published_at=None))
    assert "undated" in ask(desk + "/stories/s1").text


def test_lists_go_on_where_they_ended_ties_included(desk: str, newsroom: Newsroom) -> None:
    for number in range(95):
        at = START + timedelta(seconds=number // 30)
        newsroom.tell(make_story(f"s{number:02}", last_at=at), make_report(number))
    seen: list[str] = []
    page = ask(desk + "/").text
    while True:
        seen += re.findall(r'<article id="story-(s\d\d)"', page)
        following = re.search(r'hx-get="(/more/stories[^"]*)"', page)
        if following is None:
            break
        page = ask(desk + following[1].replace("&amp;", "&")).text
    assert len(seen) == 95
    assert sorted(seen) == [f"s{number:02}" for number in range(95)]


def test_board_narrowed_to_a_rule_shows_only_its_alerts(desk: str, newsroom: Newsroom) -> None:
    newsroom.raise_alert(make_alert("a1", rule="one"))
    newsroom.raise_alert(make_alert("a2", rule="two"))
    page = ask(desk + "/?rule=two").text
    assert 'id="alert-a2"' in page
    assert 'id="alert-a1"' not in page


def test_stories_that_expired_are_left_out(desk: str, newsroom: Newsroom) -> None:
    newsroom.tell(make_story("s1"))
    newsroom.tell(make_story("s2"))
    newsroom.client.delete(names.story("s1"))
    page = ask(desk + "/").text
    assert "story-s2" in page
    assert "story-s1" not in page
    assert ask(desk + "/stories/s1", Accept="text/html").status == 404


@pytest.mark.parametrize("path", ["/more/alerts?before=x", "/more/alerts?before=nan|a", "/more/alerts?before=1|"])
def test_place_in_a_list_that_is_none_is_refused(desk: str, path: str) -> None:
    assert ask(desk + path).status == 400


def test_feeds_page_gives_the_unwell_first_with_reasons(desk: str, client: redis.Redis) -> None:
    for feed_id, health, reason in (
        ("alpha", Health.WORKING, ""),
        ("beta", Health.FAILING, "three times HTTP 503"),
        ("gamma", Health.GONE, "the publisher says that it is no more"),
    ):
        state = FeedState(feed_id, "https://f.example/", "https://f.example/", health=health, reason=reason)
        client.hset(names.FEEDS, feed_id, encode(state))
    page = ask(desk + "/feeds").text
    assert page.index("beta") < page.index("gamma") < page.index("alpha")
    assert "three times HTTP 503" in page


def test_record_of_another_version_is_left_out_and_breaks_nothing(desk: str, newsroom: Newsroom) -> None:
    newsroom.raise_alert(make_alert("a1"))
    newsroom.client.set(names.alert("a2"), b'{"alert_id": 7}')
    newsroom.client.zadd(names.ALERTS, {"a2": 9e9})
    page = ask(desk + "/")
    assert page.status == 200
    assert "alert-a1" in page.text


def test_page_says_so_when_the_store_is_away(start_desk: object, tmp_path: object) -> None:
    address = start_desk(url=f"unix://{tmp_path}/none.sock")  # type: ignore[operator]  # a fixture's function
    answer = ask(address + "/", Accept="text/html")
    assert answer.status == 503
    assert "the store does not answer" in answer.text
    assert ask(address + "/api/v1/alerts").json() == {"detail": "the store does not answer"}


def test_records_in_tests_are_what_the_pipelines_write(newsroom: Newsroom) -> None:
    alert = dataclasses.replace(make_alert(), line="x")
    newsroom.raise_alert(alert)
    assert newsroom.client.get(names.alert("a1")) == encode(alert)
