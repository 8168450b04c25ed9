"""Cancel in each stage: `cancelled` without force, no process left, no row after it."""

import asyncio

import pytest

from tests.support.chromium import until_chromium
from tests.support.scan_backend import (
    CANCEL_LIMIT_S,
    assert_sound,
    cancel_in_time,
    is_type,
    scan_backend,
    stage_runs,
)

STAGES = ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"]


@pytest.mark.parametrize("stage", STAGES)
async def test_a_cancelled_scan_is_soon_gone(stage, world, tmp_path):
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs(stage))
        await cancel_in_time(backend, task_id)


async def test_a_scan_that_waits_for_slow_answers_stops_as_quickly(world, tmp_path):
    world.delay_s = 30
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        await cancel_in_time(backend, task_id)


async def test_a_scan_that_is_just_starting_is_cancelled(world, tmp_path):
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        async with asyncio.timeout(60):
            while not backend.runner._workers:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        await backend.cancel(task_id)
        assert (await backend.finished(task_id)).status == "cancelled"
        await backend.gone(task_id)
        assert_sound(backend, task_id)


async def test_a_scan_that_cannot_hear_is_ended_by_force(world, tmp_path):
    async with scan_backend(tmp_path, cancel_force_after_s=1.5, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        await backend.freeze_between_transactions(backend.scan_pid(task_id))
        await backend.cancel(task_id)
        row = await backend.finished(task_id)
        assert row.status == "cancelled"
        await backend.gone(task_id)
        assert_sound(backend, task_id)


async def test_a_cancel_without_the_hint_is_seen_by_the_heart(world, tmp_path):
    world.delay_s = 1.0
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        await backend.event_writer.write(backend.lifecycle.request_cancel(task_id, by="user"))
        assert (await backend.finished(task_id, within_s=CANCEL_LIMIT_S)).status == "cancelled"


async def test_a_retry_after_a_cancel_starts_clean(world, tmp_path):
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, is_type("violation_detected"))
        await cancel_in_time(backend, task_id)
        await backend.event_writer.write(backend.lifecycle.retry(task_id, by="user"))
        backend.runner.wake()
        row = await backend.finished(task_id)
        assert (row.status, row.attempt, row.run) == ("completed", 2, 2)
        assert row.statistics["total_violations"] == 3
        assert {finding.run for finding in backend.violations(task_id)} == {1, 2}


@pytest.mark.system
@pytest.mark.parametrize("stage", STAGES)
async def test_chromium_goes_with_a_cancelled_scan(stage, world, tmp_path):
    async with scan_backend(tmp_path, **world.settings) as backend:
        world.delay_s = 0.3
        task_id = await backend.create(screenshots=True)
        await backend.until(task_id, stage_runs(stage))
        scan_pid = backend.scan_pid(task_id)
        if stage != "subdomain_discovery":
            await until_chromium(scan_pid, present=True)
        await cancel_in_time(backend, task_id)
        await until_chromium(scan_pid, present=False)
