"""Brings a scan's file up to date with its log, in a thread of its own: that waits for the disk, a crawl must not."""

import sqlite3
import threading
from pathlib import Path
from typing import Final

# Of the log, in pages of 4 KiB. The thread writes them back behind the commits; as one comes after the other, it never
# gets quite level, and the log can only begin anew where a commit finds it level. So a commit at this size writes back
# the rest itself (`wal_autocheckpoint`), which is what came since the thread's last turn.
LOG_PAGES: Final = 8_192


class Checkpointer:
    """One thread, which ends with `close`. Trouble is not told: the next commit meets the same disk."""

    def __init__(self, path: Path, *, log_pages: int = LOG_PAGES) -> None:
        self._path = path
        self._log_pages = log_pages
        self._due = threading.Event()
        self._closing = False
        # The log is full: the next commit must find the thread at rest, for only one can write back at a time.
        self._resting = False
        self._thread = threading.Thread(target=self._run, name="scan-checkpoint", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was committed."""
        if self._resting:
            self._resting = False
        else:
            self._due.set()

    def close(self) -> None:
        """Return when the thread has let go of the file. May be called twice."""
        self._closing = True
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            while self._due.wait() and not self._closing:
                self._due.clear()
                try:
                    connection = connection or sqlite3.connect(self._path, timeout=0, isolation_level=None)
                    _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                except sqlite3.Error:
                    continue
                if pages >= self._log_pages and not self._closing:
                    self._resting = True
                    self._due.clear()
        finally:
            if connection is not None:
                connection.close()
