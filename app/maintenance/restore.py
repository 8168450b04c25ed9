"""Checks a backup and lays it ready in the data folder. Until it is whole there, nothing that is there is touched."""

import hashlib
import os
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Final

from app.captures.contents import MAX_PACKED_BYTES
from app.captures.port import ContentStorage, ContentsUnavailable
from app.core.clock import Clock
from app.core.errors import ConfigurationError
from app.core.pending_restore import DATABASE, NAME, READY, is_restore_pending, sync_folder
from app.core.system_errors import reason_of
from app.events.log_identity import FORGET_FOLDER
from app.maintenance.backup import claim_folder, require_space
from app.maintenance.manifest import MANIFEST, MAX_MANIFEST_BYTES, Entry, Manifest, capture_of, may_hold
from app.migrations.runner import is_before_first, known_revisions

PARTIAL: Final = "restore.partial"
KEPT: Final = "before-restore"
CHUNK: Final = 1 << 20


class Restore:
    """One restore into one data folder. All calls block.

    `elsewhere`: where captured contents lie when that is not the data folder. They are put there at once, for what is
    there has the same content under the same hash; nobody removes them before the restored scans name them (ADR 0031).
    """

    def __init__(self, *, data_dir: Path, clock: Clock, elsewhere: ContentStorage | None = None) -> None:
        self._data_dir = data_dir
        self._elsewhere = elsewhere
        self._clock = clock

    def prepare(self, archive: Path) -> Manifest:
        """Everything is checked and lies ready when this returns: `core.pending_restore` may finish it.

        Raises ConfigurationError: it is no backup, it is damaged, it is of a newer version, there is no room, or
        another restore is under way. Nothing has changed then.
        """
        if is_restore_pending(self._data_dir):
            raise ConfigurationError(text="restore_waits", path=self._data_dir)
        partial = self._data_dir / PARTIAL
        try:
            with claim_folder(partial, ConfigurationError(text="restore_under_way", path=self._data_dir)):
                manifest = self._lay_out_whole(archive, partial)
                os.sync()  # a hundred thousand files: one by one it would take minutes
                partial.rename(self._data_dir / READY)
                sync_folder(self._data_dir)
        except tarfile.TarError as error:
            raise ConfigurationError(text="no_backup", path=archive) from error
        except sqlite3.Error as error:
            raise ConfigurationError(text="backup_database_damaged", path=archive, reason=reason_of(error)) from error
        except ContentsUnavailable as error:
            raise ConfigurationError(text="captures_not_restored") from error
        except OSError as error:
            raise ConfigurationError(
                text="restore_failed", path=error.filename or archive, reason=reason_of(error)
            ) from error
        return manifest

    def _lay_out_whole(self, archive: Path, partial: Path) -> Manifest:
        try:
            manifest = self._lay_out(archive, partial)
            stamp = self._clock.now().strftime("%Y%m%dT%H%M%SZ")
            (partial / NAME).write_text(f"{KEPT}-{stamp}-{secrets.token_hex(2)}")
        except BaseException:
            shutil.rmtree(partial)
            raise
        return manifest

    def _lay_out(self, archive: Path, partial: Path) -> Manifest:
        with tarfile.open(archive, "r:") as tar:  # never compressed: what it holds cannot be larger than it is
            members = _check_members(tar, archive)
            require_space(partial, sum(member.size for member in members.values()))
            manifest = _read_manifest(tar, members)
            _require_same(manifest.files, members)
            for folder in ("scans", "captures"):
                (partial / folder).mkdir(mode=0o700)
            for name, entry in manifest.files.items():
                if self._elsewhere is None or capture_of(name) is None:
                    _extract(tar, members[name], partial / name, entry)
            _check_database(partial / DATABASE)
            if self._elsewhere is not None:
                _put_captures(tar, members, manifest.files, self._elsewhere)
        return manifest


def _check_members(tar: tarfile.TarFile, archive: Path) -> dict[str, tarfile.TarInfo]:
    """By name. Raises ConfigurationError for anything but plain files with names of ours."""
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        fits = member.name == MANIFEST or may_hold(member.name)
        if not fits or not member.isreg() or member.issparse() or member.name in members:
            raise ConfigurationError(text="backup_foreign_entry", path=archive)
        members[member.name] = member
    if MANIFEST not in members or DATABASE not in members:
        raise ConfigurationError(text="backup_incomplete", path=archive)
    return members


def _read_manifest(tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo]) -> Manifest:
    member = members[MANIFEST]
    if member.size > MAX_MANIFEST_BYTES:
        raise ConfigurationError(text="manifest_too_large")
    return Manifest.from_json(_open(tar, member).read())


def _require_same(listed: Mapping[str, Entry], members: Mapping[str, tarfile.TarInfo]) -> None:
    sizes = {name: member.size for name, member in members.items() if name != MANIFEST}
    if sizes != {name: entry.size for name, entry in listed.items()}:
        raise ConfigurationError(text="manifest_differs")


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path, entry: Entry) -> None:
    """With our own mode and owner, whatever the archive says. Raises ConfigurationError when the hash differs."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256()
    source = _open(tar, member)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as target:
        while data := source.read(CHUNK):
            digest.update(data)
            target.write(data)
    if digest.hexdigest() != entry.sha256:
        raise ConfigurationError(text="backup_entry_damaged", name=member.name)


def _put_captures(
    tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], files: Mapping[str, Entry], storage: ContentStorage
) -> None:
    """Once all else is known to be sound. Raises ConfigurationError when a hash differs."""
    for name, entry in files.items():
        sha256 = capture_of(name)
        if sha256 is None or storage.renew(sha256) is not None:
            continue
        packed = _open(tar, members[name]).read(MAX_PACKED_BYTES + 1)
        if len(packed) != entry.size or hashlib.sha256(packed).hexdigest() != entry.sha256:
            raise ConfigurationError(text="backup_entry_damaged", name=name)
        storage.write(sha256, packed)


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    source = tar.extractfile(member)
    assert source is not None  # a regular file
    return source


def _check_database(path: Path) -> None:
    """Sound, of a revision that we know, and told that it is a copy: wherever it is opened, its log has a new epoch.

    Nobody owned the database whose copy this is.
    """
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise ConfigurationError(text="backup_database_damaged", path=path, reason=found)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            raise ConfigurationError(text="backup_not_ours")
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if revision not in known_revisions():
            if is_before_first(revision):
                raise ConfigurationError(text="backup_revision_older", revision=revision)
            raise ConfigurationError(text="backup_revision_newer", revision=revision)
        if "event_log" in tables:
            connection.execute(FORGET_FOLDER)
            connection.commit()
