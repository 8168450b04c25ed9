"""How the findings of a scan differ from those of the one before."""

from contextlib import closing

import pytest
from sqlalchemy import update

from app.domain.differences import Change, Section
from app.events.tables import scan_tasks
from app.inventory.comparer import VERSION, FindingChanges, ScanComparer
from app.inventory.earlier_findings import predecessor_of
from app.inventory.queries import differences
from app.inventory.queries.differences import Pair, RunKey
from app.scans.queries import tasks
from app.scans.result_reader import ResultReader
from app.scanstore.scan_folder import ScanFolder
from app.tasks.target_parser import EngineTargetParser
from tests.unit.inventory.test_differences import scan
from tests.unit.inventory.test_earlier_findings import found
from tests.unit.overview.test_queries import World


@pytest.fixture
def world(db):
    return World(db)


@pytest.fixture
def results(world, tmp_path):
    with closing(ResultReader(db=world.db, stores=ScanFolder(tmp_path), threads=1, name="test")) as opened:
        yield opened


def changes(world, results, task_id):
    row = world.db.read_sync(lambda c: tasks.find(c, task_id))
    comparer = ScanComparer(db=world.db, targets=EngineTargetParser())
    with results.open(row) as reader:
        return comparer.finding_changes(row, reader, results)


def predecessor(world, row):
    return world.db.read_sync(lambda c: predecessor_of(c, row))


def test_new_gone_and_unchanged_findings_are_counted(world, results, tmp_path):
    first = scan(world, tmp_path, 1, "casino.test", "shop.test")
    second = scan(world, tmp_path, 2, "casino.test", "new.test")
    found(world, first, "casino.test", "shop.test")
    found(world, second, "casino.test", "new.test")
    told = changes(world, results, second)
    assert told.counts[Change.NEW] == 1
    assert told.counts.get(Change.GONE, 0) + told.counts.get(Change.NOT_SEEN, 0) == 1
    assert told.unchanged == 1
    assert told.completed_at.endswith("Z")


def test_a_first_scan_has_nothing_to_compare_with(world, results, tmp_path):
    assert changes(world, results, scan(world, tmp_path, 1)) is None


def test_a_scan_that_is_deleted_while_its_report_is_made_has_nothing_to_compare_with(world, results):
    """It is not seen any more, nor is its earlier run; the row and the store are open."""
    task_id = world.add("mei", "a.test", 2, started_at=world.now, run=2)
    world.keep(task_id, 1, 1)
    world.keep(task_id, 2, 2)
    row = world.db.read_sync(lambda c: tasks.find(c, task_id))
    assert predecessor(world, row).run == 1
    gone = update(scan_tasks).where(scan_tasks.c.id == task_id).values(deleted_at=world.now)
    world.db.write_sync(lambda c: c.execute(gone) and None)
    assert predecessor(world, row) is None
    comparer = ScanComparer(db=world.db, targets=EngineTargetParser())
    with results.open(row) as reader:
        assert comparer.finding_changes(row, reader, results) is None


def test_results_that_are_gone_are_not_compared(world, results, tmp_path):
    first, second = scan(world, tmp_path, 1), scan(world, tmp_path, 2)
    (tmp_path / f"{first}-1.db").unlink()
    told = changes(world, results, second)
    assert isinstance(told, FindingChanges)
    assert told.counts is None


def test_what_was_compared_is_not_compared_again_where_nothing_differs(world, results, tmp_path):
    first, second = scan(world, tmp_path, 1, "casino.test"), scan(world, tmp_path, 2, "casino.test")
    found(world, second, "casino.test")
    pair = Pair(RunKey(second, 1), RunKey(first, 1))
    world.db.write_sync(lambda c: differences.put(c, pair, VERSION, at=world.now, counts={}, body=b""))
    (tmp_path / f"{first}-1.db").unlink()  # to compare again would fail
    told = changes(world, results, second)
    assert (told.counts, told.unchanged) == ({}, 1)


def test_a_finding_whose_level_has_changed_is_not_counted_as_unchanged(world, results, tmp_path):
    first, second = scan(world, tmp_path, 1, "casino.test"), scan(world, tmp_path, 2, "casino.test")
    found(world, second, "casino.test", "new.test", "worse.test", "same.test")
    counts = {Section.FINDINGS.value: {Change.NEW.value: 1, Change.CHANGED.value: 1, Change.GONE.value: 5}}
    pair = Pair(RunKey(second, 1), RunKey(first, 1))
    world.db.write_sync(lambda c: differences.put(c, pair, VERSION, at=world.now, counts=counts, body=b""))
    assert changes(world, results, second).unchanged == 2
