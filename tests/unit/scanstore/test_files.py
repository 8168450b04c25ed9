import asyncio
import sys

import pytest

from app.core.clock import SystemClock
from app.scanstore.errors import StoreUnavailable
from app.scanstore.files import StoreRemover, kill_lock_holder, store_path, wait_until_released
from app.scanstore.lock import lock_holder

HOLD = (
    "import sys, time; from pathlib import Path; from app.scanstore.lock import StoreLock; "
    "lock = StoreLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
)


async def test_a_holder_that_does_not_let_go_is_killed(tmp_path):
    path = tmp_path / "t-1.db"
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, str(path), stdout=asyncio.subprocess.PIPE)
    assert await holder.stdout.readline() == b"held\n"
    async with asyncio.timeout(30):
        await wait_until_released(path, SystemClock(), patience_s=0.2)
        assert await holder.wait() == -9
    assert lock_holder(path) is None


async def test_a_store_that_nobody_holds_is_had_at_once(tmp_path):
    async with asyncio.timeout(60):
        await wait_until_released(tmp_path / "t-1.db", SystemClock())


async def test_a_lock_that_cannot_be_looked_at_is_said(tmp_path):
    (tmp_path / "t-1.db.lock").mkdir()
    with pytest.raises(StoreUnavailable):
        await wait_until_released(tmp_path / "t-1.db", SystemClock())


def test_nobody_is_killed_who_has_not_said_who_it_is():
    kill_lock_holder(0)


def test_all_files_of_a_deleted_task_go_and_no_others(tmp_path):
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in ("a-1.db", "a-1.db-wal", "a-1.db-shm", "a-1.db.lock", "a-3.db", "b-1.db"):
        (scans / name).touch()
    StoreRemover(tmp_path)("a", 3)
    assert [path.name for path in scans.iterdir()] == ["b-1.db"]
    assert store_path(tmp_path, "b", 1) == scans / "b-1.db"
    StoreRemover(tmp_path / "nowhere")("a", 1)
