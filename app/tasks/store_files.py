"""Where a scan's store lies, and how the next attempt gets it from a holder that does not let go."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from app.core.clock import Clock
from app.scanstore.lock import lock_holder

HOLDER_PATIENCE_S: Final = 5.0  # an orphan writes its checkpoint in far less; one that is frozen never does
LOOK_EVERY_S: Final = 0.05
STORE_ENDINGS: Final = ("", "-wal", "-shm", "-journal", ".lock")  # of the files of one store
log = structlog.get_logger(__name__)


def store_path(data_dir: Path, task_id: str, run: int) -> Path:
    """The file of one run: a requeue goes on in it, a retry by a user gets a new one."""
    return data_dir / "scans" / f"{task_id}-{run}.db"


def captures_dir(data_dir: Path) -> Path:
    """The content-addressed store that all scans share."""
    return data_dir / "captures"


def remove_stores(data_dir: Path, task_id: str, last_run: int) -> None:
    """Removes what all runs of a deleted task collected. Captures stay: other scans may share them.

    By name and not by looking through the folder, which may hold a hundred thousand files.
    """
    for run in range(1, last_run + 1):
        path = store_path(data_dir, task_id, run)
        for ending in STORE_ENDINGS:
            path.with_name(path.name + ending).unlink(missing_ok=True)


async def await_store(path: Path, clock: Clock, *, patience_s: float = HOLDER_PATIENCE_S) -> None:
    """Returns when nobody holds the store's lock. A holder that keeps it longer than `patience_s` is killed."""
    deadline = clock.monotonic() + patience_s
    while (holder := lock_holder(path)) is not None:
        if clock.monotonic() >= deadline:
            kill_holder(holder)
        await clock.sleep(LOOK_EVERY_S)


def kill_holder(pid: int) -> None:
    """Ends the process that holds a store; it leads a group of its own (0: it has not yet said who it is)."""
    if pid in (0, os.getpid()):
        return
    log.warning("store_holder_killed", pid=pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
