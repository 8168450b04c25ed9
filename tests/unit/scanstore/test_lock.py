import os

import pytest

from app.scanstore.errors import StoreLocked, StoreUnavailable
from app.scanstore.lock import StoreLock, lock_holder, lock_path


def test_one_holds_the_lock_and_says_who_it_is(path):
    assert lock_holder(path) is None
    lock = StoreLock(path)
    assert lock_holder(path) == os.getpid()
    with pytest.raises(StoreLocked, match=lock_path(path).name):
        StoreLock(path)
    lock.release()
    lock.release()  # twice is fine
    assert lock_holder(path) is None
    StoreLock(path).release()


def test_the_file_stays_and_is_private(path):
    StoreLock(path).release()
    assert lock_path(path).stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_a_folder_that_refuses_is_told(tmp_path):
    with pytest.raises(StoreUnavailable):
        StoreLock(tmp_path / "missing" / "scan.db")
