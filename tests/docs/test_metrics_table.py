"""The tables of metrics: `docs/metrics.md` has names, types and labels as the code has them, of servers
(`app/core/metrics.py`) and of workers (`app/core/worker_metrics.py`).

After a change: `.venv/bin/python -m tests.docs.test_metrics_table` writes the tables anew. Meanings stay as the
document has them; a new metric gets its help text, to be made better by hand.
"""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from app.core.metrics import Metrics
from app.core.worker_metrics import WorkerMetrics
from tests.docs.markdown import ROOT, rows, section

FILE = ROOT / "docs" / "metrics.md"
HEAD = "| name | exported as | type | labels | meaning |\n|---|---|---|---|---|\n"
SERVER, WORKER = 0, 1  # which table of the document
ENDINGS = {"counter": ["_total"], "gauge": [""], "histogram": ["_count", "_sum", "_bucket"]}


def collectors(metrics: object) -> list[Any]:
    return [collector for collector in vars(metrics).values() if hasattr(collector, "_labelnames")]


def columns(collector: Any) -> list[str]:
    """Name, exported names, type and labels."""
    name, kind = collector._name, collector._type
    exported = ", ".join(f"`{name}{ending}`" for ending in ENDINGS[kind])
    return [f"`{name}`", exported, kind, ", ".join(f"`{label}`" for label in collector._labelnames)]


def written(document: str, metrics: object, which: int = SERVER) -> str:
    """The document with the table of these metrics."""
    parts = document.split(HEAD)
    assert len(parts) > which + 1, "docs/metrics.md has no table of metrics"
    rest = parts[which + 1]
    after = rest[rest.index("\n\n") + 1 :]
    meanings = {cells[0]: cells[-1] for cells in rows(section(document, "Metrics"))}
    lines = []
    for collector in collectors(metrics):
        cells = columns(collector)
        meaning = meanings.get(cells[0], f"{collector._documentation}.").replace("|", "\\|")
        lines.append("|" + "".join(f" {cell} |" if cell else " |" for cell in [*cells, meaning]))
    parts[which + 1] = "\n".join(lines) + "\n" + after
    return HEAD.join(parts)


KINDS = pytest.mark.parametrize(("which", "kind"), [(SERVER, Metrics), (WORKER, WorkerMetrics)])


@KINDS
def test_a_table_has_the_metrics_of_the_code(which, kind):
    document = FILE.read_text("utf-8")
    assert document == written(document, kind(), which)


@KINDS
def test_no_metric_is_missed(which, kind):
    named = {family.name for family in kind().registry.collect()}
    assert {collector._name for collector in collectors(kind())} == named


def test_every_metric_has_a_meaning():
    tables = list(rows(section(FILE.read_text("utf-8"), "Metrics")))
    assert len(tables) == len(collectors(Metrics())) + len(collectors(WorkerMetrics()))
    assert all(cells[-1].endswith(".") for cells in tables)


class Changed:
    """As if a metric had got a label, one had come and all others had gone."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sent = Counter("frames", "Frames", ["kind", "way"], registry=self.registry)
        self.waiting = Gauge("waiting_bytes", "Bytes that wait", registry=self.registry)


def test_a_change_of_the_code_changes_the_table_and_no_meaning():
    document = (
        f"## Metrics\n\nWhat they are.\n\n{HEAD}"
        "| `gone` | `gone` | gauge | | What was. |\n"
        "| `frames` | `frames_total` | counter | `kind` | Frames \\| by [kind](errors.md). |\n"
        "\nWhat to look at.\n\n## Health\n"
    )
    assert written(document, Changed()) == (
        f"## Metrics\n\nWhat they are.\n\n{HEAD}"
        "| `frames` | `frames_total` | counter | `kind`, `way` | Frames \\| by [kind](errors.md). |\n"
        "| `waiting_bytes` | `waiting_bytes` | gauge | | Bytes that wait. |\n"
        "\nWhat to look at.\n\n## Health\n"
    )


if __name__ == "__main__":
    text = written(FILE.read_text("utf-8"), Metrics())
    FILE.write_text(written(text, WorkerMetrics(), WORKER), "utf-8")
