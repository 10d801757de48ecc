"""The docs say what the code says: settings, metrics, commands, outcomes, the README's own claims."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.settings import read
from pipelines.model import DeadReason, DropReason, Outcome
from pipelines.settings import Settings
from tools.generate_docs import DOCS, PAGES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_page_is_what_its_declaration_says(name: str) -> None:
    page = PAGES[name]()
    assert len(page.splitlines()) > 20
    assert (DOCS / name).read_text("utf-8") == page, "run: python -m tools.generate_docs"


@pytest.mark.parametrize("word", [*Outcome, *DropReason, *DeadReason])
def test_every_outcome_and_reason_stands_in_the_readme(word: str) -> None:
    assert f"`{word}`" in README


def test_files_that_the_readme_names_exist() -> None:
    named = set(re.findall(r"`((?:connectors|pipelines|desk|tools|docs)/[\w./]+)`", README))
    named |= set(re.findall(r"\]\(((?:docs|pipelines|NOTICE|LICENSE)[\w./]*)\)", README))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_settings_that_the_readme_shows_pass(tmp_path: Path) -> None:
    from pipelines.check import check_files
    from pipelines.settings import load_settings

    blocks = dict(re.findall(r"```yaml\n# (\w+\.yaml)\n(.*?)```", README, re.DOTALL))
    assert set(blocks) == {"desk.yaml", "feeds.yaml", "rules.yaml", "names.yaml"}
    for name, text in blocks.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "webhook-secret").write_text("whsec_dGhpcyBpcyBhIHRlc3Qgc2VjcmV0IG9mIG91cnM=\n")
    settings = load_settings(str(tmp_path / "desk.yaml"))
    assert "1 rules, 1 sinks; no mistakes" in check_files(settings)


def test_make_targets_that_the_readme_names_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)`", README, re.MULTILINE))
    assert {left or right for left, right in named} <= targets
    assert len(named) >= 3


def test_defaults_are_settings_of_their_own(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("")
    assert read(Settings, empty) == Settings()
