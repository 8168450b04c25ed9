"""The data folder and the database: ours alone while a server runs."""

import fcntl
import os
import stat
from pathlib import Path
from typing import Final

from app.core.errors import ConfigurationError
from app.core.private import FOLDER_MODE, close_to_others, open_mode, warn_of_others

LOCK_FILE: Final = "lock"
ELSEWHERE: Final = "mend that, or choose another folder (--data-dir or COMPLIANCE_DATA_DIR)"
DATABASE_LOCK: Final = ".lock"  # appended to the database's name
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
    "restore.",
    "before-restore-",
    LOCK_FILE,
)


def prepare_folder(path: Path) -> None:
    """Makes the folder with mode 0700. One that is there already is closed to others when nothing but ours is in it;
    else the log complains. Raises ConfigurationError when it cannot be made or used.
    """
    try:
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"The data folder {path} cannot be made: {error.strerror}; {ELSEWHERE}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigurationError(f"The data folder {path} cannot be written to; {ELSEWHERE}")
    mode = open_mode(path)
    if mode and _is_ours(path, mode):
        close_to_others(path)
    elif mode:
        warn_of_others(path, mode)


def _is_ours(path: Path, mode: int) -> bool:
    if mode & (stat.S_ISVTX | stat.S_IWOTH):
        return False
    return all(entry.name.startswith(OWN_NAMES) for entry in path.iterdir())


class InUse(ConfigurationError):
    """Another server holds the lock. `holder` is its process, as far as it has said so."""

    def __init__(self, what: str, instead: str, holder: str) -> None:
        super().__init__(
            f"{what} is in use by another server{f' (process {holder})' if holder else ''}; "
            f"end that one or choose another {instead}"
        )
        self.holder = holder


class FileLock:
    """An exclusive lock on a file. The kernel lets go of it when the process ends, however it ends: no clock is asked,
    and whoever starts again can have it at once.
    """

    def __init__(self, path: Path, *, what: str, instead: str) -> None:
        """Raises InUse when another server has it: `what` is in use, choose something `instead`."""
        self._descriptor: int | None = _acquire(path, what, instead)  # None after `release`

    def release(self) -> None:
        """May be called twice. The file stays: removing it would let two in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class FolderLock(FileLock):
    """The lock of the data folder."""

    def __init__(self, folder: Path) -> None:
        """Raises ConfigurationError when another server has it."""
        super().__init__(folder / LOCK_FILE, what=f"The data folder {folder}", instead="folder")


class DatabaseLock(FileLock):
    """The lock of a SQLite file, which may lie outside of the data folder: two servers on it would end each other's
    scans.

    The lock is a file of its own beside the database, where its WAL is, too, under the name that is no symbolic link:
    a lock on the database itself would be in the way of SQLite's on some systems.
    """

    def __init__(self, database: Path) -> None:
        """Raises ConfigurationError when another server has it, or when the file has a second name (a hard link):
        SQLite would damage it, for each name has a WAL of its own.
        """
        path = Path(os.path.realpath(database))
        if path.exists() and path.stat().st_nlink > 1:
            raise ConfigurationError(f"The database {path} has more than one name (hard links); leave it one")
        super().__init__(path.with_name(path.name + DATABASE_LOCK), what=f"The database {path}", instead="database")


class Ownership:
    """What a server alone may have: its data folder, and its database when that is a file."""

    def __init__(self, folder: Path, database: Path | None) -> None:
        """Raises ConfigurationError; then nothing is held."""
        self._locks: list[FileLock] = [FolderLock(folder)]
        if database is None:
            return
        try:
            self._locks.append(DatabaseLock(database))
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """May be called twice."""
        for lock in self._locks:
            lock.release()


def _acquire(path: Path, what: str, instead: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be opened: {error.strerror}; {ELSEWHERE}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise InUse(what, instead, holder) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor
