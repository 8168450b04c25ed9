"""How the findings of a scan differ from those of the one before."""

from contextlib import closing

import pytest

from app.domain.differences import Change
from app.inventory.comparer import VERSION, FindingChanges, ScanComparer
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
