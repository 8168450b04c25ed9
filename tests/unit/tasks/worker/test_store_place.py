"""Where the store of an attempt is: private, also in a folder that an older version left open."""

import os

import pytest

from app.scanstore.files import SCANS_FOLDER, store_path
from app.tasks.worker.store_place import place_of
from tests.support.backend import make_settings


@pytest.mark.parametrize("is_there", [False, True])
def test_the_folder_of_stores_is_closed_to_others(tmp_path, is_there):
    folder = tmp_path / SCANS_FOLDER
    if is_there:
        folder.mkdir()
        folder.chmod(0o755)
    before = os.umask(0)
    try:
        place = place_of(make_settings(tmp_path), "t", 2, 3)
    finally:
        os.umask(before)
    assert place.name == store_path(tmp_path, "t", 2).name
    assert folder.stat().st_mode & 0o777 == 0o700
