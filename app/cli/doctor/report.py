"""All checks in order, and how they are shown."""

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from app.cli.display.sheet import GAP, LEAST, Sheet
from app.cli.display.wrapping import pad, wrap
from app.cli.doctor.browser_network import check_browser_network
from app.cli.doctor.configuration import read_settings, settings_in_force
from app.cli.doctor.machine import (
    check_browser,
    check_clock,
    check_file_limit,
    check_fonts,
    check_picture_texts,
    check_python,
)
from app.cli.doctor.network import check_port, check_resolvers
from app.cli.doctor.readers import check_readers
from app.cli.doctor.result import ENGLISH, CheckResult, CheckStatus
from app.cli.doctor.services import check_bus, check_lists, check_workers
from app.cli.doctor.storage import check_captures, check_database, check_folder, check_results, check_space
from app.cli.terminal import clean
from app.core.config import Settings
from app.core.program import program_version
from app.domain.messages import MessageCatalog

FINE: Final = 0
MISSING: Final = 1  # something that matters
STYLES: Final = {CheckStatus.OK: "green", CheckStatus.DEGRADED: "yellow", CheckStatus.FAILED: "bold red"}


def run_doctor(texts: MessageCatalog, *, data_dir: Path | None, ask_network: bool, as_json: bool) -> int:
    """Return the exit code: 1 when something is missing without which the service or its scans do not work."""
    settings, results = examine(os.environ, texts, data_dir=data_dir, ask_network=ask_network)
    if as_json:
        sys.stdout.write(json.dumps(_document(settings, results), ensure_ascii=False, indent=2) + "\n")
    else:
        _print(results, Console(highlight=False), texts)
    return MISSING if any(result.state is CheckStatus.FAILED for result in results) else FINE


def examine(
    environment: Mapping[str, str],
    texts: MessageCatalog = ENGLISH,
    *,
    data_dir: Path | None = None,
    ask_network: bool = False,
) -> tuple[Settings, list[CheckResult]]:
    """Return the settings in force, and a result for each check."""
    settings, results = read_settings(environment, texts=texts, data_dir=data_dir)
    return settings, [
        check_python(texts=texts),
        *results,
        check_folder(settings, texts=texts),
        check_space(settings, texts=texts),
        *check_captures(settings, texts=texts),
        check_database(settings, texts=texts),
        *check_bus(settings, texts=texts),
        *check_workers(settings, texts=texts),
        *check_lists(settings, texts=texts),
        check_results(settings, texts=texts),
        check_readers(settings, texts=texts),
        check_port(settings, texts=texts),
        *check_resolvers(settings, ask=ask_network, texts=texts),
        check_browser(settings, texts=texts),
        check_browser_network(settings, texts=texts),
        check_fonts(texts=texts),
        check_picture_texts(texts=texts),
        check_file_limit(settings, texts=texts),
        check_clock(texts=texts),
    ]


def _document(settings: Settings, results: Sequence[CheckResult]) -> dict[str, Any]:
    return {
        "version": program_version(),
        "fine": all(result.state is not CheckStatus.FAILED for result in results),
        "findings": [
            {"name": f.name, "state": f.state.value, "found": f.found, "means": f.means or None} for f in results
        ],
        "settings": settings_in_force(settings),
    }


def _print(results: Sequence[CheckResult], console: Console, texts: MessageCatalog) -> None:
    if console.is_terminal:
        _print_rows(results, Sheet(console), texts)
    else:
        for result in results:
            console.print(Text(clean(_line(result, texts))), soft_wrap=True)
    counts = Counter(result.state for result in results)
    fine, degraded, failed = (counts[status] for status in CheckStatus)
    said = texts("doctor.counts", fine=fine, degraded=degraded, failed=failed)
    console.print(Text(said, style=STYLES[max(counts, key=list(CheckStatus).index)]))


def _print_rows(results: Sequence[CheckResult], sheet: Sheet, texts: MessageCatalog) -> None:
    """Write state, name and what was found side by side, and below what it means; paths are not broken."""
    states = max(cell_len(_state_of(result, texts)) for result in results) + GAP
    names = max(cell_len(_name_of(result, texts)) for result in results) + GAP
    indent = states + names
    for result in results:
        first, *others = wrap(clean(result.found), max(LEAST, sheet.text_width - indent))
        state = (pad(_state_of(result, texts), states), STYLES[result.state])
        sheet.line(state, pad(_name_of(result, texts), names), first)
        for line in others:
            sheet.line(line, indent=indent)
        if result.means:
            sheet.sentence(result.means, indent=indent)


def _line(result: CheckResult, texts: MessageCatalog) -> str:
    means = f" -- {result.means}" if result.means else ""
    return f"{pad(_state_of(result, texts), 8)} {_name_of(result, texts)}: {result.found}{means}"


def _state_of(result: CheckResult, texts: MessageCatalog) -> str:
    return texts(f"doctor.state.{result.state}")


def _name_of(result: CheckResult, texts: MessageCatalog) -> str:
    return texts(f"doctor.name.{result.name}")
