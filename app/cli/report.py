"""`compliance report`: a scan's report as a file, from its data folder, with or without a server beside it."""

import asyncio
import os
import sys
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import Final

from app.captures.location import storage_variables
from app.cli import exit_codes
from app.cli.report_output import STANDARD_OUTPUT, write_file, write_standard_output
from app.compose.services import Services
from app.compose.storage import open_database
from app.core.clock import SystemClock
from app.core.config import Settings, load_settings
from app.core.db import Database
from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.core.principal import ADMIN, Principal
from app.domain.messages import Language, MessageCatalog
from app.domain.report_format import ReportFormat, format_of_suffix
from app.domain.task_row import TaskRow
from app.migrations.runner import head_revision, read_revision
from app.reports.formats.service import file_name, order_of
from app.scans.queries import tasks
from app.scans.shown_run import RunRef, find_shown
from app.tasks.report_process.maker import build_report_maker
from app.tasks.target_parser import EngineTargetParser

_LOCAL: Final = Principal("", "", ADMIN)  # who sits at the machine may see every task


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportArguments:
    """What was asked for. `output` None: a file in the current folder, named after the scan.

    `attempt` None: the one that stands for the task (`scans.shown_run`).
    """

    source: str
    attempt: int | None = None
    kind: ReportFormat | None = None
    output: str | None = None
    data_dir: Path | None = None


def run_report(arguments: ReportArguments, texts: MessageCatalog) -> int:
    """Write the report and say where. Raises ConfigurationError, Unavailable."""
    folder, task_id = _place_of(arguments, texts)
    settings = load_settings(data_dir=folder)
    configure_logging(settings.log_level, settings.log_format)
    db = _open(settings, texts)
    try:
        row = _find(db, settings, task_id, arguments.attempt, texts)
        kind = _format_of(arguments)
        pieces = _pieces(settings, db, row, kind, texts.language)
        if arguments.output == STANDARD_OUTPUT:
            write_standard_output(pieces)
        else:
            path = Path(arguments.output or file_name(row, kind))
            size = write_file(path, pieces)
            said = texts("report_written", path=path, kib=f"{size / 1024:,.0f}")
            sys.stdout.write(f"{said}\n")
    finally:
        asyncio.run(db.close())
    return exit_codes.CLEAN


async def save_report(services: Services, task_id: str, path: Path, language: Language) -> None:
    """Write the report of a task that these services hold, in the format of the file's ending."""
    row = await services.db.read(partial(find_shown, wanted=RunRef(task_id), principal=_LOCAL))
    kind = format_of_suffix(path.name)
    assert kind is not None  # `check_output` has seen to it
    pieces = _pieces(services.settings, services.db, row, kind, language)
    await asyncio.to_thread(write_file, path, pieces)


def _pieces(
    settings: Settings, db: Database, row: TaskRow, kind: ReportFormat, language: Language
) -> Generator[bytes, None, None]:
    """Make the report here: nobody else waits for this process."""
    order = order_of(row, EngineTargetParser(), SystemClock(), kind=kind, language=language, made_by=user_name())
    return build_report_maker(settings, db, storage_variables(os.environ)).pieces(order)


def _place_of(arguments: ReportArguments, texts: MessageCatalog) -> tuple[Path | None, str | None]:
    """Return (data folder, task id); None: that of the settings, and the newest task."""
    folder = Path(arguments.source)
    if folder.is_dir():
        return folder, None
    if "/" in arguments.source or arguments.source.startswith("."):
        raise ConfigurationError(texts("cli.no_folder", folder=folder))
    return arguments.data_dir, arguments.source


def user_name() -> str:
    """Return who runs the command; "" for an account without a name, as containers have it."""
    try:
        return getuser()
    except (KeyError, OSError):
        return ""


def _format_of(arguments: ReportArguments) -> ReportFormat:
    """Return what was asked for, else what the file's ending says."""
    of_file = None if arguments.output in (None, STANDARD_OUTPUT) else format_of_suffix(str(arguments.output))
    return arguments.kind or of_file or ReportFormat.HTML


def _open(settings: Settings, texts: MessageCatalog) -> Database:
    """Open a database that is there already and of this version. Raises ConfigurationError."""
    file = settings.database_file
    if file is not None and not file.exists():
        raise ConfigurationError(texts("cli.no_data_folder", folder=settings.data_dir, file=file.name))
    db = open_database(settings)
    if read_revision(db) != head_revision():
        asyncio.run(db.close())
        raise ConfigurationError(texts("cli.other_version", folder=settings.data_dir))
    return db


def _find(db: Database, settings: Settings, task_id: str | None, attempt: int | None, texts: MessageCatalog) -> TaskRow:
    """Return the task as the wanted run left it; `task_id` None: the newest. Raises ConfigurationError, NotFound."""
    found = task_id or db.read_sync(tasks.newest_id)
    if found is None:
        raise ConfigurationError(texts("cli.no_scan", folder=settings.data_dir))
    return db.read_sync(partial(find_shown, wanted=RunRef(found, attempt), principal=_LOCAL))
