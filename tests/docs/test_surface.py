"""What programs outside rely on, byte for byte: a change of it is a decision, seen as a change of `tests/docs/surface`.

After a change on purpose: `.venv/bin/python -m tests.docs.test_surface` writes the files anew.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from app.cli import exit_codes
from app.cli.commands import app
from app.cli.export_schema import run_export_schema
from app.cli.language import Reader
from app.core.metrics import Metrics
from app.domain.messages import Language

SURFACE = Path(__file__).parent / "surface"
OTHERS = ("metrics.txt", "exits.json", *(f"help.{language}.txt" for language in Language))
CONTRACTS = ("openapi", "asyncapi", "websocket-server", "websocket-client")


def metrics() -> str:
    """Names, types, labels and helps as they are exported, samples left out."""
    lines: list[str] = []
    for family in Metrics().registry.collect():
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        lines.append(f"{family.name} {family.type} {labels} {family.documentation}")
    return "\n".join(sorted(lines)) + "\n"


def codes_as_json() -> str:
    return json.dumps({name: code for name, code in vars(exit_codes).items() if name.isupper()}, indent=2) + "\n"


def help_texts(language: Language) -> Iterator[str]:
    reader = Reader(language, None)
    for command in ([], *([name] for name in get_command(app).commands)):
        yield (
            CliRunner()
            .invoke(app, prog_name="compliance", args=[*command, "--help"], obj=reader, env={"COLUMNS": "100"})
            .output
        )


def surface(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    run_export_schema(folder)
    (folder / "metrics.txt").write_text(metrics(), encoding="utf-8")
    (folder / "exits.json").write_text(codes_as_json(), encoding="utf-8")
    for language in Language:
        (folder / f"help.{language}.txt").write_text("\n".join(help_texts(language)), encoding="utf-8")


@pytest.fixture(scope="module")
def now(tmp_path_factory):
    folder = tmp_path_factory.mktemp("surface")
    surface(folder)
    return folder


@pytest.mark.parametrize("name", [*(f"{name}.json" for name in CONTRACTS), *OTHERS])
def test_the_outside_is_what_it_was(now, name):
    was = (SURFACE / name).read_text(encoding="utf-8")
    assert (now / name).read_text(encoding="utf-8") == was


if __name__ == "__main__":
    surface(SURFACE)
