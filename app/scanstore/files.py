"""Paths of the files of scans, and taking a store over from a process that does not release it."""

import errno
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from app.core.clock import Clock
from app.scanstore.lock import lock_holder

HOLDER_PATIENCE_S: Final = 5.0  # an orphan writes its checkpoint in far less; one that is frozen never does
POLL_S: Final = 0.05
SCANS_FOLDER: Final = "scans"
STORE_ENDINGS: Final = ("", "-wal", "-shm", "-journal", ".lock")  # of the files of one store
log = structlog.get_logger(__name__)


def store_path(data_dir: Path, task_id: str, run: int) -> Path:
    """Return the file of one run: a requeue goes on in it, a retry by a user gets a new one."""
    return data_dir / SCANS_FOLDER / f"{task_id}-{run}.db"


def captures_dir(data_dir: Path) -> Path:
    """Return the folder of captured contents, which all scans share."""
    return data_dir / "captures"


class StoreRemover:
    """Removes what runs of a task collected: all of a deleted one's, or an old one's. Captures stay: other scans may
    share them.

    By name and not by looking through the folder, which may hold a hundred thousand files.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def require_writable(self) -> None:
        """Raise OSError when the folder exists and nothing in it can be removed."""
        folder = self._data_dir / SCANS_FOLDER
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    def __call__(self, task_id: str, last_run: int, *, first_run: int = 1) -> None:
        for run in range(first_run, last_run + 1):
            path = store_path(self._data_dir, task_id, run)
            for ending in STORE_ENDINGS:
                path.with_name(path.name + ending).unlink(missing_ok=True)


async def wait_until_released(path: Path, clock: Clock, *, patience_s: float = HOLDER_PATIENCE_S) -> None:
    """Return when nobody holds the store's lock. A holder that keeps it longer than `patience_s` is killed."""
    deadline = clock.monotonic() + patience_s
    while (holder := lock_holder(path)) is not None:
        if clock.monotonic() >= deadline:
            kill_lock_holder(holder)
        await clock.sleep(POLL_S)


def kill_lock_holder(pid: int) -> None:
    """Kill the process that holds a store (0: it has not yet said who it is)."""
    if pid in (0, os.getpid()):
        return
    log.warning("store_holder_killed", pid=pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
