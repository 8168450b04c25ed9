"""Time stamps are kept beyond a process, for the same bytes and authority, and not without end."""

import os
import stat

import pytest

from app.reports.kept_time_stamps import KeptTimeStamps
from tests.support.logs import captured_log, records

URL = "https://tsa.example.com/tsr"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "time-stamps"


def test_a_stamp_is_found_again_by_its_bytes_and_its_authority_alone(folder):
    KeptTimeStamps(folder, authority_url=URL).keep(b"manifest", b"token")
    again = KeptTimeStamps(folder, authority_url=URL)
    assert (again.find(b"manifest"), again.find(b"other")) == (b"token", None)
    assert KeptTimeStamps(folder, authority_url="https://other.example.com/").find(b"manifest") is None


def test_only_the_owner_can_read_them(folder):
    KeptTimeStamps(folder, authority_url=URL).keep(b"manifest", b"token")
    (path,) = folder.iterdir()
    assert [stat.S_IMODE(entry.stat().st_mode) for entry in (folder, path)] == [0o700, 0o600]


def test_a_newer_stamp_replaces_the_older_one(folder):
    kept = KeptTimeStamps(folder, authority_url=URL)
    kept.keep(b"manifest", b"token")
    kept.keep(b"manifest", b"newer")
    assert kept.find(b"manifest") == b"newer"
    assert len(list(folder.iterdir())) == 1


def test_the_oldest_go_first_and_with_them_what_a_dead_process_left(folder):
    kept = KeptTimeStamps(folder, authority_url=URL, max_kept=2)
    folder.mkdir()
    (folder / "x.1.part").write_bytes(b"")
    os.utime(folder / "x.1.part", (1, 1))
    for number in range(3):
        kept.keep(b"%d" % number, b"token")
        for age, path in enumerate(sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)):
            os.utime(path, (1_000 - age, 1_000 - age))
    assert [kept.find(b"%d" % number) for number in range(3)] == [None, b"token", b"token"]
    assert len(list(folder.iterdir())) == 2


def test_what_cannot_be_read_or_written_is_as_what_was_not_kept_and_the_log_says_so(folder):
    folder.write_bytes(b"no folder")
    kept = KeptTimeStamps(folder, authority_url=URL)
    with captured_log() as log:
        kept.keep(b"manifest", b"token")
        assert kept.find(b"manifest") is None
    assert [record["event"] for record in records(log)] == ["time_stamp_not_kept", "time_stamp_not_read"]
