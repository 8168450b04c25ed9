"""Limits what a scan keeps of its captures: per scan, per user, in all, and by the free space on the disk."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.captures.quota import Refusal
from app.core.config import Settings

FREE_SPACE_READ_S: Final = 1.0  # how often the free space is read; a scan captures some MiB in that time


def free_bytes(folder: Path) -> int:
    """Return the bytes that a process may still write there."""
    return shutil.disk_usage(folder).free


class LimitedCaptureQuota:
    """Fulfils `captures.quota.CaptureQuota`. The loop takes, the heartbeat's thread reports."""

    def __init__(
        self,
        *,
        folder: Path | None,
        settings: Settings,
        free: Callable[[Path], int] = free_bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder`: whose disk is looked at; None when the contents lie elsewhere."""
        self.refusal: Refusal | None = None
        self._folder = folder
        self._settings = settings
        self._free = free
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept = 0  # bytes of this run
        self._unreported = 0  # of them, what the database does not know yet
        self._usage = (0, 0)  # bytes of the user and of all, as the database last said
        self._read_at = 0.0  # monotonic; when the free space is read again

    def take(self, size: int) -> bool:
        if self.refusal is None:
            self.refusal = self._refuse(size)
        if self.refusal is not None:
            return False
        with self._lock:
            self._kept += size
            self._unreported += size
        return True

    def give_back(self, size: int) -> None:
        with self._lock:
            self._kept -= size
            self._unreported -= size

    def resume(self, size: int) -> None:
        with self._lock:
            self._kept += size

    # For the heartbeat

    def unreported(self) -> int:
        """Return the bytes that were kept and that the database does not know yet."""
        return self._unreported

    def reported(self, size: int, user_bytes: int, all_bytes: int) -> None:
        """Note that the database knows `size` more of them now, and how many bytes the user and all users keep."""
        with self._lock:
            self._unreported -= size
            self._usage = (user_bytes, all_bytes)

    def _refuse(self, size: int) -> Refusal | None:
        settings = self._settings
        with self._lock:
            kept = self._kept + size
            user_bytes, all_bytes = (known + self._unreported + size for known in self._usage)
        if kept > settings.capture_max_bytes_per_scan:
            return "scan"
        if user_bytes > settings.capture_max_bytes_per_user:
            return "user"
        if all_bytes > settings.capture_max_bytes:
            return "all"
        return "disk" if self._folder is not None and self._is_disk_short(self._folder) else None

    def _is_disk_short(self, folder: Path) -> bool:
        now = self._monotonic()
        if now < self._read_at:
            return False
        self._read_at = now + FREE_SPACE_READ_S
        return self._free(folder) < self._settings.capture_reserve_bytes
