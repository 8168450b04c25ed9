"""A rising number in a file. Compared with one in the database, it shows that the database was restored."""

import os
import threading
from pathlib import Path
from typing import Final

from app.core.errors import ConfigurationError
from app.core.system_errors import reason_of

DIGITS: Final = 20  # of the largest number that SQLite keeps, and one more


class CounterFile:
    """One process writes it. The number is overwritten in place, in one write of one sector: it is never torn.

    What `raise_to` wrote survives the death of the process; `sync` makes it survive the loss of power.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file if it is there. Raises ConfigurationError when it is there and cannot be opened."""
        self._path = path
        self._lock = threading.Lock()
        self._descriptor: int | None = None  # None: there is no file yet, or `close` was called
        self._synced: int | None = None
        self.value: int | None = None  # None: there is no file, or it does not hold a number
        self._open(os.O_RDWR)

    def raise_to(self, number: int) -> None:
        """Write the number unless the file holds it or a higher one; makes the file. Any thread. Raises OSError."""
        if self.value is not None and number <= self.value:
            return
        with self._lock:
            if self.value is not None and number <= self.value:
                return
            if self._descriptor is None:
                self._open(os.O_RDWR | os.O_CREAT)
            assert self._descriptor is not None
            os.pwrite(self._descriptor, f"{number:0{DIGITS}}\n".encode(), 0)
            self.value = number

    def sync(self) -> None:
        """Blocking; any thread. Raises OSError."""
        value, descriptor = self.value, self._descriptor
        if descriptor is not None and value != self._synced:
            os.fsync(descriptor)
            self._synced = value

    def close(self) -> None:
        """May be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, flags: int) -> None:
        try:
            self._descriptor = os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigurationError(text="counter_not_opened", path=self._path, reason=reason_of(error)) from error
        text = os.pread(self._descriptor, DIGITS + 1, 0)
        self.value = int(text) if len(text) == DIGITS + 1 and text.strip().isdigit() else None
