"""Modes of files and folders, whatever the umask is."""

import os
from pathlib import Path

import pytest

from app.core.file_permissions import (
    make_private_file,
    make_private_folder,
    open_mode,
    restrict_to_owner,
    set_private_umask,
    warn_of_open_mode,
)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.mark.usefixtures("umask")
def test_files_and_folders_are_made_for_us_alone(tmp_path):
    make_private_folder(tmp_path / "a" / "b")
    make_private_file(tmp_path / "file")
    assert mode_of(tmp_path / "a" / "b") == 0o700
    assert mode_of(tmp_path / "file") == 0o600


def test_a_folder_that_is_there_is_closed_and_a_file_keeps_its_mode_and_content(tmp_path):
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    folder.chmod(0o755)
    file.write_text("content")
    file.chmod(0o664)
    make_private_folder(folder)
    make_private_file(file)
    assert (mode_of(folder), mode_of(file), file.read_text()) == (0o700, 0o664, "content")
    restrict_to_owner(file)
    assert mode_of(file) == 0o600


def test_from_then_on_all_is_private(tmp_path):
    before = os.umask(0)
    try:
        set_private_umask()
        (tmp_path / "file").touch()
        (tmp_path / "folder").mkdir()
    finally:
        os.umask(before)
    assert (mode_of(tmp_path / "file"), mode_of(tmp_path / "folder")) == (0o600, 0o700)


def test_what_is_not_there_is_open_to_nobody(tmp_path):
    assert open_mode(tmp_path / "missing") == 0
    restrict_to_owner(tmp_path / "missing")


def test_what_is_not_ours_to_close_is_said(capsys):
    proc = Path("/proc/self/status")  # nobody can change its mode
    mode = mode_of(proc)
    restrict_to_owner(proc)
    warn_of_open_mode(proc, mode)
    assert mode_of(proc) == mode
    assert capsys.readouterr().out.count("file_mode_open_to_others") == 2
