"""The data folder: ours alone while a server runs."""

import fcntl
import os
import stat
from pathlib import Path
from typing import Final

from app.core.errors import ConfigurationError
from app.core.private import FOLDER_MODE, close_to_others, open_mode, warn_of_others

LOCK_FILE: Final = "lock"
# What the program puts into its folder. A folder that holds anything else, or that all may write to, is somebody's
# (/tmp, a home): its mode is not changed.
OWN_NAMES: Final = (
    "compliance.db",
    "scans",
    "captures",
    "secret.key",
    ".secret.key",
    "log.counter",
    "log.id",
    LOCK_FILE,
)


def prepare_folder(path: Path) -> None:
    """Makes the folder with mode 0700. One that is there already is closed to others when nothing but ours is in it;
    else the log complains. Raises ConfigurationError when it cannot be made or used.
    """
    try:
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"The data folder {path} cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigurationError(f"The data folder {path} cannot be written to")
    mode = open_mode(path)
    if mode and _is_ours(path, mode):
        close_to_others(path)
    elif mode:
        warn_of_others(path, mode)


def _is_ours(path: Path, mode: int) -> bool:
    if mode & (stat.S_ISVTX | stat.S_IWOTH):
        return False
    return all(entry.name.startswith(OWN_NAMES) for entry in path.iterdir())


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
