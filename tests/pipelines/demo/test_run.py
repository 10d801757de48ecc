"""When the demo begins to publish."""

from __future__ import annotations

from pipelines.demo.run import pipelines_reading

METRICS = """
# TYPE wirewatch_epochs_started_total counter
wirewatch_epochs_started_total{stage="items"} 0.0
wirewatch_epochs_started_total{stage="stories"} 1.0
wirewatch_epochs_started_created{stage="items"} 1.7
"""


def test_pipeline_reads_once_it_has_begun_an_epoch() -> None:
    assert pipelines_reading("") == set()
    assert pipelines_reading(METRICS) == {"stories"}
    assert pipelines_reading(METRICS.replace('"items"} 0.0', '"items"} 12.0')) == {"items", "stories"}
