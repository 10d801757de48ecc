"""Rule sets on items, misses in words, the command's lines, and the rules that come with the project."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.errors import SettingsError
from pipelines.entities.find import find_entities
from pipelines.model import Item, Match
from pipelines.rules.command import check, match_file, match_lines
from pipelines.rules.explain import missed
from pipelines.rules.load import default_rules_path, load_rules
from pipelines.rules.matcher import RuleSet
from pipelines.rules.model import Rule, Severity
from pipelines.rules.syntax import parse
from pipelines.text.language import detect
from pipelines.text.tokens import tokenize

Make = Callable[..., Item]


def rule(query: str, name: str = "r", languages: tuple[str, ...] = ()) -> Rule:
    return Rule(name, Severity.LOW, query, parse(query), "v1", languages=languages)


def matches(rules: RuleSet, item: Item) -> tuple[Match, ...]:
    tokens = tokenize(item.title, item.text)
    return rules.match(replace(item, entities=find_entities(tokens, item.language)), tokens)


def test_match_names_rule_version_and_words(item_of: Make) -> None:
    rules = RuleSet.compile([rule("port AND (drone OR missil*)"), rule("ship", "other")])
    (match,) = matches(rules, item_of("Missiles hit a port", "The port burns"))
    assert (match.rule, match.version) == ("r", "v1")
    assert [(one.field, one.start, one.end, one.words) for one in match.evidence] == [
        ("title", 0, 8, "Missiles"),
        ("title", 15, 19, "port"),
        ("text", 4, 8, "port"),
    ]


def test_rules_match_in_the_order_in_which_they_were_given(item_of: Make) -> None:
    rules = RuleSet.compile([rule("port", "z"), rule("lang:en", "a"), rule("country:IR", "m")])
    assert [match.rule for match in matches(rules, item_of("Iranian port"))] == ["z", "a", "m"]


def test_rule_for_some_languages_reads_only_those(item_of: Make) -> None:
    rules = RuleSet.compile([rule("port", languages=("fr", "es"))])
    assert matches(rules, item_of("port", language="fr"))
    assert not matches(rules, item_of("port", language="en"))


def test_no_rules_match_nothing(item_of: Make) -> None:
    assert matches(RuleSet.compile([]), item_of("port")) == ()


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("port", "Port"),
        ("miss*", "A missile"),
        ("miss?le", "A missile"),
        ("!US", "The US"),
        ("~ship", "Ships"),
        ('"oil port"', "An oil port"),
        ("oil NEAR/3 port", "A port of oil"),
        ("(oil OR lang:en) AND NOT port", "Grain"),
        ("lang:en", ""),
        ("country:IR AND NOT port", "Iranian grain"),
    ],
)
def test_rule_that_stands_beside_the_others_since_a_change_is_found_by_whatever_it_asks_for(
    query: str, title: str, item_of: Make
) -> None:
    before = [rule("grain AND wheat", "a"), rule("wheat", "b")]
    rules = RuleSet.compile([*before, rule(query, "added")], RuleSet.compile(before))
    assert rules.has_delta or rules.engine == "plain"
    assert [match.rule for match in matches(rules, item_of(title))] == ["added"]
    assert [match.rule for match in matches(rules, item_of("Wheat", language="fr"))] == ["b"]


def test_item_without_words_matches_by_its_facts_alone(item_of: Make) -> None:
    rules = RuleSet.compile([rule("feed:demo"), rule("port", "p")])
    (match,) = matches(rules, item_of(""))
    assert (match.rule, match.evidence) == ("r", ())


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("port AND drone", "drone is not in the item"),
        ("port AND title:drone", "drone is not in its title"),
        ("port AND (drone OR missil*)", "none of drone OR missil* is in the item"),
        ("port AND country:IR", "no country:IR; it has country: RU, UA"),
        ("port AND lang:ru", "no lang:ru; it has lang: en"),
        ("port NOT strike", 'excluded: strike holds ("Strike")'),
        ("port AND NOT lang:en", "excluded: lang:en holds"),
        ('"port strike"', '"port strike" is not in the item'),
        ("port", "it matches"),
        ("port AND category:sport", "no category:sport; it has category: world news"),
    ],
)
def test_a_miss_is_told_in_one_sentence(query: str, said: str, item_of: Make) -> None:
    title = "Strike on a port in Ukraine"
    entities = find_entities(tokenize("Russia, Ukraine, Russia", ""), "en")
    assert missed(rule(query), item_of(title, entities=entities)) == said


def test_a_miss_by_language_says_which(item_of: Make) -> None:
    assert missed(rule("port", languages=("fr",)), item_of("port")) == "the rule reads fr; the item's language is en"


def test_a_miss_of_a_long_rule_stays_short(item_of: Make) -> None:
    long = " OR ".join(f"word{number}" for number in range(200))
    assert len(missed(rule(long), item_of("port"))) < 220


LINES = [
    json.dumps({"id": "1", "title": "Russian envoy arrives in Tehran", "text": "<p>Iran confirms.</p>"}),
    "",
    json.dumps({"id": "2", "title": "Football"}),
]


def test_lines_give_ids_and_rule_names_in_order() -> None:
    rules = RuleSet.compile([rule("country:RU country:IR arriv*")])
    assert list(match_lines(rules, LINES)) == [("1", ["r"]), ("2", [])]


def test_a_bad_line_is_named() -> None:
    with pytest.raises(SettingsError, match=r"in.jsonl:2: .*JSON object"):
        list(match_lines(RuleSet.compile([]), ['{"id": "1", "title": "x"}', "{"], "in.jsonl"))


def test_file_is_matched_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rules.yaml").write_text("rules:\n- {name: envoy, query: envoy AND country:IR}\n", encoding="utf-8")
    (tmp_path / "in.jsonl").write_text("\n".join(LINES), encoding="utf-8")
    assert match_file(str(tmp_path / "rules.yaml"), str(tmp_path / "in.jsonl")) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {"id": "1", "rules": ["envoy"]},
        {"id": "2", "rules": []},
    ]
    assert re.fullmatch(r"2 entries, 1 rules, \d+ docs/s\n", err)


def test_missing_input_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be opened"):
        match_file(str(default_rules_path()), str(tmp_path / "none.jsonl"))


def test_check_prints_each_rule_as_it_was_understood(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("rules:\n- {name: a, query: Port drone}\n", encoding="utf-8")
    assert check([tmp_path / "r.yaml"]) == ["a (medium): port AND drone"]


DEFAULT = [
    ("russia-iran-contacts", "Russian security chief Patrushev arrives in Tehran at Shamkhani's invitation"),
    ("russia-iran-contacts", "Секретарь Совбеза РФ Патрушев прибыл в Тегеран по приглашению Шамхани"),
    ("russia-iran-contacts", "Секретар Ради безпеки Росії Патрушев прибув до Тегерана, Іран"),
    ("russia-iran-contacts", "دبیر شورای امنیت روسیه وارد تهران شد"),
    ("russia-iran-contacts", "وصل أمين مجلس الأمن الروسي باتروشيف إلى طهران"),
    ("iran-drones-to-russia", "Iran admits supplying drones to Russia before the war"),
    ("iran-drones-to-russia", "ایران: پهپادها پیش از جنگ به روسیه داده شد"),
    ("strikes-on-ukraine", "Российские ракеты ударили по Украине"),
    ("ceasefire", "آتش‌بس در مرز برقرار شد"),
    ("ceasefire", "交战双方宣布停火"),
    ("sanctions", "Les sanctions contre la Russie : nouveau paquet"),
    ("coup", "Soldiers on state television announce a coup"),
    ("hormuz-and-red-sea", "Tanker seized near Hormuz"),
    ("north-korea-launches", "朝鲜发射导弹"),
    ("state-of-emergency", "Der Präsident verhängt den Ausnahmezustand"),
]
NEAR_MISSES = [
    "Iran beats Russia in volleyball final",
    "Turkish envoy arrives in Tehran",
    "Team Russia lands in Doha for the cup",
    "Coup de theatre at the opera",
    "Drone show lights up Dubai",
]


@pytest.fixture(scope="module")
def default_rules() -> RuleSet:
    return RuleSet.compile(load_rules([default_rules_path()]))


@pytest.mark.parametrize(("name", "title"), DEFAULT)
def test_default_rule_finds_its_news(name: str, title: str, default_rules: RuleSet, item_of: Make) -> None:
    item = item_of(title, language=detect(title, "", "", ("en", "ru", "uk", "fa", "ar", "fr", "de", "zh")))
    assert name in [match.rule for match in matches(default_rules, item)]


@pytest.mark.parametrize("title", NEAR_MISSES)
def test_default_rules_leave_near_misses_alone(title: str, default_rules: RuleSet, item_of: Make) -> None:
    assert matches(default_rules, item_of(title)) == ()


def test_default_pack_is_a_start_for_a_desk(default_rules: RuleSet) -> None:
    assert len(default_rules.rules) >= 20
