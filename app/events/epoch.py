"""Which log this is: its epoch, and how the restore of an older database is noticed (ADR 0012).

Positions (`seq`) mean something within one incarnation of the log only. Its name, the epoch, stands in the database;
FIRST_EPOCH is that of every log that was never restored. A restore takes the database back, and it may have grown
beyond a client's position by the time the client returns. Two files in the data folder tell:

- `log.counter` holds the highest number of a commit that may have been seen. Every transaction that writes events
  counts (`count_commit`); the server raises the file after that commit is durable, and before the events leave it. So
  a crash never leaves the file ahead of the database, and a database behind the file was restored.
- `log.id` is made once and never written again. The database knows its inode and the time of its change, which no
  copy keeps: a whole folder that was put back, counter and all, has another one.

PostgreSQL needs neither: its row knows the incarnation of the database in which it was written (`events.log_identity`).
What each process has seen itself tells of files that were put in the place of a running database's.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection, select

from app.core.clock import Clock
from app.core.counter_file import CounterFile
from app.core.db import Database, Work
from app.core.ids import new_id
from app.events.log_identity import FIRST_EPOCH, LogIdentity, read_commits, read_identity, write_identity
from app.events.tables import scan_tasks

T = TypeVar("T")

COUNTER_FILE: Final = "log.counter"
ID_FILE: Final = "log.id"
SYNC_EVERY_S: Final = 1.0  # what a loss of power may take from the counter
ID_TEXT: Final = "Made once: the database recognises its data folder by this file. Do not touch it.\n"
log = structlog.get_logger(__name__)


def has_tasks(connection: Connection) -> bool:
    return connection.execute(select(scan_tasks.c.id).limit(1)).first() is not None


class LogEpoch:
    """The epoch as this process knows it. Without a folder (another database than the embedded one) no file is kept."""

    def __init__(self, *, db: Database, folder: Path | None = None) -> None:
        self._db = db
        self._folder = folder
        self._counter: CounterFile | None = None  # set by `open` where there is a folder
        self._failing = False  # the counter could not be written
        self.value = FIRST_EPOCH  # right after `open`
        self.commits = 0  # the highest number of a commit that was seen here

    def open(self) -> None:
        """Find out which log this is. Blocking; after the migration, before anything is read or written.

        Gives the log a new epoch when the database is not the one that was last used in this folder. Raises
        ConfigurationError, DatabaseUnavailable.
        """
        if self._folder is not None:
            self._counter = CounterFile(self._folder / COUNTER_FILE)
        self._db.write_sync(self._settle)
        self._raise_counter(self.commits)
        self.sync()

    def seen(self, commits: int) -> None:
        """Note that events of this commit, which is durable, are about to leave the process. Any thread."""
        if commits > self.commits:
            self.commits = commits
            self._raise_counter(commits)

    def watching(self, work: Work[T]) -> Work[T]:
        """Return `work`, a read whose result may leave the process, so that what it can have seen counts as seen."""

        def run(connection: Connection) -> T:
            result = work(connection)
            self.seen(read_commits(connection))
            return result

        return run

    @property
    def identity(self) -> LogIdentity:
        """Return the identity of the log as this process knows it."""
        return LogIdentity(self.value, self.commits)

    async def renew(self) -> None:
        """Take the log for another one: the database went back under the running server.

        Of several processes one gives it a new epoch, with more commits than it has seen itself; who has seen no more
        than that takes the epoch over. Raises DatabaseUnavailable.
        """
        await self._db.write(self._renew_or_take_over)
        self._raise_counter(self.commits)

    def _renew_or_take_over(self, connection: Connection) -> None:
        known = read_identity(connection, lock=True)
        if known.epoch != self.value and known.commits >= self.commits and not known.is_restored:
            log.warning("log_renewed_elsewhere", epoch=known.epoch)
            self.value, self.commits = known.epoch, known.commits
        else:
            self._renew(connection, known, "went_back")

    async def keep_synced(self, clock: Clock) -> None:
        """Bring the counter to the disk every SYNC_EVERY_S, until cancelled."""
        while True:
            await clock.sleep(SYNC_EVERY_S)
            await asyncio.to_thread(self.sync)

    def sync(self) -> None:
        """Bring the counter to the disk. Blocking."""
        if self._counter is not None:
            self._try(self._counter.sync)

    def close(self) -> None:
        if self._counter is not None:
            self.sync()
            self._counter.close()
            self._counter = None

    def _settle(self, connection: Connection) -> None:
        known = read_identity(connection, lock=True)
        reason = self._why_restored(connection, known)
        if reason is not None:
            self._renew(connection, known, reason)
        elif self._folder is None and known.folder_id is not None:  # several processes open it, and it is as it was
            self.value, self.commits = known.epoch, known.commits
        else:
            self._adopt(connection, known, known.epoch, self._current_id() or self._make_id())

    def _why_restored(self, connection: Connection, known: LogIdentity) -> str | None:
        """Say why this database counts as restored; None when it is the one that was last used, or is new."""
        if known.is_restored:
            return "other_incarnation"
        if self._folder is None:
            return "past_unknown" if known.folder_id is None and has_tasks(connection) else None
        counted = self._counter.value if self._counter is not None else None
        if known.folder_id is None:  # new, or of a version that kept no epoch: then its past is unknown
            return "past_unknown" if has_tasks(connection) else "behind" if known.commits < (counted or 0) else None
        if known.folder_id != self._current_id():
            return "other_folder"
        if counted is None:
            return "counter_missing"
        return "behind" if known.commits < counted else None

    def _renew(self, connection: Connection, known: LogIdentity, reason: str) -> None:
        epoch = new_id()
        log.warning("log_restored", reason=reason, commits=known.commits, counted=self.commits, epoch=epoch)
        self._adopt(connection, known, epoch, self._make_id() if reason != "went_back" else known.folder_id)

    def _adopt(self, connection: Connection, known: LogIdentity, epoch: str, folder_id: str | None) -> None:
        """Take this folder as the log's own, with one more commit than was ever counted: a copy of before is older."""
        counted = self._counter.value if self._counter is not None else None
        commits = max(known.commits, counted or 0, self.commits) + 1
        write_identity(connection, replace(known, epoch=epoch, commits=commits, folder_id=folder_id))
        self.value, self.commits = epoch, read_commits(connection)

    def _current_id(self) -> str | None:
        """Return the identity of the folder's file, None when there is none."""
        if self._folder is None:
            return None
        try:
            found = (self._folder / ID_FILE).stat()
        except OSError:
            return None
        return f"{found.st_ino}:{found.st_ctime_ns}"

    def _make_id(self) -> str | None:
        if self._folder is None:
            return None
        new = self._folder / f"{ID_FILE}.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(descriptor, ID_TEXT.encode())
        os.fsync(descriptor)
        os.close(descriptor)
        new.rename(self._folder / ID_FILE)
        return self._current_id()

    def _raise_counter(self, commits: int) -> None:
        counter = self._counter
        if counter is not None:
            self._try(lambda: counter.raise_to(commits))

    def _try(self, write: Callable[[], None]) -> None:
        """Write, or log why not: a full disk must not stop delivery, and the next commit tries again."""
        try:
            write()
            self._failing = False
        except OSError as error:
            if not self._failing:
                log.warning("log_counter_not_written", reason=error.strerror)
            self._failing = True
