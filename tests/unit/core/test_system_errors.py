import errno
import os
import sqlite3

import pytest

from app.core.system_errors import reason_of
from app.domain.messages import Language, MessageCatalog


def test_a_known_reason_is_told_in_the_readers_language():
    reason = reason_of(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    assert reason == "permission denied"
    assert MessageCatalog(Language.ZH_CN).adopt(reason) == "没有权限"


@pytest.mark.parametrize("error", [OSError(errno.EXDEV, "Invalid cross-device link"), OSError("no number")])
def test_another_reason_is_told_in_the_systems_words(error):
    assert reason_of(error) == f"the system reports: {error.strerror or error}"


def test_what_is_no_database_is_named(tmp_path):
    path = tmp_path / "x.db"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(sqlite3.Error) as caught, sqlite3.connect(path) as connection:
        connection.execute("SELECT * FROM sqlite_master")
    assert reason_of(caught.value).key == "system.no_database"


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(sqlite3.Error) as caught:
        sqlite3.connect(tmp_path / "missing" / "x.db")
    assert reason_of(caught.value).key == "system.not_opened"
