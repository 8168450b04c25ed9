import os

import pytest

from app.core.data_folder import LOCK_FILE, DatabaseLock, FolderLock, InUse, ServerLocks, page_address, prepare_folder
from app.core.errors import ConfigurationError
from tests.support.said import refused


def test_a_folder_is_made_for_us_alone(tmp_path):
    path = tmp_path / "a" / "b"
    prepare_folder(path)
    prepare_folder(path)
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_refuses_to_start(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be created"):
        prepare_folder(tmp_path / "file" / "data")


def test_a_folder_has_one_holder_and_says_who(tmp_path):
    lock = FolderLock(tmp_path)
    with refused("folder_in_use", path=tmp_path, process=str(os.getpid())):
        FolderLock(tmp_path)
    lock.release()
    lock.release()
    FolderLock(tmp_path).release()


def test_who_finds_a_folder_held_learns_where_the_holders_page_is(tmp_path):
    locks = ServerLocks(tmp_path, tmp_path / "compliance.db")
    assert page_address(tmp_path) == ""  # it has none yet
    locks.announce("http://127.0.0.1:8000")
    assert page_address(tmp_path) == "http://127.0.0.1:8000"
    for take in (lambda: FolderLock(tmp_path), lambda: DatabaseLock(tmp_path / "compliance.db")):
        with pytest.raises(InUse) as refusal:
            take()
        assert (refusal.value.holder, refusal.value.address) == (str(os.getpid()), "http://127.0.0.1:8000")
    locks.release()
    assert page_address(tmp_path) == ""
    FolderLock(tmp_path).release()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "?\nhttp://a.test",
        "4194305\nhttp://a.test",
        f"{'9' * 30}\nhttp://a.test",
        f"{os.getpid()}\nhttp://a.test\n1",  # killed; another process has its number now, as after a restart
    ],
    ids=["empty", "odd", "dead", "huge", "another"],
)
def test_a_server_that_is_not_there_has_no_page(tmp_path, content):
    assert page_address(tmp_path / "missing") == ""
    (tmp_path / LOCK_FILE).write_text(content)
    assert page_address(tmp_path) == ""


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
    assert "file_mode_open_to_others" in capsys.readouterr().out


def folder_with(tmp_path, names, *, mode: int):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    folder.chmod(mode)
    return folder


def test_a_database_has_one_holder_under_whatever_path(tmp_path):
    database = tmp_path / "main.db"
    lock = DatabaseLock(database)
    database.touch()
    (tmp_path / "other.db").symlink_to(database)
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    for path in (database, tmp_path / "other.db", tmp_path / "elsewhere" / "main.db"):
        with refused("database_in_use", process=str(os.getpid())):
            DatabaseLock(path)
    lock.release()
    DatabaseLock(tmp_path / "other.db").release()


def test_a_database_with_two_names_refuses_to_start(tmp_path):
    (tmp_path / "main.db").touch()
    (tmp_path / "second.db").hardlink_to(tmp_path / "main.db")
    with pytest.raises(ConfigurationError, match="hard links"):
        DatabaseLock(tmp_path / "second.db")


def test_who_cannot_have_the_database_lets_go_of_the_folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    lock = DatabaseLock(tmp_path / "main.db")
    with pytest.raises(ConfigurationError, match="choose another database"):
        ServerLocks(folder, tmp_path / "main.db")
    FolderLock(folder).release()
    lock.release()
    both = ServerLocks(folder, tmp_path / "main.db")
    both.release()
    both.release()
    ServerLocks(folder, None).release()
