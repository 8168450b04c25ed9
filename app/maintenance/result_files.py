"""Whether database and `scans/` belong together: looked at once, after the start."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from app.core.db import Database, DatabaseUnavailable
from app.scans.queries import runs, tasks

CHUNK: Final = 1_000  # rows of one read
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class ResultFileCheck:
    """A database that was put back without its `scans/` shows tasks whose results are not there; `scans/` without
    their database are files that nobody can see. Neither stops the service: both are said.
    """

    db: Database
    scans_dir: Path
    missing: int = field(default=0, init=False)  # scans that have begun and have no file; 0 before `check`
    unknown: int = field(default=0, init=False)  # files of tasks that the database does not know

    async def check(self) -> None:
        """Compare files and rows once, and log what is missing or unknown."""
        try:
            before = await asyncio.to_thread(list_results, self.scans_dir)
            rows, ended = await self._read_all(tasks.runs_after, ("",)), await self._read_all(runs.begun_after, ("", 0))
            there = await asyncio.to_thread(list_results, self.scans_dir)
        except (DatabaseUnavailable, OSError) as error:
            log.warning("results_not_compared", reason=str(error))
            return
        missing, _ = compare(rows, ended, there)
        _, unknown = compare(rows, ended, before)
        self.missing, self.unknown = len(missing), len(unknown)
        if missing:
            log.error("results_missing", count=len(missing), first=missing[0], folder=str(self.scans_dir))
        if unknown:
            log.warning("results_of_unknown_tasks", count=len(unknown), first=min(unknown), folder=str(self.scans_dir))

    async def _read_all(self, read: Callable[..., Sequence[Any]], last: tuple[Any, ...]) -> list[Any]:
        """Read what `read` lists, chunk by chunk, each behind the key that began the last row before."""
        found: list[Any] = []
        while True:
            chunk = await self.db.read(lambda c: read(c, last, CHUNK))  # noqa: B023 - read at once
            found += chunk
            if len(chunk) < CHUNK:
                return found
            last = chunk[-1][: len(last)]


def compare(
    rows: Iterable[tuple[str, int, bool]], ended: Iterable[tuple[str, int]], files: Collection[str]
) -> tuple[list[str], list[str]]:
    """(names of files that begun runs should have and have not, names of files of tasks that are not in `rows`).

    `rows`: of each task its newest run, and whether that has begun; `ended`: runs that have ended, with results.
    """
    known = {task_id: f"{task_id}-{run}.db" if begun else None for task_id, run, begun in rows}
    wanted = {*filter(None, known.values()), *(f"{task_id}-{run}.db" for task_id, run in ended)}
    return sorted(wanted - set(files)), [name for name in files if task_of(name) not in known]


def list_results(folder: Path) -> set[str]:
    """Names of the scans' files. Blocking. Raises OSError; a folder that is missing is empty."""
    try:
        return {path.name for path in folder.iterdir() if path.suffix == ".db"}
    except FileNotFoundError:
        return set()


def task_of(name: str) -> str:
    """The task's id, from the name of a file."""
    return name.removesuffix(".db").rpartition("-")[0]
