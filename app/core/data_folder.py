"""The data folder and the database: locked for one server while it runs."""

import fcntl
import os
import stat
from pathlib import Path
from typing import Final

from app.core.errors import ConfigurationError
from app.core.file_permissions import FOLDER_MODE, open_mode, restrict_to_owner, warn_of_open_mode
from app.core.system_errors import reason_of

LOCK_FILE: Final = "lock"
MAX_LOCK: Final = 4_096  # bytes of it that are read: a process and an address
PASSIVE_CACHE: Final = "sources"  # folder: what passive sources answered within the last day
LISTS_FOLDER: Final = "lists"  # what lists of hosts and URLs were made into
TIME_STAMPS_FOLDER: Final = "time-stamps"  # of evidence archives, as the authority gave them
OWN_LISTS_FOLDER: Final = "lists.d"  # lists that people put there: relative paths of the setting lie in it
DATABASE_LOCK: Final = ".lock"  # appended to the database's name
# What the program puts into its folder. A folder that holds anything else, or that all may write to, is somebody's
# (/tmp, a home): its mode is not changed.
OWN_NAMES: Final = (
    "compliance.db",
    "scans",
    "captures",
    PASSIVE_CACHE,
    LISTS_FOLDER,
    TIME_STAMPS_FOLDER,
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
        raise ConfigurationError(text="folder_not_made", path=path, reason=reason_of(error)) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigurationError(text="folder_not_writable", path=path)
    mode = open_mode(path)
    if mode and _is_ours(path, mode):
        restrict_to_owner(path)
    elif mode:
        warn_of_open_mode(path, mode)


def _is_ours(path: Path, mode: int) -> bool:
    if mode & (stat.S_ISVTX | stat.S_IWOTH):
        return False
    return all(entry.name.startswith(OWN_NAMES) for entry in path.iterdir())


class InUse(ConfigurationError):
    """Another server holds the lock on `path`. `holder` is its process, as far as it has said so, and `address` that of
    its page; "" for a process without one, such as a scan of the command line.
    """

    def __init__(self, *, text: str, path: Path, holder: str, address: str) -> None:
        super().__init__(text=text, path=path, process=holder or "?")
        self.path = path
        self.holder = holder
        self.address = address


class FileLock:
    """An exclusive lock on a file. The kernel lets go of it when the process ends, however it ends: no clock is asked,
    and the next start can have it at once.
    """

    def __init__(self, path: Path, *, owned: Path, text: str) -> None:
        """Raises InUse with this text when another server has it; `owned` is what it stands for."""
        try:
            self._descriptor: int | None = _acquire(path)  # None after `release`
        except _Held as held:
            raise InUse(text=text, path=owned, holder=held.holder, address=held.address) from held

    def announce(self, address: str) -> None:
        """Tell those who find the lock held where the page of its holder is."""
        if self._descriptor is not None:
            said = f"{os.getpid()}\n{address}\n{_started(os.getpid())}\n"
            os.pwrite(self._descriptor, said.encode(), 0)

    def release(self) -> None:
        """May be called twice. The file stays, empty: removing it would let two in."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


class FolderLock(FileLock):
    """The lock of the data folder."""

    def __init__(self, folder: Path) -> None:
        """Raises ConfigurationError when another server has it."""
        super().__init__(folder / LOCK_FILE, owned=folder, text="folder_in_use")


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
            raise ConfigurationError(text="database_linked", path=path)
        super().__init__(path.with_name(path.name + DATABASE_LOCK), owned=path, text="database_in_use")


class ServerLocks:
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

    def announce(self, address: str) -> None:
        """Tell those who find a lock held where the page of this server is."""
        for lock in self._locks:
            lock.announce(address)

    def release(self) -> None:
        """May be called twice."""
        for lock in self._locks:
            lock.release()


def page_address(folder: Path) -> str:
    """Return where the page of the service that runs with this folder is; "" when none does.

    The lock is not tried: a server that starts at this moment would find it held.
    """
    try:
        process, address, started = _read_holder((folder / LOCK_FILE).read_bytes()[:MAX_LOCK])
        os.kill(int(process), 0)
    except (OSError, ValueError, OverflowError):
        return ""  # there is none, or it was killed
    return "" if started and started != _started(int(process)) else address


def _started(process: int) -> str:
    """Return when a process began, in the system's count since its own start; "" where it does not say. Numbers of
    processes come again, above all after a restart.
    """
    try:
        return Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


class _Held(Exception):
    """Another process holds the lock: this one, with a page at this address, as far as it has said so."""

    def __init__(self, holder: str, address: str) -> None:
        super().__init__(holder)
        self.holder = holder
        self.address = address


def _acquire(path: Path) -> int:
    """Return the locked file. Raises _Held, ConfigurationError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(text="lock_not_opened", path=path, reason=reason_of(error)) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder, address, _ = _read_holder(os.pread(descriptor, MAX_LOCK, 0))
        os.close(descriptor)
        raise _Held(holder, address) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _read_holder(content: bytes) -> tuple[str, str, str]:
    """Return the process, the address of its page, and when it began, each "" when it is not said."""
    process, address, started, *_ = [*content.decode("utf-8", "replace").split("\n"), "", "", ""]
    return process.strip(), address.strip(), started.strip()
