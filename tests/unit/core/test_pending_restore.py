"""The last step of a restore: whole, whenever it is interrupted."""

import pytest

from app.core.pending_restore import NAME, READY, apply_restore, is_restore_pending, previous_data_folder

STEPS = 9  # renames: three files beside the old database, and the old and the new of three parts


class Killed(Exception):
    pass


def lay(folder, text, files):
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    lay(data, "old", ["compliance.db", "compliance.db-wal", "compliance.db-shm", "compliance.db-journal"])
    lay(data, "old", ["scans/a-1.db", "captures/aa/a.zst", "secret.key", "log.counter"])
    lay(data / READY, "new", ["compliance.db", "scans/b-1.db", "captures/bb/b.zst"])
    (data / READY / NAME).write_text("before-restore-x")
    return data


def contents(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def assert_replaced(folder):
    kept = folder / "before-restore-x"
    database = [f"compliance.db{ending}" for ending in ("", "-wal", "-shm", "-journal")]
    assert contents(kept) == dict.fromkeys([*database, "scans/a-1.db", "captures/aa/a.zst"], "old")
    now = {name: text for name, text in contents(folder).items() if not name.startswith("before-restore-x")}
    new = dict.fromkeys(("compliance.db", "scans/b-1.db", "captures/bb/b.zst"), "new")
    assert now == {**new, "secret.key": "old", "log.counter": "old"}
    assert not is_restore_pending(folder)


def test_what_lies_ready_takes_the_place_of_the_old_and_the_old_is_kept(folder):
    assert previous_data_folder(folder) == folder / "before-restore-x"
    assert apply_restore(folder) == folder / "before-restore-x"
    assert_replaced(folder)
    assert apply_restore(folder) is None


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_the_next_start_finishes_it(folder, step, after):
    count = 0

    def rename(source, target):
        nonlocal count
        if count == step and not after:
            raise Killed
        source.rename(target)
        if count == step:
            raise Killed
        count += 1

    with pytest.raises(Killed):
        apply_restore(folder, rename=rename)
    assert is_restore_pending(folder)
    apply_restore(folder)
    assert_replaced(folder)


def test_killed_before_its_very_last_step_nothing_is_left_but_to_end(folder):
    apply_restore(folder)
    (folder / READY).mkdir()
    assert previous_data_folder(folder) is None
    assert apply_restore(folder) is None
    assert_replaced(folder)


def test_in_an_empty_folder_nothing_is_kept(tmp_path):
    lay(tmp_path / READY, "new", ["compliance.db", "scans/b-1.db"])
    (tmp_path / READY / NAME).write_text("before-restore-x")
    assert apply_restore(tmp_path) is None
    assert contents(tmp_path) == {"compliance.db": "new", "scans/b-1.db": "new"}


def test_without_a_restore_nothing_happens(tmp_path):
    lay(tmp_path, "old", ["compliance.db"])
    assert apply_restore(tmp_path) is None
    assert contents(tmp_path) == {"compliance.db": "old"}
