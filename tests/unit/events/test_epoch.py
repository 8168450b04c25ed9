"""The epoch of the log: it changes when an older database was put back, and at no other time."""

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from app.core.clock import SystemClock
from app.events.epoch import COUNTER_FILE, ID_FILE, LogEpoch
from app.events.event import NewEvent
from app.events.log import append
from app.events.log_identity import FIRST_EPOCH, FORGET_FOLDER, read_commits, read_identity
from app.events.tables import scan_tasks
from app.events.types import TaskWarning
from tests.support.lives import Life, copy_live, put_back
from tests.support.logs import captured_log


def epoch_of_next(folder):
    life = Life(folder)
    life.end()
    return life.epoch.value


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_a_new_log_has_the_first_epoch_and_keeps_it_over_lives_and_deaths(folder):
    life = Life(folder)
    task = life.add_task()
    for end in (life.end, life.die, life.end):
        assert life.epoch.value == FIRST_EPOCH
        life.show(life.say(task))
        end()
        life = Life(folder)
    assert life.epoch.value == FIRST_EPOCH
    life.end()


def test_a_crash_between_the_commit_and_the_file_is_no_restore(folder):
    life = Life(folder)
    life.say(life.add_task())  # committed, and nobody has seen it
    life.die()
    assert epoch_of_next(folder) == FIRST_EPOCH


def test_a_crash_before_the_commit_is_no_restore(folder):
    life = Life(folder)
    task = life.add_task()
    with pytest.raises(ZeroDivisionError):
        life.db.write_sync(lambda connection: [life_append(connection, task), 1 // 0])
    life.die()
    assert epoch_of_next(folder) == FIRST_EPOCH


def life_append(connection, task):
    event = NewEvent(TaskWarning(code="partial", message="w"))
    return append(connection, task, [event], now=SystemClock().now(), where=scan_tasks.c.attempt >= 1)


@pytest.mark.parametrize("seen", [1, 49])
def test_a_copy_of_the_running_database_that_was_put_back_is_noticed(folder, tmp_path, seen):
    life = Life(folder)
    task = life.add_task()
    copy_live(folder, tmp_path / "copy.db")
    for _ in range(seen):  # seen by somebody, and killed at once
        life.show(life.say(task))
    life.die()
    put_back(tmp_path / "copy.db", folder)
    assert epoch_of_next(folder) != FIRST_EPOCH


def test_the_epoch_of_a_copy_that_is_far_behind_is_kept_by_the_starts_that_follow(folder, tmp_path):
    """The log goes on above all that was ever counted: else it would seem put back again at each start."""
    life = Life(folder)
    task = life.add_task()
    copy_live(folder, tmp_path / "copy.db")
    for _ in range(49):
        life.show(life.say(task))
    life.die()
    put_back(tmp_path / "copy.db", folder)
    epoch = epoch_of_next(folder)
    assert epoch != FIRST_EPOCH
    assert [epoch_of_next(folder) for _ in range(2)] == [epoch, epoch]


def test_it_is_noticed_at_the_first_start_although_the_log_has_grown_beyond_by_the_second(folder, tmp_path):
    life = Life(folder)
    task = life.add_task()
    copy_live(folder, tmp_path / "copy.db")
    life.show(life.say(task))
    life.end()
    put_back(tmp_path / "copy.db", folder)
    life = Life(folder)
    epoch = life.epoch.value
    for _ in range(100):
        life.show(life.say(task))
    life.end()
    assert epoch != FIRST_EPOCH
    assert epoch_of_next(folder) == epoch


def test_a_copy_made_while_nothing_ran_is_older_than_the_next_life(folder, tmp_path):
    life = Life(folder)
    life.add_task()
    life.end()
    copy_live(folder, tmp_path / "copy.db")
    Life(folder).end()  # no event at all
    put_back(tmp_path / "copy.db", folder)
    assert epoch_of_next(folder) != FIRST_EPOCH


@pytest.mark.parametrize("way", ["moved", "over"])
def test_a_whole_folder_that_was_put_back_is_noticed_although_its_counter_fits(folder, tmp_path, way):
    life = Life(folder)
    task = life.add_task()
    life.end()
    shutil.copytree(folder, tmp_path / "backup")
    life = Life(folder)
    life.show(life.say(task))
    life.end()
    if way == "moved":
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "backup", folder)
    else:  # as `cp -a backup/. data`: the files keep their inodes and get their old times
        for path in (tmp_path / "backup").iterdir():
            shutil.copy2(path, folder / path.name)
    assert epoch_of_next(folder) != FIRST_EPOCH


def test_a_folder_that_was_moved_within_its_disk_is_no_restore(folder, tmp_path):
    life = Life(folder)
    life.add_task()
    life.end()
    folder.rename(tmp_path / "elsewhere")
    assert epoch_of_next(tmp_path / "elsewhere") == FIRST_EPOCH


@pytest.mark.parametrize("name", [COUNTER_FILE, ID_FILE])
def test_a_missing_witness_counts_as_a_restore(folder, name):
    life = Life(folder)
    life.add_task()
    life.end()
    (folder / name).unlink()
    assert epoch_of_next(folder) != FIRST_EPOCH


def test_a_database_with_tasks_that_never_had_an_epoch_gets_one_once(folder):
    life = Life(folder)
    life.add_task()
    life.end()
    with closing(sqlite3.connect(folder / "compliance.db")) as connection:  # as revision 0006 leaves it
        connection.execute("UPDATE event_log SET epoch = '0', commits = 0, folder_id = NULL")
        connection.commit()
    for name in (COUNTER_FILE, ID_FILE):
        (folder / name).unlink()
    epoch = epoch_of_next(folder)
    assert epoch != FIRST_EPOCH
    assert epoch_of_next(folder) == epoch


def test_a_new_database_in_an_old_folder_is_another_log(folder):
    life = Life(folder)
    life.show(life.say(life.add_task()))
    life.end()
    (folder / "compliance.db").unlink()
    assert epoch_of_next(folder) != FIRST_EPOCH


def test_a_copy_that_forgot_its_folder_gets_a_new_epoch(folder):
    life = Life(folder)
    life.add_task()
    life.db.write_sync(lambda connection: connection.exec_driver_sql(FORGET_FOLDER))
    life.end()
    assert epoch_of_next(folder) != FIRST_EPOCH


def test_commits_are_counted_over_all_tasks_and_in_order(folder):
    life = Life(folder)
    first, second = life.add_task(), life.add_task()
    before = life.db.read_sync(read_commits)
    assert [life.say(task).commits for task in (first, second, first)] == [before + 1, before + 2, before + 3]
    assert life.db.read_sync(read_commits) == before + 3
    life.end()


def test_what_a_read_can_have_seen_counts_as_seen(folder):
    life = Life(folder)
    task = life.add_task()
    result = life.say(task)
    assert life.epoch.commits < result.commits
    life.db.read_sync(life.epoch.watching(lambda _connection: None))
    assert life.epoch.commits == result.commits
    assert int((folder / COUNTER_FILE).read_text()) == result.commits
    life.end()


def test_a_counter_that_cannot_be_written_stops_nothing(folder):
    life = Life(folder)
    task = life.add_task()
    os.close(life.epoch._counter._descriptor)
    life.epoch._counter._descriptor = os.open("/dev/full", os.O_RDWR)
    with captured_log() as said:
        for _ in range(3):
            life.show(life.say(task))
    life.end()
    assert said.getvalue().count("log_counter_not_written") == 1


async def test_of_several_processes_one_renews_the_epoch_and_the_others_take_it_over(folder):
    """Without a folder there is no counter: what each has seen itself tells."""
    life = Life(folder)
    one, other = LogEpoch(db=life.db), LogEpoch(db=life.db)
    one.value = other.value = life.epoch.value
    now = life.db.read_sync(read_commits)
    one.commits, other.commits = now + 7, now + 9  # a backup was put back under both
    await one.renew()
    assert not life.db.read_sync(read_identity).goes_on_from(other.identity)
    await other.renew()  # it has seen more than `one` could know of
    assert not life.db.read_sync(read_identity).goes_on_from(one.identity)
    await one.renew()
    assert one.value == other.value == life.db.read_sync(read_identity).epoch != FIRST_EPOCH
    for epoch in (one, other):
        assert life.db.read_sync(read_identity).goes_on_from(epoch.identity)
    life.epoch.close()
    await life.db.close()


async def test_a_log_that_goes_back_under_a_running_server_is_renewed(folder):
    life = Life(folder)
    task = life.add_task()
    life.show(life.say(task))
    known = life.epoch.commits
    await life.epoch.renew()
    identity = life.db.read_sync(read_identity)
    assert identity.epoch == life.epoch.value != FIRST_EPOCH
    assert identity.commits > known
    life.epoch.close()
    await life.db.close()
