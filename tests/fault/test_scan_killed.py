"""SIGKILL and SIGSTOP to the scan's real process, in each stage."""

import asyncio
import os
import signal
import sqlite3

import pytest

from app.scanstore.reader import SqliteScanReader
from app.tasks.store_files import store_path
from tests.support.chromium import until_chromium
from tests.support.realtime import until
from tests.support.scan_house import assert_sound, exists, is_type, scan_house, stage_runs

STAGES = ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"]
FOUND = {("bad-bets.example", "gambling"), ("hidden-bets.example", "gambling"), ("hidden-bets.example", "hidden_link")}


def check(house, world, task_id, row, *, attempts, data_dir):
    assert (row.status, row.attempt, row.run) == ("completed", attempts, 1)
    assert_sound(house, task_id)
    assert {(found.domain, found.violation_key) for found in house.findings(task_id)} == FOUND
    retried = [event for event in house.events(task_id) if event.type == "task_retrying"]
    assert [event.payload()["reason"] for event in retried] == ["worker_lost"] * (attempts - 1)
    with SqliteScanReader(store_path(data_dir, task_id, 1)) as reader:
        assert {page.url for page in reader.pages(parsed=True)[0]} == world.pages


@pytest.mark.parametrize("stage", STAGES)
async def test_a_killed_scan_goes_on_from_its_checkpoint(stage, world, tmp_path):
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        await house.until(task_id, stage_runs(stage))
        os.kill(house.scan_pid(task_id), signal.SIGKILL)
        row = await house.finished(task_id)
        check(house, world, task_id, row, attempts=2, data_dir=tmp_path)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_frozen_scan_is_taken_over(stage, world, tmp_path):
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        await house.until(task_id, stage_runs(stage))
        frozen = house.scan_pid(task_id)
        os.kill(frozen, signal.SIGSTOP)
        row = await house.finished(task_id)
        check(house, world, task_id, row, attempts=2, data_dir=tmp_path)
        with pytest.raises(ProcessLookupError):
            os.kill(frozen, 0)


def deep_pages(store):
    """Pages that are in the store; start pages, which other stages look at too, do not count."""
    with SqliteScanReader(store) as reader:
        return {page.url for page in reader.pages()[0] if "/p/" in page.url}


async def test_what_was_kept_before_the_kill_is_not_fetched_again(world, tmp_path):
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        await house.until(task_id, is_type("task_progress"))
        store = store_path(tmp_path, task_id, 1)
        await until(lambda: deep_pages(store), timeout_s=20)  # the store is flushed once a second
        os.kill(house.scan_pid(task_id), signal.SIGKILL)
        kept = deep_pages(store)
        world.requests.clear()
        await house.finished(task_id)
        assert kept
        assert not kept & set(world.requests)


async def test_the_third_loss_is_the_last(world, tmp_path):
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        for attempt in (1, 2, 3):
            await house.until(task_id, lambda e, n=attempt: e.attempt == n and e.type == "task_started")
            os.kill(house.scan_pid(task_id), signal.SIGKILL)
        row = await house.finished(task_id)
        assert (row.status, row.attempt, row.error["code"]) == ("failed", 3, "worker_lost")
        assert_sound(house, task_id)
        await house.gone(task_id)


async def test_a_scan_that_was_frozen_and_thawed_writes_nothing(world, tmp_path):
    """Its task runs again when it thaws, in the next attempt: the fence of the attempt alone keeps its writes out.

    No observer ends it, and its heart does not beat in time to tell it that it is lost.
    """
    calm = {"worker_suspect_after_s": 500, "worker_lost_after_s": 600, "heartbeat_interval_s": 60}
    async with scan_house(tmp_path, **calm, **world.settings) as house:
        task_id = await house.create()
        await house.until(task_id, is_type("violation_detected"))
        frozen = house.scan_pid(task_id)
        await freeze_between_transactions(house, frozen)
        assert await house.journal.write(house.lifecycle.requeue(task_id, 1))
        assert await house.journal.write(house.lifecycle.claim(task_id, 2, "the next", "corp.example"))
        seq, found = house.row(task_id).last_seq, len(house.findings(task_id))
        os.kill(frozen, signal.SIGCONT)
        await until(lambda: not exists(frozen), timeout_s=30)
        row = house.row(task_id)
        assert (row.last_seq, row.status, row.attempt, row.worker_id) == (seq, "running", 2, "the next")
        assert len(house.findings(task_id)) == found


async def freeze_between_transactions(house, pid):
    """As most of the time."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        if await can_write(house):
            return
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.001)


async def test_a_scan_that_is_frozen_inside_a_write_transaction_blocks_nobody_for_long(world, tmp_path):
    slow = {"worker_suspect_after_s": 500, "worker_lost_after_s": 600, "database_busy_timeout_s": 0.5}
    async with scan_house(tmp_path, **slow, **world.settings) as house:
        world.delay_s = 0.5  # both scans are at work for long enough
        guilty, innocent = await house.create(), await house.create()
        await house.until(guilty, stage_runs("page_crawl"))
        await house.until(innocent, stage_runs("page_crawl"))
        await freeze_in_transaction(house, guilty)
        world.delay_s = 0.05
        rows = [await house.finished(task) for task in (guilty, innocent)]
        assert [(row.status, row.attempt) for row in rows] == [("completed", 2), ("completed", 1)]
        for task in (guilty, innocent):
            assert_sound(house, task)


async def freeze_in_transaction(house, task_id):
    """Freezes the scan again and again until it holds the write lock while it is frozen."""
    pid = house.scan_pid(task_id)
    for _ in range(2_000):
        os.kill(pid, signal.SIGSTOP)
        if not await can_write(house):
            return
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.001)
    raise AssertionError("never caught inside a transaction")


async def can_write(house):
    connection = sqlite3.connect(house.settings.data_dir / "compliance.db", timeout=0.02, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.system
async def test_no_browser_outlives_a_killed_scan(world, tmp_path):
    async with scan_house(tmp_path, max_requeues=0, **world.settings) as house:
        world.delay_s = 0.3
        task_id = await house.create(screenshots=True)
        await house.until(task_id, is_type("task_started"))
        killed = house.scan_pid(task_id)
        await until_chromium(killed, present=True)
        os.kill(killed, signal.SIGKILL)
        assert (await house.finished(task_id)).status == "failed"
        await until_chromium(killed, present=False)
        await house.gone(task_id)
