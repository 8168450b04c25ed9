"""The main database is locked, or the disk is full: back-pressure and a clear state, nothing lost."""

import asyncio
import json
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.support.scan_backend import FAST, assert_sound, scan_backend, stage_runs

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKED_S = 10
# Far below the time of the lock, and above what a busy machine makes of a heartbeat.
SHORT = {"worker_suspect_after_s": 4, "worker_lost_after_s": 6, "database_busy_timeout_s": 1}


async def test_a_database_that_is_locked_for_ten_seconds_loses_nothing_and_nobody(world, tmp_path):
    async with scan_backend(tmp_path, **{**FAST, **SHORT, **world.settings}) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        other = sqlite3.connect(tmp_path / "compliance.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        seq = backend.row(task_id).last_seq
        await asyncio.sleep(LOCKED_S)
        assert backend.row(task_id).last_seq == seq
        other.execute("ROLLBACK")
        other.close()
        row = await backend.finished(task_id)
        assert (row.status, row.attempt) == ("completed", 1)
        assert_sound(backend, task_id)
        assert len(backend.violations(task_id)) == 3
        codes = [event.payload()["code"] for event in backend.events(task_id) if event.type == "task_warning"]
        assert "worker_suspect" not in codes


@pytest.mark.system
@pytest.mark.parametrize("case", ["running", "waiting", "stores"])
async def test_a_full_disk_delays_scans_and_loses_nothing(case, world, tmp_path):
    mounting = ("unshare", "--user", "--map-root-user", "--mount")
    await run_apart(*mounting, sys.executable, "-m", "tests.fault.full_disk", case, str(tmp_path), world)


async def test_a_server_without_descriptors_lets_its_queue_wait(world, tmp_path):
    await run_apart(sys.executable, "-m", "tests.fault.no_descriptors", str(tmp_path), world)


async def run_apart(*command):
    """In a process of its own, whose surroundings it spoils; the last word of the command is the world."""
    *words, world = command
    process = await asyncio.create_subprocess_exec(
        *words,
        json.dumps(world.settings),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode == 0, errors.decode()[-4_000:]
