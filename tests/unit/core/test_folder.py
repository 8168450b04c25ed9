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
