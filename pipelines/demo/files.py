"""Writes what a run of the demo is started with: feed list, rules, settings."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from connectors.feeds.catalogue import catalogue_yaml
from connectors.feeds.feed import Feed

# The publisher allows a poll a second (max-age=1), so the floors are as low.
_SETTINGS = """\
feeds:
  files: [{feeds}]
  use_default_catalogue: false
  allow_networks: [127.0.0.0/8]
  hot_floor: 1s
  hot_ceiling: 1s
  host_parallel: 8
  host_delay: 0s
rules: [{rules}]
deliver:
  allow_networks: [127.0.0.0/8]
  sinks:
    - name: demo-receiver
      kind: webhook
      url: {webhook}
      secret: {secret}
desk:
  port: {port}
"""


def write_files(folder: Path, feeds: tuple[Feed, ...], webhook_url: str, secret: str, desk_port: int) -> Path:
    """Write feeds.yaml, rules.yaml and wirewatch.yaml into a folder; gives the path of the last."""
    feed_list, rules, settings = folder / "feeds.yaml", folder / "rules.yaml", folder / "wirewatch.yaml"
    feed_list.write_text(catalogue_yaml(feeds), "utf-8")
    rules.write_bytes((resources.files("pipelines.demo") / "data" / "rules.yaml").read_bytes())
    settings.write_text(
        _SETTINGS.format(
            feeds=json.dumps(str(feed_list)),
            rules=json.dumps(str(rules)),
            webhook=json.dumps(webhook_url),
            secret=json.dumps(secret),
            port=desk_port,
        ),
        "utf-8",
    )
    settings.chmod(0o600)
    return settings
