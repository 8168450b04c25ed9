"""Restores: whole or not at all, and nothing from outside gets anywhere."""

import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing

import pytest

from app.captures.folder import FolderStorage
from app.captures.port import ContentsUnavailable
from app.core.clock import SystemClock
from app.core.errors import ConfigurationError
from app.core.pending_restore import READY, apply_restore
from app.maintenance.backup import Backup
from app.maintenance.manifest import Entry, Manifest
from app.maintenance.restore import PARTIAL, Restore
from tests.support.said import refused

DATABASE, MANIFEST = "compliance.db", "manifest.json"
EVIL = [
    "/etc/x.db",
    "../x.db",
    "scans/../../x-1.db",
    "scans/..",
    "scans/a-1.db/x",
    "captures/aa/../../../x",
    "captures/aa/x",
    "secret.key",
    "log.counter",
    "compliance.db-wal",
    "./compliance.db",
    "scans\\a-1.db",
    "scans/a-1.db\n",
    "restore.ready/x",
]


@pytest.fixture
def archive(data, tmp_path):
    data.task = data.add_task(pages=["1"], ended=True)
    data.content = data.add_capture()
    Backup(database=data.path / DATABASE, data_dir=data.path, captures=data.captures, clock=data.clock).write(
        tmp_path / "b.tar"
    )
    return tmp_path / "b.tar"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / DATABASE).write_text("old")
    return tmp_path / "other"


def prepare(folder, archive):
    return Restore(data_dir=folder, clock=SystemClock()).prepare(archive)


def entries(archive):
    with tarfile.open(archive) as tar:
        return [(member, tar.extractfile(member).read()) for member in tar]


def rewrite(archive, change):
    """The same archive with other entries: `change` gets and returns (member, bytes)."""
    found = change(entries(archive))
    with tarfile.open(archive, "w") as tar:
        for member, content in found:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content) if member.isreg() else None)


def member(name, **fields):
    found = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(found, key, value)
    return found


def with_manifest(found):
    """Listed as they are."""
    files = {m.name: Entry(len(text), hashlib.sha256(text).hexdigest()) for m, text in found if m.name != MANIFEST}
    text = Manifest(revision="0001", epoch="0", made_at="", files=files).to_json()
    return [(m, text if m.name == MANIFEST else content) for m, content in found]


def assert_untouched(folder):
    assert [path.name for path in folder.iterdir()] == [DATABASE]
    assert (folder / DATABASE).read_text() == "old"


def test_what_was_backed_up_comes_back_with_our_modes(data, archive, folder):
    prepare(folder, archive)
    assert (folder / DATABASE).read_text() == "old"
    kept = apply_restore(folder)
    assert (kept / DATABASE).read_text() == "old"
    with closing(sqlite3.connect(folder / "scans" / f"{data.task}-1.db")) as connection:
        assert connection.execute("SELECT url FROM pages").fetchall() == [("http://a.org/1",)]
    assert (folder / "captures" / data.content[:2] / f"{data.content}.zst").is_file()
    for path in folder.rglob("*"):
        if kept not in path.parents:
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_the_database_is_told_that_it_is_a_copy(archive, folder):
    prepare(folder, archive)
    apply_restore(folder)
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        assert connection.execute("SELECT folder_id FROM event_log").fetchone() == ("",)


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_leads_elsewhere_is_refused(archive, folder, name):
    rewrite(archive, lambda found: with_manifest([*found, (member(name), b"evil")]))
    with refused("backup_foreign_entry", path=archive):
        prepare(folder, archive)
    assert_untouched(folder)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": "compliance.db"},
        {"type": tarfile.DIRTYPE},
        {"type": tarfile.FIFOTYPE},
        {"type": tarfile.CHRTYPE},
    ],
)
def test_what_is_no_plain_file_is_refused(archive, folder, fields):
    rewrite(archive, lambda found: [*found, (member("scans/a-1.db", **fields), b"")])
    with refused("backup_foreign_entry", path=archive):
        prepare(folder, archive)
    assert_untouched(folder)


def test_a_file_that_comes_twice_is_refused(archive, folder):
    rewrite(archive, lambda found: [*found, found[0]])
    with refused("backup_foreign_entry", path=archive):
        prepare(folder, archive)
    assert_untouched(folder)


def test_one_changed_byte_is_noticed_in_every_file(archive, folder):
    count = len(entries(archive))
    for number in range(count):
        damaged = archive.with_suffix(f".{number}")
        shutil.copy(archive, damaged)
        rewrite(
            damaged,
            lambda found: [
                (m, text[:-1] + bytes([text[-1] ^ 1]) if place == number else text)  # noqa: B023 - used at once
                for place, (m, text) in enumerate(found)
            ],
        )
        with pytest.raises(ConfigurationError, match="damaged"):
            prepare(folder, damaged)
        assert_untouched(folder)


@pytest.mark.parametrize("gone", [DATABASE, MANIFEST, "scans/"])
def test_a_file_that_is_missing_is_noticed(archive, folder, gone):
    rewrite(archive, lambda found: [(m, text) for m, text in found if not m.name.startswith(gone)])
    with pytest.raises(ConfigurationError, match=r"missing|does not match its manifest"):
        prepare(folder, archive)
    assert_untouched(folder)


@pytest.mark.parametrize("size", [0, 100, 5_000, 60_000])
def test_an_archive_that_was_cut_off_is_noticed(archive, folder, size):
    os.truncate(archive, size)
    with pytest.raises(ConfigurationError, match="is not a backup, or is incomplete"):
        prepare(folder, archive)
    assert_untouched(folder)


@pytest.mark.parametrize(("revision", "text"), [("9999", "backup_revision_newer"), ("0040", "backup_revision_older")])
def test_a_schema_that_this_program_does_not_have_is_refused(archive, folder, tmp_path, revision, text):
    def other(found):
        path = tmp_path / "other.db"
        path.write_bytes({m.name: text for m, text in found}[DATABASE])
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            connection.commit()
        return with_manifest([(m, path.read_bytes() if m.name == DATABASE else text) for m, text in found])

    rewrite(archive, other)
    with refused(text, revision=revision):
        prepare(folder, archive)
    assert_untouched(folder)


@pytest.mark.parametrize("database", [b"no database" * 500, b""])
def test_a_database_that_is_none_is_refused(archive, folder, database):
    rewrite(archive, lambda found: with_manifest([(m, database if m.name == DATABASE else t) for m, t in found]))
    with pytest.raises(ConfigurationError, match=r"damaged|was not created by this program"):
        prepare(folder, archive)
    assert_untouched(folder)


def test_a_newer_format_is_refused(archive, folder):
    newer = b'{"format": 2}'
    rewrite(archive, lambda found: [(m, newer if m.name == MANIFEST else t) for m, t in found])
    with pytest.raises(ConfigurationError, match="newer version"):
        prepare(folder, archive)
    assert_untouched(folder)


def test_more_than_the_disk_holds_is_refused_before_a_byte_is_written(archive, folder):
    """A file of ten terabytes, all of it a hole."""
    big = member("scans/a-1.db", size=10 << 40)
    content = archive.read_bytes()
    with archive.open("wb") as file:
        file.write(big.tobuf(tarfile.GNU_FORMAT))
        file.seek(big.size, os.SEEK_CUR)
        file.write(content)
    with pytest.raises(ConfigurationError, match="MiB free"):
        prepare(folder, archive)
    assert_untouched(folder)


def test_what_a_killed_restore_has_left_is_removed_by_the_next(archive, folder):
    left = folder / PARTIAL
    left.mkdir()
    (left / DATABASE).write_text("half")
    (left / "link").symlink_to("/etc")
    prepare(folder, archive)
    assert not left.exists()
    assert not (folder / READY / "link").exists()
    assert (folder / DATABASE).read_text() == "old"


def test_a_second_restore_waits_for_the_first(archive, folder):
    prepare(folder, archive)
    with pytest.raises(ConfigurationError, match="already has a pending restore"):
        prepare(folder, archive)


# Captures in object storage


class Bucket(FolderStorage):
    """Somewhere else than the data folder; away when it is told to be."""

    away = False

    def renew(self, sha256):
        if self.away:
            raise ContentsUnavailable("connection refused")
        return super().renew(sha256)


@pytest.fixture
def elsewhere(tmp_path):
    return Bucket(tmp_path / "bucket")


def test_captures_that_lie_elsewhere_are_put_there_and_the_rest_is_laid_ready(folder, archive, data, elsewhere):
    Restore(data_dir=folder, clock=SystemClock(), elsewhere=elsewhere).prepare(archive)
    assert elsewhere.read(data.content) == data.captures.read(data.content)
    assert list((folder / READY / "captures").iterdir()) == []
    apply_restore(folder)
    assert (folder / "scans" / f"{data.task}-1.db").exists()


def test_a_storage_that_is_away_leaves_everything_as_it_was(folder, archive, elsewhere):
    elsewhere.away = True
    with pytest.raises(ConfigurationError, match="does not respond"):
        Restore(data_dir=folder, clock=SystemClock(), elsewhere=elsewhere).prepare(archive)
    assert [path.name for path in folder.iterdir() if path.name != PARTIAL] == [DATABASE]
    assert (folder / DATABASE).read_text() == "old"


def test_a_damaged_capture_is_not_put_anywhere(folder, archive, data, elsewhere):
    def damage(found):
        return [(m, bytes(len(c)) if m.name.startswith("captures/") else c) for m, c in found]

    rewrite(archive, damage)
    with pytest.raises(ConfigurationError, match="damaged"):
        Restore(data_dir=folder, clock=SystemClock(), elsewhere=elsewhere).prepare(archive)
    assert list(elsewhere.list_all()) == []
