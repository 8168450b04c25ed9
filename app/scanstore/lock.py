"""The lock that a scan holds on its store for life: when it can be taken, the scan's process is gone."""

import fcntl
import os
from pathlib import Path

from app.scanstore.errors import StoreLocked, StoreUnavailable


def lock_path(store: Path) -> Path:
    """Return the path of the lock's own file, beside the store: SQLite's locks on the store stay out of it."""
    return store.with_name(store.name + ".lock")


class StoreLock:
    """An exclusive advisory lock. The kernel releases it when the process ends, however it ends."""

    def __init__(self, store: Path) -> None:
        """Take the lock. Raises StoreLocked, or StoreUnavailable: no room, no descriptor left, the folder refuses."""
        # Open while the lock is held; None afterwards. Not inherited by programs that the scan starts.
        self._descriptor: int | None = _acquire(lock_path(store))

    def release(self) -> None:
        """Release the lock. May be called twice. The file stays: removing it would let two holders in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _acquire(path: Path) -> int:
    descriptor = _open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreLocked(f"another process holds {path.name}") from error
    except OSError as error:
        os.close(descriptor)
        raise StoreUnavailable(str(error)) from error
    return descriptor


def lock_holder(store: Path) -> int | None:
    """Return the id of the process that holds the store's lock, 0 when it has not said who it is; None: no process.

    Raises:
        StoreUnavailable: the lock cannot be looked at.
    """
    path = lock_path(store)
    if not path.exists():
        return None
    descriptor = _open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(descriptor, 20, 0) or 0)
    else:
        return None
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise StoreUnavailable(str(error)) from error
