"""What a scan may keep of its captures: its own limit, its user's, everybody's, and free space on the disk."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.core.config import Settings
from app.engines.capture.room import Refusal

LOOK_EVERY_S: Final = 1.0  # at the free space; a scan captures some MiB in that time


def free_bytes(folder: Path) -> int:
    """What a user's process may still write there."""
    return shutil.disk_usage(folder).free


class LimitedRoom:
    """Fulfils `engines.capture.room.CaptureRoom`. The loop takes, the heart's thread reports."""

    def __init__(
        self,
        *,
        folder: Path,
        settings: Settings,
        free: Callable[[Path], int] = free_bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.refusal: Refusal | None = None
        self._folder = folder
        self._settings = settings
        self._free = free
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept = 0  # bytes of this run
        self._unreported = 0  # of them, what the database does not know yet
        self._usage = (0, 0)  # bytes of the user and of all, as the database last said
        self._look_at = 0.0  # monotonic; when the free space is looked at again

    def take(self, size: int) -> bool:
        if self.refusal is None:
            self.refusal = self._refuse(size)
        if self.refusal is not None:
            return False
        with self._lock:
            self._kept += size
            self._unreported += size
        return True

    def resume(self, size: int) -> None:
        with self._lock:
            self._kept += size

    # For the heart

    def unreported(self) -> int:
        """Bytes that were kept and that the database does not know yet."""
        return self._unreported

    def reported(self, size: int, user_bytes: int, all_bytes: int) -> None:
        """The database knows of them now, and says how much there is in all."""
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
        return "disk" if self._is_disk_short() else None

    def _is_disk_short(self) -> bool:
        now = self._monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY_S
        return self._free(self._folder) < self._settings.capture_reserve_bytes
