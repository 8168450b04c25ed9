import os

import pytest

from app.core.errors import ConfigurationError
from app.core.folder import FolderLock, prepare_folder


def test_a_folder_is_made_for_us_alone(tmp_path):
    path = tmp_path / "a" / "b"
    prepare_folder(path)
    prepare_folder(path)
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_refuses_to_start(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        prepare_folder(tmp_path / "file" / "data")


def test_a_folder_has_one_holder_and_says_who(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(ConfigurationError, match=rf"in use by another server \(process {os.getpid()}\)"):
        FolderLock(tmp_path)
    lock.release()
    lock.release()
    FolderLock(tmp_path).release()


def test_a_lock_needs_a_folder(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        FolderLock(tmp_path / "missing")


@pytest.mark.parametrize("content", [(), ("compliance.db", "compliance.db-wal", "scans", "secret.key", "lock")])
def test_an_open_folder_of_ours_is_closed_to_others(tmp_path, content):
    folder = folder_with(tmp_path, content, mode=0o755)
    prepare_folder(folder)
    assert folder.stat().st_mode & 0o7777 == 0o700


@pytest.mark.parametrize(
    ("content", "mode"), [(("compliance.db", "thesis.tex"), 0o755), ((), 0o777), (("lock",), 0o1777)]
)
def test_an_open_folder_of_somebody_is_left_as_it_is_and_complained_about(tmp_path, content, mode, capsys):
    folder = folder_with(tmp_path, content, mode=mode)
    prepare_folder(folder)
    assert folder.stat().st_mode & 0o7777 == mode
    assert "open_to_others" in capsys.readouterr().out


def folder_with(tmp_path, names, *, mode: int):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    folder.chmod(mode)
    return folder
