"""All checks in order, and how they are shown."""

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.doctor.configuration import read_settings, settings_in_force
from app.cli.doctor.finding import Finding, State
from app.cli.doctor.machine import check_browser, check_clock, check_file_limit, check_fonts, check_python
from app.cli.doctor.network import check_port, check_resolvers
from app.cli.doctor.storage import check_database, check_folder, check_results, check_space
from app.cli.texts import clean
from app.core.config import Settings

FINE: Final = 0
MISSING: Final = 1  # something that matters
STYLES: Final = {State.OK: "green", State.LESS: "yellow", State.BAD: "bold red"}


def run_doctor(*, data_dir: Path | None, ask_network: bool, as_json: bool) -> int:
    """The exit code: 1 when something is missing without which the service or its scans do not work."""
    settings, findings = examine(os.environ, data_dir=data_dir, ask_network=ask_network)
    if as_json:
        sys.stdout.write(json.dumps(_document(settings, findings), ensure_ascii=False, indent=2) + "\n")
    else:
        _print(findings, Console(highlight=False))
    return MISSING if any(finding.state is State.BAD for finding in findings) else FINE


def examine(
    environment: Mapping[str, str], *, data_dir: Path | None = None, ask_network: bool = False
) -> tuple[Settings, list[Finding]]:
    """The settings in force, and a finding for each check."""
    settings, findings = read_settings(environment, data_dir=data_dir)
    return settings, [
        check_python(),
        *findings,
        check_folder(settings),
        check_space(settings),
        check_database(settings),
        check_results(settings),
        check_port(settings),
        *check_resolvers(settings, ask=ask_network),
        check_browser(settings),
        check_fonts(),
        check_file_limit(settings),
        check_clock(),
    ]


def _document(settings: Settings, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "version": version("domain-compliance-scanner"),
        "fine": all(finding.state is not State.BAD for finding in findings),
        "findings": [
            {"name": f.name, "state": f.state.value, "found": f.found, "means": f.means or None} for f in findings
        ],
        "settings": settings_in_force(settings),
    }


def _print(findings: Sequence[Finding], console: Console) -> None:
    if console.is_terminal:
        console.print(_table(findings))
    else:
        for finding in findings:
            means = f" -- {finding.means}" if finding.means else ""
            console.print(
                Text(clean(f"{finding.state.value:<4} {finding.name}: {finding.found}{means}")), soft_wrap=True
            )
    counts = Counter(finding.state for finding in findings)
    said = f"{counts[State.OK]} fine, {counts[State.LESS]} work less well, {counts[State.BAD]} bad"
    console.print(Text(said, style=STYLES[max(counts, key=list(State).index)]))


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=SIMPLE_HEAD, expand=True)
    table.add_column("", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("found", ratio=1, overflow="fold")
    table.add_column("what it means", ratio=1, overflow="fold")
    for finding in findings:
        mark = Text(finding.state.value, style=STYLES[finding.state])
        table.add_row(mark, finding.name, Text(clean(finding.found)), Text(clean(finding.means)))
    return table
