"""The stores of an embedded deployment."""

from contextlib import closing

import pytest

from app.core.clock import SystemClock
from app.domain.scan_facts import Capture
from app.scanstore.scan_folder import SLICE, ScanFile, ScanFolder
from app.scanstore.sqlite import SqliteScanStore


def show(folder, name, *hashes):
    with closing(SqliteScanStore(folder / f"{name}.db")) as store:
        for number, sha256 in enumerate(hashes):
            store.put_capture(Capture("a.test", f"h{number}.a.test", "http://a.test/", "", html_sha256=sha256))


def test_a_run_is_read_from_its_own_file(tmp_path):
    show(tmp_path, "task-2", "aa")
    with ScanFolder(tmp_path).reader("task", 2) as reader:
        assert [capture.html_sha256 for capture in reader.captures_of("a.test")] == ["aa"]
    with ScanFolder(tmp_path).reader("task", 1) as reader:
        assert not reader.present


def test_what_any_run_shows_is_found_in_parts_and_nothing_that_nobody_asked_for(tmp_path):
    for number in range(SLICE + 1):
        show(tmp_path, f"task-{number:02}", f"own{number}", "shared")
    parts = list(ScanFolder(tmp_path).shown_among({"own0", f"own{SLICE}", "none"}))
    assert sorted(parts, key=sorted) == [{"own0"}, {f"own{SLICE}"}]


def test_a_folder_that_is_not_there_shows_nothing(tmp_path):
    assert list(ScanFolder(tmp_path / "none").shown_among({"aa"})) == []


@pytest.mark.parametrize("times", [1, 2])
async def test_a_scan_opens_its_file_as_often_as_it_has_to(tmp_path, times):
    place = ScanFile(tmp_path / "task-1.db")
    assert place.name == "task-1.db"
    for _ in range(times):
        await place.wait_until_released(SystemClock())
        place.open().close()
