"""How a result looks in both languages, and at several widths: files that a person has read.

Each sentence stands in one of them per language: what shows the layout alone has keys in the place of sentences.

After a change on purpose: `.venv/bin/python -m tests.unit.cli.display.test_goldens` writes them anew; read them.
"""

import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from app.cli.display.report import print_report
from app.cli.display.result import ScanResult
from app.cli.scan import PLAIN_WIDTH
from app.domain.messages import Language, MessageCatalog
from tests.support.key_texts import KeyTexts
from tests.support.recorded_result import counts_of, recorded_result

GOLDENS = Path(__file__).parent / "goldens"
WIDTHS = (60, 80, 120, 200)
HOSTILE = "\x1b[2J\x1b]0;title\x07\u202egnp.exe\u2066\r\n\x00[bold]not bold[/bold]"
COLOUR = {"TERM": "xterm-256color"}


def shown(
    result: ScanResult, texts: MessageCatalog, width: int | None, environment: Mapping[str, str] | None = None
) -> str:
    """The result as a terminal of that width shows it, or (None) a pipe; escapes can be read."""
    file = io.StringIO()
    console = Console(
        file=file,
        width=width or PLAIN_WIDTH,
        force_terminal=environment is not None,
        color_system="auto" if environment else None,
        _environ=environment or {},
        highlight=False,
        legacy_windows=False,
    )
    print_report(result, console, texts, zone=UTC)
    return file.getvalue().replace("\x1b", "␛")


def hostile_result() -> ScanResult:
    """Every text that a page has a say in does its worst."""
    recorded = recorded_result(Language.EN)
    finding, report = spoil(next(one for one in recorded.findings if one["hidden_by"])), recorded.report
    parties = [{**report["third_parties"][0], "domain": f"party.example{HOSTILE}"}]
    warnings = [{"code": "partial", "message": f"host.example{HOSTILE}"}]
    counts = counts_of([finding])
    task = {**report["task"], "finding_counts": counts, "open_counts": counts}
    return ScanResult({**report, "task": task, "third_parties": parties, "warnings": warnings}, [finding], 1)


def spoil(value: Any, key: str = "") -> Any:
    """`value` with hostile text behind every text that is not one of our codes."""
    match value:
        case dict():
            return {name: spoil(inner, name) for name, inner in value.items()}
        case list():
            return [spoil(inner, key) for inner in value]
        case str() if key not in ("level", "code", "violation_key", "state"):
            return value + HOSTILE
        case _:
            return value


def told(language: Language, width: int | None, environment: Mapping[str, str] | None = None) -> str:
    return shown(recorded_result(language), MessageCatalog(language), width, environment)


def keyed(width: int | None, environment: Mapping[str, str] | None = None) -> str:
    return shown(recorded_result(Language.EN), KeyTexts(), width, environment)


MAKERS: dict[str, Callable[[], str]] = {  # every file by its name
    **{language.value: partial(told, language, 80) for language in Language},
    **{f"layout-{width}": partial(keyed, width) for width in WIDTHS if width != 80},
    "layout-pipe": partial(keyed, None),
    "layout-80-colour": partial(keyed, 80, COLOUR),
    "hostile": lambda: shown(hostile_result(), KeyTexts(), 80),
}
AT_WIDTHS = [(language, width) for language in Language for width in WIDTHS]


@pytest.mark.parametrize("name", MAKERS)
def test_a_result_looks_as_it_was_read(name):
    assert MAKERS[name]() == (GOLDENS / f"{name}.txt").read_text("utf-8")


def test_there_is_no_other_file():
    assert {path.stem for path in GOLDENS.iterdir()} == set(MAKERS)


@pytest.mark.parametrize(("language", "width"), AT_WIDTHS)
def test_no_line_is_wider_than_the_terminal_except_for_an_address_or_a_place(language, width):
    for line in told(language, width).splitlines():
        assert cell_len(line) <= width or re.search(r"[!-~]{30}|html > ", line), line


@pytest.mark.parametrize(("language", "width"), AT_WIDTHS)
def test_every_address_stands_whole_on_one_line(language, width):
    text = told(language, width)
    for finding in recorded_result(language).findings:
        for address in [one["url"] for one in finding["references"][:1]] + [
            step["url"] for chain in finding["chains"] for step in chain["steps"]
        ]:
            assert address in text


@pytest.mark.parametrize("language", Language)
def test_colours_change_no_word_no_colour_means_none_and_a_pipe_gets_no_escapes(language):
    colours, styles = re.compile(r"␛\[[0-9;]*3[0-9]"), re.compile(r"␛\[[0-9;]*m")
    coloured, plain = told(language, 80, COLOUR), told(language, 80, {**COLOUR, "NO_COLOR": "1"})
    assert colours.search(coloured)
    assert not colours.search(plain)
    assert styles.sub("", coloured) == styles.sub("", plain) == MAKERS[language]()
    assert "␛" not in told(language, None)


def test_hostile_texts_stay_neutral():
    text = MAKERS["hostile"]()
    assert "[bold]not bold[/bold]" in text
    assert not [char for char in text if not char.isprintable() and char != "\n"]
    assert "␛" not in text


if __name__ == "__main__":
    GOLDENS.mkdir(exist_ok=True)
    for name, make in MAKERS.items():
        (GOLDENS / f"{name}.txt").write_text(make(), encoding="utf-8")
