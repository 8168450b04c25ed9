"""SIGKILL and SIGSTOP to the scan's real process, in each stage."""

import asyncio
import os
import signal
import time

import pytest

from app.domain.violations import RiskLevel
from app.findings.queries import findings
from app.scanstore.files import store_path
from app.scanstore.reader import SqliteScanReader
from tests.support.chromium import until_chromium
from tests.support.realtime import until
from tests.support.scan_backend import FAST, assert_sound, exists, is_type, scan_backend, stage_runs
from tests.support.small_world import REFERRING_PAGE

STAGES = ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"]
FOUND = {("bad-bets.example", "gambling"), ("hidden-bets.example", "gambling"), ("hidden-bets.example", "hidden_link")}
FREEZING_S = 60.0  # on a fast disk a write is over at once, and it takes many tries to be in the middle of one


def assert_one_set_of_numbers(backend, task_id, row):
    """What was told over all attempts adds up to the stored findings, and the counts of the row are those of both."""
    told, counts = {}, {}
    for event in backend.events(task_id):
        body = event.payload()
        if event.type in ("violation_detected", "finding_changed"):
            told[body["finding_id"]] = body.get("risk_level") or body["violation"]["risk_level"]
            counts = body["finding_counts"]
    stored = backend.db.read_sync(lambda c: findings.of_run(c, task_id, 1))
    assert {f"{one.cause}.{one.domain}": one.risk_level for one in stored} == told
    assert counts == dict(row.finding_counts)
    assert counts["total"] == len(stored) == sum(counts[level.value] for level in RiskLevel)
    assert row.violation_counts["total"] == sum(len(one.kinds) for one in stored)


def check(backend, world, task_id, row, *, attempts, data_dir):
    assert (row.status, row.attempt, row.run) == ("completed", attempts, 1)
    assert_sound(backend, task_id)
    assert {(found.domain, found.violation_key) for found in backend.violations(task_id)} == FOUND
    assert_one_set_of_numbers(backend, task_id, row)
    retried = [event for event in backend.events(task_id) if event.type == "task_retrying"]
    assert [event.payload()["reason"] for event in retried] == ["worker_lost"] * (attempts - 1)
    with SqliteScanReader(store_path(data_dir, task_id, 1)) as reader:
        assert {page.url for page in reader.pages(parsed=True)[0]} == world.pages


@pytest.mark.parametrize("stage", STAGES)
async def test_a_killed_scan_goes_on_from_its_checkpoint(stage, world, tmp_path):
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs(stage))
        os.kill(backend.scan_pid(task_id), signal.SIGKILL)
        row = await backend.finished(task_id)
        check(backend, world, task_id, row, attempts=2, data_dir=tmp_path)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_frozen_scan_is_taken_over(stage, world, tmp_path):
    async with scan_backend(tmp_path, **FAST, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs(stage))
        frozen = backend.scan_pid(task_id)
        os.kill(frozen, signal.SIGSTOP)
        row = await backend.finished(task_id)
        check(backend, world, task_id, row, attempts=2, data_dir=tmp_path)
        with pytest.raises(ProcessLookupError):
            os.kill(frozen, 0)


def deep_pages(store):
    """Pages that are in the store; start pages, which other stages look at too, do not count."""
    with SqliteScanReader(store) as reader:
        return {page.url for page in reader.pages()[0] if "/p/" in page.url}


def crawled_again(kept, world):
    """Pages of before that were asked for again. One that refers to a violation is captured besides, as evidence."""
    return kept & set(world.requests) - {REFERRING_PAGE}


async def test_what_was_kept_before_the_kill_is_not_fetched_again(world, tmp_path):
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create(cloaking=False)  # which asks for some pages once more, as other visitors
        await backend.until(task_id, is_type("task_progress"))
        store = store_path(tmp_path, task_id, 1)
        await until(lambda: deep_pages(store), timeout_s=90)  # the store is flushed once a second
        os.kill(backend.scan_pid(task_id), signal.SIGKILL)
        kept = deep_pages(store)
        world.requests.clear()
        await backend.finished(task_id)
        assert kept
        assert crawled_again(kept, world) == set()


async def test_the_third_loss_is_the_last(world, tmp_path):
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        for attempt in (1, 2, 3):
            await backend.until(task_id, lambda e, n=attempt: e.attempt == n and e.type == "task_started")
            os.kill(backend.scan_pid(task_id), signal.SIGKILL)
        row = await backend.finished(task_id)
        assert (row.status, row.attempt, row.error["code"]) == ("failed", 3, "worker_lost")
        assert_sound(backend, task_id)
        await backend.gone(task_id)


async def test_a_scan_that_was_frozen_and_thawed_writes_nothing(world, tmp_path):
    """Its task runs again when it thaws, in the next attempt: the fence of the attempt alone keeps its writes out.

    No observer ends it, and its heart does not beat in time to tell it that it is lost.
    """
    async with scan_backend(tmp_path, heartbeat_interval_s=60, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, is_type("violation_detected"))
        frozen = backend.scan_pid(task_id)
        await backend.freeze_between_transactions(frozen)
        assert await backend.event_writer.write(backend.lifecycle.requeue(task_id, 1))
        assert await backend.event_writer.write(backend.lifecycle.claim(task_id, 2, "the next", "corp.example"))
        seq, found = backend.row(task_id).last_seq, len(backend.violations(task_id))
        os.kill(frozen, signal.SIGCONT)
        await until(lambda: not exists(frozen), timeout_s=90)
        row = backend.row(task_id)
        assert (row.last_seq, row.status, row.attempt, row.worker_id) == (seq, "running", 2, "the next")
        assert len(backend.violations(task_id)) == found


async def test_a_scan_that_is_frozen_inside_a_write_transaction_blocks_nobody_for_long(world, tmp_path):
    patience = {"blocked_writes_kill_s": 1.5, "database_busy_timeout_s": 0.5}
    async with scan_backend(tmp_path, **patience, **world.settings) as backend:
        guilty, innocent = await backend.create(), await backend.create()
        await backend.until(guilty, stage_runs("page_crawl"))
        await backend.until(innocent, stage_runs("page_crawl"))
        world.delay_s = 8.0  # both scans are at work, and write, until one was caught at it
        await freeze_in_transaction(backend, guilty)
        world.delay_s = 0.05
        rows = [await backend.finished(task) for task in (guilty, innocent)]
        assert [(row.status, row.attempt) for row in rows] == [("completed", 2), ("completed", 1)]
        for task in (guilty, innocent):
            assert_sound(backend, task)


async def freeze_in_transaction(backend, task_id):
    """Freezes the scan again and again until it holds the write lock while it is frozen."""
    pid, deadline = backend.scan_pid(task_id), time.monotonic() + FREEZING_S
    while time.monotonic() < deadline:
        os.kill(pid, signal.SIGSTOP)
        if not backend.can_write():
            return
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.001)
    raise AssertionError("never caught inside a transaction")


@pytest.mark.system
async def test_no_browser_outlives_a_killed_scan(world, tmp_path):
    async with scan_backend(tmp_path, max_requeues=0, **world.settings) as backend:
        world.delay_s = 0.3
        task_id = await backend.create(screenshots=True)
        await backend.until(task_id, is_type("task_started"))
        killed = backend.scan_pid(task_id)
        await until_chromium(killed, present=True)
        os.kill(killed, signal.SIGKILL)
        assert (await backend.finished(task_id)).status == "failed"
        await until_chromium(killed, present=False)
        await backend.gone(task_id)
