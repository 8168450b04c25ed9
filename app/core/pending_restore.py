"""Last step of a restore: prepared data in the data folder replaces the current data.

`restore` lays everything into READY, which appears by one rename when it is whole. From then on the restore has
happened: the next holder of the folder's lock finishes it (`apply_restore`), also after a kill between any two steps.
What was there before is kept in a folder of its own.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

READY: Final = "restore.ready"
NAME: Final = "name"  # of the folder for the old data, a file in READY: the same one in a second try
DATABASE: Final = "compliance.db"
# SQLite's files beside the old database first: they must never meet the new one.
_BESIDE: Final = ("compliance.db-wal", "compliance.db-shm", "compliance.db-journal")
_PARTS: Final = (DATABASE, "scans", "captures")
Rename = Callable[[Path, Path], object]
log = structlog.get_logger(__name__)


def is_restore_pending(folder: Path) -> bool:
    """Return whether a restore is pending."""
    return (folder / READY).is_dir()


def previous_data_folder(folder: Path) -> Path | None:
    """Return the folder for the old data; None if no restore is pending, or nothing of it is left to do."""
    try:
        return folder / (folder / READY / NAME).read_text()
    except FileNotFoundError:
        return None


def apply_restore(folder: Path, *, rename: Rename = Path.rename) -> Path | None:
    """Finish the restore that waits, if one does; returns where the old data is now, None when there was none.

    The caller holds the folder's lock, and nobody has the database open. Raises OSError; nothing is lost then, and the
    next call goes on.
    """
    ready = folder / READY
    if not is_restore_pending(folder):
        return None
    previous = previous_data_folder(folder)
    if previous is not None:
        _replace_parts(folder, ready, previous, rename)
        (ready / NAME).unlink()
    ready.rmdir()
    sync_folder(folder)
    previous = previous if previous is not None and previous.exists() else None
    log.warning("restored", old_data=str(previous) if previous is not None else None)
    return previous


def _replace_parts(folder: Path, ready: Path, previous: Path, rename: Rename) -> None:
    previous.mkdir(mode=0o700, exist_ok=True)
    if (ready / DATABASE).exists():
        for name in _BESIDE:
            _move(folder / name, previous / name, rename)
    for name in _PARTS:
        if (ready / name).exists():
            _move(folder / name, previous / name, rename)
            _move(ready / name, folder / name, rename)
    if not any(previous.iterdir()):
        previous.rmdir()
    sync_folder(folder)


def _move(source: Path, target: Path, rename: Rename) -> None:
    if source.exists():
        rename(source, target)


def sync_folder(folder: Path) -> None:
    """Make renames in the folder durable against a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
