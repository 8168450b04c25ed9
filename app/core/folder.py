"""The data folder: ours alone while a server runs."""

import fcntl
import os
from pathlib import Path
from typing import Final

from app.core.errors import ConfigurationError

LOCK_FILE: Final = "lock"


def prepare_folder(path: Path) -> None:
    """Makes the folder, with mode 0700 when it is new. Raises ConfigurationError when that cannot be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"The data folder {path} cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigurationError(f"The data folder {path} cannot be written to")


class FolderLock:
    """An exclusive lock on the folder. The kernel lets go of it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Raises ConfigurationError when another server has it."""
        self._descriptor: int | None = _acquire(folder / LOCK_FILE)  # None after `release`

    def release(self) -> None:
        """May be called twice. The file stays: removing it would let two in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _acquire(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise ConfigurationError(
            f"The data folder {path.parent} is in use by another server{f' (process {holder})' if holder else ''}; "
            "end that one or choose another folder"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor
