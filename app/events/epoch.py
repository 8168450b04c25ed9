"""Which log this is: its epoch, and how the restore of an older database is noticed (ADR 0012).

Positions (`seq`) mean something within one incarnation of the log only. Its name, the epoch, stands in the database;
FIRST_EPOCH is that of every log that was never restored. A restore takes the database back, and it may have grown
beyond a client's position by the time the client returns. Two files in the data folder tell:

- `log.counter` holds the highest number of a commit that anybody may have seen. Every transaction that writes events
  counts (`count_commit`); the server raises the file after that commit is durable, and before the events leave it. So
  a crash never leaves the file ahead of the database, and a database behind the file was restored.
- `log.id` is made once and never written again. The database knows its inode and the time of its change, which no
  copy keeps: a whole folder that was put back, counter and all, has another one.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection, insert, select, update

from app.core.clock import Clock
from app.core.counter_file import CounterFile
from app.core.db import Database, Work
from app.core.ids import new_id
from app.models import event_log, scan_tasks

T = TypeVar("T")

FIRST_EPOCH: Final = "0"
MAX_EPOCH: Final = 64  # characters
COUNTER_FILE: Final = "log.counter"
ID_FILE: Final = "log.id"
SYNC_EVERY_S: Final = 1.0  # what a loss of power may take from the counter
ID_TEXT: Final = "Made once: the database recognises its data folder by this file. Do not touch it.\n"
_ROW: Final = 1
# As text: these two stand in every transaction that writes or reads events.
_COMMITS: Final = f"SELECT commits FROM event_log WHERE id = {_ROW}"  # noqa: S608 - a constant
_COUNT: Final = f"UPDATE event_log SET commits = commits + 1 WHERE id = {_ROW} RETURNING commits"  # noqa: S608 - as above
# In a copy of the database: wherever it is opened next, its log gets a new epoch.
FORGET_FOLDER: Final = f"UPDATE event_log SET folder_id = '' WHERE id = {_ROW}"  # noqa: S608 - as above
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """The row of `event_log`."""

    epoch: str = FIRST_EPOCH
    commits: int = 0
    folder_id: str | None = None  # of the data folder that the database was last opened in; None: of none yet


def count_commit(connection: Connection) -> int:
    """Raise the number of the log's commits, in a transaction that writes events; the number of this one."""
    return connection.exec_driver_sql(_COUNT).scalar_one_or_none() or 0


def read_commits(connection: Connection) -> int:
    """The number of the newest commit that this transaction sees; 0 in a database without a row for it."""
    return connection.exec_driver_sql(_COMMITS).scalar_one_or_none() or 0


def read_identity(connection: Connection) -> LogIdentity:
    query = select(event_log.c.epoch, event_log.c.commits, event_log.c.folder_id).where(event_log.c.id == _ROW)
    row = connection.execute(query).one_or_none()
    return LogIdentity() if row is None else LogIdentity(*row)


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
        """At the start, after the migration and before anything is read or written. Blocking.

        Gives the log a new epoch when the database is not the one that was last used in this folder. Raises
        ConfigurationError, DatabaseUnavailable.
        """
        if self._folder is not None:
            self._counter = CounterFile(self._folder / COUNTER_FILE)
        self._db.write_sync(self._settle)
        self._raise_counter(self.commits)
        self.sync()

    def seen(self, commits: int) -> None:
        """Events of this commit, which is durable, are about to leave the process. Any thread."""
        if commits > self.commits:
            self.commits = commits
            self._raise_counter(commits)

    def watching(self, work: Work[T]) -> Work[T]:
        """`work`, a read whose result may leave the process: what it can have seen counts as seen."""

        def run(connection: Connection) -> T:
            result = work(connection)
            self.seen(read_commits(connection))
            return result

        return run

    async def renew(self) -> None:
        """The database has gone back under the running server. Raises DatabaseUnavailable."""
        await self._db.write(lambda connection: self._renew(connection, read_identity(connection), "went_back"))
        self._raise_counter(self.commits)

    async def keep_synced(self, clock: Clock) -> None:
        """Until cancelled."""
        while True:
            await clock.sleep(SYNC_EVERY_S)
            await asyncio.to_thread(self.sync)

    def sync(self) -> None:
        """Blocking."""
        if self._counter is not None:
            self._try(self._counter.sync)

    def close(self) -> None:
        if self._counter is not None:
            self.sync()
            self._counter.close()
            self._counter = None

    def _settle(self, connection: Connection) -> None:
        known = read_identity(connection)
        reason = self._why_restored(connection, known)
        if reason is not None:
            self._renew(connection, known, reason)
        else:
            self._adopt(connection, known, known.epoch, self._current_id() or self._make_id())

    def _why_restored(self, connection: Connection, known: LogIdentity) -> str | None:
        """None: it is the database that was last used in this folder, or a new one."""
        if self._folder is None:
            return None
        counted = self._counter.value if self._counter is not None else None
        if known.folder_id is None:  # new, or of a version that kept no epoch: then nobody knows its past
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
        """One more commit than anybody counted: a copy made while nothing ran is older than what comes now."""
        counted = self._counter.value if self._counter is not None else None
        commits = max(known.commits, counted or 0, self.commits) + 1
        values = {"epoch": epoch, "commits": commits, "folder_id": folder_id}
        if connection.execute(update(event_log).where(event_log.c.id == _ROW).values(**values)).rowcount == 0:
            connection.execute(insert(event_log).values(id=_ROW, **values))
        self.value, self.commits = epoch, commits

    def _current_id(self) -> str | None:
        """None: the folder has none."""
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
        """A disk that takes nothing must not stop delivery: the next commit tries again."""
        try:
            write()
            self._failing = False
        except OSError as error:
            if not self._failing:
                log.warning("log_counter_not_written", reason=error.strerror)
            self._failing = True
