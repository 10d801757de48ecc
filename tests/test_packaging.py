"""What is installed is ours, and starts fast."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["connectors", "pipelines", "desk"])
def test_no_other_distribution_ships_our_packages(package: str) -> None:
    # From a checkout the metadata is found twice, in the environment and beside the sources.
    assert set(importlib.metadata.packages_distributions()[package]) == {"wirewatch"}


@pytest.mark.parametrize(
    "module",
    [
        "pipelines.cli",
        "pipelines.check",
        "pipelines.kept",
        "pipelines.records",
        "pipelines.why",
        "pipelines.node",
        "pipelines.supervise",
        "pipelines.rules.command",
        "pipelines.entities.command",
        "pipelines.entities.lint",
        "connectors.feeds.parse",
        "connectors.feeds.poll",
        "connectors.sinks.deliver",
        "desk.serve",
    ],
)
def test_commands_without_beam_do_not_import_it(module: str) -> None:
    code = f"import sys, {module}; sys.exit('apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_data_files_are_installed() -> None:
    from connectors.feeds.catalogue import default_catalogue
    from pipelines.entities.find import entities_of_text
    from pipelines.rules.load import load_rules
    from pipelines.settings import Settings, rule_files
    from pipelines.sources.labels import country_name
    from pipelines.stories.vectors import common_words

    assert len(default_catalogue()) >= 150
    assert len(load_rules(rule_files(Settings()))) >= 20
    assert [found["id"] for found in entities_of_text("Россия и Иран", "ru")] == ["country:RU", "country:IR"]
    assert country_name("IR") == "Iran"
    assert "the" in common_words()


def test_bad_settings_end_with_two_and_every_mistake(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "bad.yaml"
    path.write_text("feedz: {}\nitems:\n  page_entries: many\ndesk:\n  port: 70000\n")
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "check", "--config", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "3", "5"]
    assert "did you mean 'feeds'?" in lines[0]
    assert "expected a whole number" in lines[1]
    assert "expected at most 65535" in lines[2]
