"""The files of tests lie in memory where there is room, and nowhere else."""

import os
import tempfile

import pytest

from tests.support import memory_folder
from tests.support.memory_folder import AVAILABLE_KIB, keep_files_in_memory


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """What the system says of its memory: enough."""
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(memory_folder, "FREE_BYTES", 1)
    path = tmp_path / "meminfo"
    path.write_text(f"MemTotal: 99999999 kB\nMemAvailable: {AVAILABLE_KIB} kB\n")
    return path


def test_they_lie_in_memory(memory, tmp_path):
    assert keep_files_in_memory(tmp_path, memory)
    assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(tmp_path)


def test_they_lie_where_somebody_has_chosen(memory, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", "/somewhere")
    assert not keep_files_in_memory(tmp_path, memory)
    assert os.environ["TMPDIR"] == "/somewhere"


def test_they_lie_on_the_disk_where_memory_is_short(memory, tmp_path):
    memory.write_text(f"MemAvailable: {AVAILABLE_KIB - 1} kB\n")
    assert not keep_files_in_memory(tmp_path, memory)
    assert "TMPDIR" not in os.environ


def test_they_lie_on_the_disk_where_the_folder_is_small(memory, tmp_path, monkeypatch):
    monkeypatch.setattr(memory_folder, "FREE_BYTES", 1 << 60)
    assert not keep_files_in_memory(tmp_path, memory)


def test_they_lie_on_the_disk_where_no_such_folder_is(memory, tmp_path):
    assert not keep_files_in_memory(tmp_path / "none", memory)
    assert not keep_files_in_memory(tmp_path, tmp_path / "none")


def test_they_lie_on_the_disk_where_no_program_may_be_run(memory, tmp_path, monkeypatch):
    real = os.statvfs(tmp_path)
    closed = os.statvfs_result((*real[:8], real.f_flag | os.ST_NOEXEC, *real[9:]))
    monkeypatch.setattr(os, "statvfs", lambda _: closed)
    assert not keep_files_in_memory(tmp_path, memory)
