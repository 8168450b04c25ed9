"""What programs outside rely on, byte for byte: a change of it is a decision, seen as a change of `tests/docs/surface`.

Descriptions, examples and help texts are left out: no program relies on their words, and other tests see that they are
there and are true (`tests/unit/api/test_openapi.py`, `tests/docs/test_sentences.py`, `tests/unit/cli/test_help.py`).
After a change on purpose: `.venv/bin/python -m tests.docs.test_surface` writes the files anew.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from app.cli import exit_codes
from app.cli.commands import app
from app.cli.export_schema import run_export_schema
from app.core.metrics import Metrics

SURFACE = Path(__file__).parent / "surface"
OTHERS = ("metrics.txt", "exits.json", "commands.json")
CONTRACTS = ("openapi", "asyncapi", "websocket-server", "websocket-client")
WORDS = {"description", "summary", "meaning", "do"}  # what a contract says to people, where it is a text
EXAMPLES = {"example", "examples"}


def metrics() -> str:
    """Names, types and labels as they are exported, samples and helps left out."""
    lines: list[str] = []
    for family in Metrics().registry.collect():
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        lines.append(f"{family.name} {family.type} {labels}")
    return "\n".join(sorted(lines)) + "\n"


def exits() -> dict[str, int]:
    return {name: code for name, code in vars(exit_codes).items() if name.isupper()}


def commands() -> dict[str, list[dict[str, Any]]]:
    """The parameters of every command; those of the program itself under an empty name."""
    group = get_command(app)
    every = {"": group, **group.commands}
    return {name: [about(param) for param in command.params] for name, command in every.items()}


def about(param: Any) -> dict[str, Any]:
    """What a caller may give; a property that is not there is none, or false."""
    properties = {
        "names": [*param.opts, *param.secondary_opts],
        "value": None if getattr(param, "is_flag", False) else param.metavar,
        "default": param.default,
        "min": param.min,
        "max": param.max,
        "is_required": param.required,
        "is_repeated": param.multiple or param.nargs == -1,
    }
    return {name: value for name, value in properties.items() if value is not None and value is not False}


def wordless(contract: Any, *, is_by_name: bool = False) -> Any:
    """The contract without what it says to people. `is_by_name`: keys are fields, which may be called as words are."""
    match contract:
        case dict():
            return {
                key: wordless(part, is_by_name=key == "properties")
                for key, part in contract.items()
                if is_by_name or not (key in EXAMPLES or (key in WORDS and isinstance(part, str)))
            }
        case list():
            return [wordless(part) for part in contract]
        case _:
            return contract


def surface(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    run_export_schema(folder)
    for name in CONTRACTS:
        path = folder / f"{name}.json"
        write(path, wordless(json.loads(path.read_text(encoding="utf-8"))))
    write(folder / "exits.json", exits())
    write(folder / "commands.json", commands())
    (folder / "metrics.txt").write_text(metrics(), encoding="utf-8")


def write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def now(tmp_path_factory):
    folder = tmp_path_factory.mktemp("surface")
    surface(folder)
    return folder


@pytest.mark.parametrize("name", [*(f"{name}.json" for name in CONTRACTS), *OTHERS])
def test_the_outside_is_what_it_was(now, name):
    was = (SURFACE / name).read_text(encoding="utf-8")
    assert (now / name).read_text(encoding="utf-8") == was


def test_words_alone_are_left_out():
    """A field that is called as words are is part of the contract."""
    field = {"type": "array", "description": "Which there are.", "examples": [["one"]]}
    contract = {"properties": {"examples": field}, "oneOf": [{"meaning": "Other.", "minimum": 1}]}
    assert wordless(contract) == {"properties": {"examples": {"type": "array"}}, "oneOf": [{"minimum": 1}]}


if __name__ == "__main__":
    surface(SURFACE)
