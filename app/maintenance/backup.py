"""Makes a backup beside a running server and running scans.

The parts must fit together. A scan commits what it found to the database only after it was kept in its own file, or
not at all, and goes on from that file: so the file of a scan that runs is copied *before* the database, as after a
crash that took its last moments. What has ended changes no more and is copied after it. Captures are never changed and
come last.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from app.captures.port import ContentDamaged, ContentMissing, ContentStorage, ContentsUnavailable
from app.core.clock import Clock, to_wire
from app.core.errors import ConfigurationError
from app.core.pending_restore import DATABASE, sync_folder
from app.core.system_errors import reason_of
from app.domain.tasks import UNFINISHED
from app.maintenance.manifest import MANIFEST, Entry, Manifest, name_of_capture

MARGIN_BYTES: Final = 64 << 20  # that stay free
BUSY_TIMEOUT_S: Final = 30.0
# What systems answer where files have one name alone: memory sticks (FAT), many network shares.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS})
Link = Callable[[Path, Path], object]
_TASKS: Final = "SELECT id, run, status FROM scan_tasks WHERE deleted_at IS NULL"
# Names of files that must be there: of runs that were completed. A database from before there were runs has no table.
_COMPLETED: Final = (
    "SELECT task_id || '-' || run || '.db' FROM scan_runs WHERE status = 'completed' AND results_removed_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What is in a finished backup."""

    path: Path
    size: int
    scans: int
    captures: int
    missing: tuple[str, ...]


class Backup:
    """One backup. `database` is the SQLite file; all calls block."""

    def __init__(
        self, *, database: Path, data_dir: Path, captures: ContentStorage, clock: Clock, link: Link = os.link
    ) -> None:
        self._link = link
        self._database = database
        self._scans = data_dir / "scans"
        self._captures = captures
        self._clock = clock

    def write(self, target: Path) -> Summary:
        """Make the file, with mode 0600. It appears whole or not at all.

        Raises ConfigurationError: it is there already, there is no room, or something cannot be read.
        """
        if not self._database.is_file():
            raise ConfigurationError(text="no_database", path=self._database)
        if target.exists():
            raise ConfigurationError(text="file_exists", path=target)
        try:
            with _workshop(target) as folder:
                return self._write(target, folder)
        except sqlite3.Error as error:
            raise ConfigurationError(text="backup_not_read", path=self._database, reason=reason_of(error)) from error
        except ContentsUnavailable as error:
            raise ConfigurationError(text="captures_not_copied") from error
        except OSError as error:
            raise ConfigurationError(text="not_written", path=target, reason=reason_of(error)) from error

    def _write(self, target: Path, folder: Path) -> Summary:
        require_space(folder, self._measure())
        early = self._copy_running(folder)
        database = folder / DATABASE
        copy_database(self._database, database)
        with closing(sqlite3.connect(database)) as connection:
            tasks, revision, epoch = _describe(connection)
            completed = _completed(connection)
        part = folder / "archive"
        with _Archive(part) as archive:
            archive.add(DATABASE, database)
            missing = self._add_scans(archive, tasks, early, folder, completed)
            self._add_captures(archive)
            archive.finish(revision=revision, epoch=epoch, made_at=to_wire(self._clock.now()), missing=missing)
        self._put_in_place(part, target)
        sync_folder(target.parent)
        scans, captures = (sum(name.startswith(kind) for name in archive.files) for kind in ("scans/", "captures/"))
        return Summary(target, target.stat().st_size, scans, captures, missing)

    def _put_in_place(self, part: Path, target: Path) -> None:
        """Never over a file that has come to be there meanwhile."""
        try:
            self._link(part, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if target.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
            part.rename(target)

    def _measure(self) -> int:
        """Bytes that are needed at most: the archive, and a copy of the database and of each scan that runs."""
        wal = self._database.with_name(self._database.name + "-wal")
        database = sum(path.stat().st_size for path in (self._database, wal) if path.exists())
        captures = sum(size for _, size in self._captures.list_all())
        return 2 * database + 2 * _size_of(self._scans) + captures

    def _copy_running(self, folder: Path) -> dict[str, Path]:
        with closing(_open(self._database)) as connection:
            running = [(task, run) for task, run, status in connection.execute(_TASKS) if status in UNFINISHED]
        copies = {f"{task}-{run}.db": folder / f"{task}-{run}.db" for task, run in running}
        return {name: copy for name, copy in copies.items() if self._copy_scan(name, copy)}

    def _copy_scan(self, name: str, copy: Path) -> bool:
        """False: there is no such file (any more)."""
        source = self._scans / name
        if not source.is_file():
            return False
        copy_database(source, copy)
        return True

    def _add_scans(
        self,
        archive: "_Archive",
        tasks: list[tuple[str, int, str]],
        early: dict[str, Path],
        folder: Path,
        completed: Collection[str],
    ) -> tuple[str, ...]:
        """Returns the names of those that are missing although their run was completed."""
        missing = []
        for task, last_run, status in tasks:
            for run in range(1, last_run + 1):
                name = f"{task}-{run}.db"
                copy = early.get(name)
                if status not in UNFINISHED or run < last_run:  # it has ended, perhaps since it was copied
                    copy = folder / f"ended-{name}"
                    copy = copy if self._copy_scan(name, copy) else None
                if copy is not None:
                    archive.add(f"scans/{name}", copy)
                    copy.unlink()
                elif name in completed:
                    missing.append(f"scans/{name}")
        return tuple(missing)

    def _add_captures(self, archive: "_Archive") -> None:
        for sha256, _ in self._captures.list_all():
            try:
                packed = self._captures.read(sha256)
            except (ContentMissing, ContentDamaged):  # nobody refers to it any more; or nobody could read it anyway
                continue
            archive.add_bytes(name_of_capture(sha256), packed)


class _Archive:
    """A tar file that is written, with the hashes of what it holds."""

    def __init__(self, path: Path) -> None:
        self.files: dict[str, Entry] = {}
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed below

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._file.close()

    def add(self, name: str, path: Path) -> None:
        with path.open("rb") as source:
            head = tarfile.TarInfo(name)
            head.size, head.mode = os.fstat(source.fileno()).st_size, 0o600
            reader = HashingReader(source)
            self._tar.addfile(head, reader)
        self.files[name] = Entry(head.size, reader.hash.hexdigest())

    def add_bytes(self, name: str, data: bytes) -> None:
        self._add(name, data)
        self.files[name] = Entry(len(data), hashlib.sha256(data).hexdigest())

    def finish(self, **facts: Any) -> None:
        """The manifest, and everything on the disk."""
        self._add(MANIFEST, Manifest(files=self.files, **facts).to_json())
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())

    def _add(self, name: str, data: bytes) -> None:
        head = tarfile.TarInfo(name)
        head.size, head.mode = len(data), 0o600
        self._tar.addfile(head, BytesIO(data))


class HashingReader:
    """Reads, and knows the hash of what was read."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._source.read(size)
        self.hash.update(data)
        return data


def copy_database(source: Path, copy: Path) -> None:
    """A consistent copy of a SQLite file that others write to, with mode 0600. Raises sqlite3.Error, OSError.

    In one step: one that is interrupted by writers begins again, and beside a scan it would never end.
    """
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(_open(source)) as reading, closing(sqlite3.connect(copy)) as writing:
        reading.backup(writing, pages=-1)
        writing.execute("PRAGMA journal_mode = DELETE").close()  # one file, without a log beside it


def require_space(folder: Path, needed: int) -> None:
    """Raises ConfigurationError when the disk has less than that, and a margin."""
    free = shutil.disk_usage(folder).free
    if free < needed + MARGIN_BYTES:
        raise ConfigurationError(
            text="no_room", path=folder.parent, free=free >> 20, needed=(needed + MARGIN_BYTES) >> 20
        )


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A private folder beside the target. What a killed backup to the same file has left there is removed.

    Raises ConfigurationError when another backup to this file is under way.
    """
    folder = target.with_name(f".{target.name}.partial")
    with claim_folder(folder, ConfigurationError(text="backup_under_way", path=target)):
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


@contextmanager
def claim_folder(folder: Path, busy: ConfigurationError) -> Iterator[None]:
    """The folder, empty, with mode 0700, and locked against others. Raises `busy` when one of them has it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise busy from error
        for entry in folder.iterdir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> sqlite3.Connection:
    """`rw`, because the first reader after a killed writer has to recover the log. Never makes a file."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _describe(connection: sqlite3.Connection) -> tuple[list[tuple[str, int, str]], str, str]:
    """(tasks as (id, run, status), revision, epoch) of the copied database."""
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    has_epoch = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'event_log'").fetchone()
    epoch = connection.execute("SELECT epoch FROM event_log").fetchone() if has_epoch else None
    return connection.execute(_TASKS).fetchall(), revision[0] if revision else "", epoch[0] if epoch else ""


def _completed(connection: sqlite3.Connection) -> set[str]:
    has_runs = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'scan_runs'").fetchone()
    return {row[0] for row in connection.execute(_COMPLETED)} if has_runs else set()


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
