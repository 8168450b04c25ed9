"""A backup made in the middle of a scan: the scan goes on undisturbed, and the restored one ends as soundly."""

import asyncio

import pytest

from app.captures.folder import FolderStorage
from app.core.clock import SystemClock
from app.core.data_folder import FolderLock
from app.core.db import Database
from app.core.pending_restore import apply_restore
from app.events.epoch import LogEpoch
from app.events.log_identity import FIRST_EPOCH
from app.maintenance.backup import Backup
from app.maintenance.restore import Restore
from app.migrations.runner import migrate
from app.scanstore.files import store_path
from app.scanstore.reader import SqliteScanReader
from tests.support.scan_backend import assert_sound, scan_backend, stage_runs

FOUND = {("bad-bets.example", "gambling"), ("hidden-bets.example", "gambling"), ("hidden-bets.example", "hidden_link")}


def make_folder(path):
    """With an empty database, as a server makes it."""
    path.mkdir()
    db = Database(f"sqlite:///{path}/compliance.db")
    migrate(db, clock=SystemClock())
    return path, db


def check(backend, world, task_id, folder):
    assert_sound(backend, task_id)
    assert {(found.domain, found.violation_key) for found in backend.violations(task_id)} == FOUND
    with SqliteScanReader(store_path(folder, task_id, 1)) as reader:
        assert {page.url for page in reader.pages(parsed=True)[0]} == world.pages


@pytest.mark.parametrize("stage", ["page_crawl", "content_capture", "ai_analysis"])
async def test_a_scan_that_was_backed_up_half_way_ends_in_both_places(stage, world, tmp_path):
    here, there, archive = tmp_path / "here", tmp_path / "there", tmp_path / "b.tar"
    here, db = make_folder(here)
    await db.close()
    there.mkdir()
    async with scan_backend(here, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs(stage))
        backup = Backup(
            database=here / "compliance.db",
            data_dir=here,
            captures=FolderStorage(here / "captures"),
            clock=SystemClock(),
        )
        await asyncio.to_thread(backup.write, archive)
        row = await backend.finished(task_id)
        assert (row.status, row.attempt) == ("completed", 1)
        check(backend, world, task_id, here)

    Restore(data_dir=there, clock=SystemClock()).prepare(archive)
    lock = FolderLock(there)
    apply_restore(there)
    lock.release()
    db = Database(f"sqlite:///{there}/compliance.db")
    epoch = LogEpoch(db=db, folder=there)
    epoch.open()
    assert epoch.value != FIRST_EPOCH
    epoch.close()
    await db.close()
    async with scan_backend(there, **world.settings) as backend:
        row = await backend.finished(task_id)
        assert (row.status, row.attempt, row.requeues) == ("completed", 2, 0)
        check(backend, world, task_id, there)
