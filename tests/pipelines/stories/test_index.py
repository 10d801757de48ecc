"""The story index: who joins whom, when stories close, and that a rebuild decides the same."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from pipelines.stories.index import StoryIndex, Words, words_of
from pipelines.stories.limits import JoinLimits

START = datetime(2022, 11, 8, 9, 0, tzinfo=UTC)


def visit(language: str = "en") -> Words:
    title, lead = {
        "en": ("Russia's Patrushev arrives in Tehran", "Nikolai Patrushev landed in Iran, invited by Ali Shamkhani."),
        "ru": ("Патрушев прибыл в Тегеран", "Николай Патрушев прилетел в Иран по приглашению Али Шамхани."),
        "fa": ("پاتروشف وارد تهران شد", "نیکلای پاتروشف به دعوت علی شمخانی از روسیه به ایران آمد"),
    }[language]
    return words_of(title, lead, language, ("RU", "IR"))


def test_report_of_the_same_happening_joins() -> None:
    index = StoryIndex(JoinLimits())
    index.add("visit", visit(), START)
    again = words_of("Patrushev lands in Tehran for security talks", "The Russian official met Shamkhani.", "en", ())
    assert index.find(again) == "visit"


def test_other_happening_opens_its_own_story() -> None:
    index = StoryIndex(JoinLimits())
    index.add("visit", visit(), START)
    volleyball = words_of("Iran beat Russia in straight sets", "The volleyball team won in Tehran.", "en", ("IR", "RU"))
    assert index.find(volleyball) == ""


def test_same_phrase_about_other_countries_opens_its_own_story() -> None:
    index = StoryIndex(JoinLimits())
    index.add("visit", words_of("Секретарь Совета безопасности России прибыл в Иран", "", "ru", ("RU", "IR")), START)
    elsewhere = "Секретарь Совета безопасности Армении прибыл в Минск"
    assert index.find(words_of(elsewhere, "", "ru", ("AM", "BY"))) == ""
    # What names no country may belong to it all the same.
    assert index.find(words_of("Секретарь Совета безопасности прибыл с визитом", "", "ru", ())) == "visit"


def test_same_names_and_countries_join_across_scripts() -> None:
    index = StoryIndex(JoinLimits())
    index.add("visit", visit("fa"), START)
    assert index.find(visit("ru")) == "visit"
    index.add("visit", visit("ru"), START)
    assert index.find(visit("en")) == "visit"


def test_same_countries_without_the_names_do_not_join_across_scripts() -> None:
    index = StoryIndex(JoinLimits())
    index.add("visit", visit("fa"), START)
    drones = words_of(
        "Москва отрицает поставки дронов", "Россия не получала беспилотники от Ирана.", "ru", ("RU", "IR")
    )
    assert index.find(drones) == ""


def test_names_without_the_countries_do_not_join_across_scripts() -> None:
    index = StoryIndex(JoinLimits())
    index.add("visit", visit("fa"), START)
    elsewhere = visit("ru")
    assert index.find(Words("ru", elsewhere.vector, elsewhere.names, frozenset({"RU", "SY"}))) == ""


def test_silent_story_is_closed_and_found_no_more() -> None:
    index = StoryIndex(JoinLimits(memory=timedelta(days=3)))
    index.add("visit", visit(), START)
    assert index.close_silent(START + timedelta(days=3)) == []
    assert index.close_silent(START + timedelta(days=3, seconds=1)) == ["visit"]
    assert index.find(visit()) == ""
    assert len(index) == 0


def test_story_told_on_stays_open() -> None:
    index = StoryIndex(JoinLimits(memory=timedelta(days=3)))
    index.add("visit", visit(), START)
    index.add("visit", visit(), START + timedelta(days=2))
    assert index.close_silent(START + timedelta(days=4)) == []
    assert index.find(visit()) == "visit"


def test_story_told_in_languages_that_share_words_is_closed() -> None:
    index = StoryIndex(JoinLimits())
    english = words_of("Nikolai Patrushev arrives in Tehran for security talks", "", "en", ("RU", "IR"))
    index.add("visit", english, START)
    index.add("visit", words_of("Nikolai Patrushev est arrivé à Téhéran", "", "fr", ("RU", "IR")), START)
    assert index.close_silent(START + timedelta(days=4)) == ["visit"]
    assert index.find(english) == ""


def test_longest_silent_story_makes_room() -> None:
    index = StoryIndex(JoinLimits(max_stories=2))
    for minutes, name in enumerate(["first", "second", "third"]):
        index.add(
            name, words_of(f"{name} happening somewhere {name}", "", "en", ()), START + timedelta(minutes=minutes)
        )
    assert index.close_silent(START) == ["first"]
    assert "first" not in index
    assert "third" in index


def test_index_rebuilt_from_its_reports_decides_the_same() -> None:
    chance = random.Random(7)
    names = ["Patrushev", "Lavrov", "Shoigu", "Zelensky", "Erdogan", "Macron", "Scholz", "Biden", "Raisi", "Orban"]
    acts = ["arrives in", "leaves", "condemns", "praises", "strikes", "threatens", "visits", "denies attack on"]
    places = ["Tehran", "Kyiv", "Ankara", "Paris", "Berlin", "Washington", "Budapest", "Beijing", "Minsk", "Baku"]
    index = StoryIndex(JoinLimits(max_stories=40))
    told: dict[str, list[tuple[Words, datetime]]] = {}
    for number in range(400):
        title = f"{chance.choice(names)} {chance.choice(acts)} {chance.choice(places)}"
        words = words_of(title, f"reported {chance.choice(places)} {chance.choice(names)}", "en", ())
        at = START + timedelta(minutes=number)
        for closed in index.close_silent(at):
            del told[closed]
        story = index.find(words) or f"story-{number}"
        index.add(story, words, at)
        told.setdefault(story, []).append((words, at))
    rebuilt = StoryIndex(index.limits)
    # The store gives stories in another order than they were told.
    for story in sorted(told):
        for words, at in told[story]:
            rebuilt.add(story, words, at)
    probes = [words_of(f"{name} {act} {place}", "", "en", ()) for name in names for act in acts for place in places]
    found = [index.find(probe) for probe in probes]
    assert found == [rebuilt.find(probe) for probe in probes]
    assert len(set(found)) > 10
