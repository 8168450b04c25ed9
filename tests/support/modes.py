"""Whom files are open to."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def file_mode_open_to_others(folder: Path) -> list[str]:
    """Everything in and below the folder, itself included, that others have a right to; with its mode."""
    entries = [folder, *folder.rglob("*")]
    modes = [(path, stat.S_IMODE(path.lstat().st_mode)) for path in entries]
    return [f"{path.relative_to(folder)} {mode:04o}" for path, mode in modes if mode & 0o077]


@contextmanager
def umask_of(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


_listeners: list[list[tuple[str, int | None]]] = []
_hooked: list[bool] = []  # an audit hook stays for the life of the process


@contextmanager
def sqlite_openings() -> Iterator[list[tuple[str, int | None]]]:
    """Name and mode (None: it is not there yet) of each file at the moment at which SQLite is told to open it."""
    if not _hooked:
        sys.addaudithook(_hear)
        _hooked.append(True)
    seen: list[tuple[str, int | None]] = []
    _listeners.append(seen)
    try:
        yield seen
    finally:
        _listeners.remove(seen)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "sqlite3.connect" or not _listeners:
        return
    path = Path(os.fsdecode(arguments[0]))
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    for seen in _listeners:
        seen.append((path.name, mode))
