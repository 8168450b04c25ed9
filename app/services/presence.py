"""Whether database and `scans/` belong together: looked at once, after the start."""

import asyncio
from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from app.core.db import Database, DatabaseUnavailable
from app.repositories import tasks

CHUNK: Final = 1_000  # rows of one read
log = structlog.get_logger(__name__)


class ResultFiles:
    """A database that was put back without its `scans/` shows tasks whose results are not there; `scans/` without
    their database are files that nobody can see. Neither stops the service: both are said.
    """

    def __init__(self, *, db: Database, scans_dir: Path) -> None:
        self._db = db
        self._scans_dir = scans_dir
        self.missing = 0  # scans that have begun and have no file; 0 before `check`
        self.unknown = 0  # files of tasks that the database does not know

    async def check(self) -> None:
        """Logs what it finds."""
        try:
            before = await asyncio.to_thread(list_results, self._scans_dir)
            rows = await self._read_rows()
            there = await asyncio.to_thread(list_results, self._scans_dir)
        except (DatabaseUnavailable, OSError) as error:
            log.warning("results_not_compared", reason=str(error))
            return
        missing, _ = compare(rows, there)
        _, unknown = compare(rows, before)
        self.missing, self.unknown = len(missing), len(unknown)
        if missing:
            log.error("results_missing", count=len(missing), first=missing[0], folder=str(self._scans_dir))
        if unknown:
            log.warning("results_of_unknown_tasks", count=len(unknown), first=min(unknown), folder=str(self._scans_dir))

    async def _read_rows(self) -> list[tuple[str, int, bool]]:
        found: list[tuple[str, int, bool]] = []
        last = ""
        while True:
            chunk = await self._db.read(partial(tasks.runs_after, task_id=last, limit=CHUNK))
            found += chunk
            if len(chunk) < CHUNK:
                return found
            last = chunk[-1][0]


def compare(rows: Iterable[tuple[str, int, bool]], files: Collection[str]) -> tuple[list[str], list[str]]:
    """(names of files that begun runs should have and have not, names of files of tasks that are not in `rows`)."""
    known = {task_id: f"{task_id}-{run}.db" if begun else None for task_id, run, begun in rows}
    missing = [name for name in known.values() if name is not None and name not in files]
    return missing, [name for name in files if task_of(name) not in known]


def list_results(folder: Path) -> set[str]:
    """Names of the scans' files. Blocking. Raises OSError; a folder that is missing is empty."""
    try:
        return {path.name for path in folder.iterdir() if path.suffix == ".db"}
    except FileNotFoundError:
        return set()


def task_of(name: str) -> str:
    """The task's id, from the name of a file."""
    return name.removesuffix(".db").rpartition("-")[0]
