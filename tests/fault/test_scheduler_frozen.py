"""The process that starts scans is frozen in the middle of its work: each site is scanned once, by it or by another."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.clock import SystemClock
from app.sites.tables import managed_sites
from tests.support.watched_sites import HOURLY, WatchedSites

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60  # stops a test that would hang
SITES = 30  # more than one look starts
FREEZE_AT = 5


@pytest.fixture
def world(db):
    """Sites of which most are due now, and the others while the process is frozen."""
    world = WatchedSites(db, SystemClock(), schedule_spread_s=0)
    mei, now = world.add_user(), world.clock.now()
    for number in range(SITES):
        site_id = world.add(mei, f"site-{number}.example", schedule=HOURLY)
        due = now if number < SITES - 5 else now + timedelta(seconds=8)
        plan = {"scheduled_at": due - timedelta(hours=1), "due_at": due, "next_run_at": due, "try_at": due}
        mine = managed_sites.update().where(managed_sites.c.id == site_id).values(**plan)
        db.write_sync(lambda c, mine=mine: c.execute(mine) and None)
    return world


@contextlib.asynccontextmanager
async def scheduling(url, *, freeze_at=0):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fault.scheduling",
        json.dumps({"url": url, "freeze_at": freeze_at}),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await said(process, "ready")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def said(process, line):
    async with asyncio.timeout(WAIT_S):
        while (await process.stdout.readline()).decode().strip() != line:
            assert process.returncode is None


async def until(condition):
    async with asyncio.timeout(WAIT_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.05)


def is_frozen(process):
    return Path(f"/proc/{process.pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "T"


def unstarted(world):
    mine = managed_sites.select().where(managed_sites.c.last_task_id.is_(None))
    return world.db.read_sync(lambda c: c.execute(mine).all())


def each_was_scanned_once(world):
    assert set(Counter(task.target_domain for task in world.tasks()).values()) == {1}
    rows = world.db.read_sync(lambda c: c.execute(managed_sites.select()).all())
    assert {row.last_task_id for row in rows} == {task.id for task in world.tasks()}
    assert all(row.due_at == row.last_due_at + timedelta(hours=1) for row in rows)


async def test_a_process_that_was_frozen_starts_each_scan_once_when_it_goes_on(world):
    """On PostgreSQL it has lost its lease by then, and gives up the scan that it was about to write."""
    async with scheduling(world.db.url, freeze_at=FREEZE_AT) as process:
        await until(lambda: is_frozen(process))
        assert world.count() == FREEZE_AT - 1
        await until(lambda: world.clock.now() >= max(row.next_run_at for row in unstarted(world)))
        assert world.count() == FREEZE_AT - 1
        process.send_signal(signal.SIGCONT)
        await said(process, "thawed")
        await until(lambda: world.count() == SITES)
        for _ in range(5):
            await said(process, "round")
    each_was_scanned_once(world)


@pytest.mark.system
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_another_process_goes_on_and_the_frozen_one_starts_none_of_its_scans_again(world):
    async with scheduling(world.db.url, freeze_at=FREEZE_AT) as first:
        await until(lambda: is_frozen(first))
        async with scheduling(world.db.url):
            await until(lambda: world.count() == SITES)
            first.send_signal(signal.SIGCONT)
            await said(first, "thawed")
            for _ in range(5):
                await said(first, "round")
    each_was_scanned_once(world)
