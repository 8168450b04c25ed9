"""Cancel in each stage: `cancelled` within 2 s, no process left, no row after it."""

import asyncio
import os
import signal
import time

import pytest

from tests.support.chromium import until_chromium
from tests.support.scan_house import assert_sound, is_type, scan_house, stage_runs

STAGES = ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"]
LIMIT_S = 2.0


async def cancel_in_time(house, task_id):
    began = time.monotonic()
    await house.cancel(task_id)
    row = await house.finished(task_id)
    await house.gone(task_id)
    assert time.monotonic() - began < LIMIT_S
    assert row.status == "cancelled"
    last_seq = house.row(task_id).last_seq
    await asyncio.sleep(0.5)  # whatever was still under way would land now
    assert house.row(task_id).last_seq == last_seq
    assert_sound(house, task_id)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_cancelled_scan_is_gone_within_two_seconds(stage, world, tmp_path):
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        await house.until(task_id, stage_runs(stage))
        await cancel_in_time(house, task_id)


async def test_a_scan_that_waits_for_slow_answers_stops_as_quickly(world, tmp_path):
    world.delay_s = 30
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        await house.until(task_id, stage_runs("page_crawl"))
        await cancel_in_time(house, task_id)


async def test_a_scan_that_is_just_starting_is_cancelled(world, tmp_path):
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        async with asyncio.timeout(5):
            while not house.runner._children:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        await house.cancel(task_id)
        assert (await house.finished(task_id)).status == "cancelled"
        await house.gone(task_id)
        assert_sound(house, task_id)


async def test_a_scan_that_cannot_hear_is_ended_by_force(world, tmp_path):
    observer = {"worker_suspect_after_s": 500, "worker_lost_after_s": 600}
    async with scan_house(tmp_path, **{"cancel_force_after_s": 1.5, **observer, **world.settings}) as house:
        task_id = await house.create()
        await house.until(task_id, stage_runs("page_crawl"))
        os.kill(house.scan_pid(task_id), signal.SIGSTOP)
        await house.cancel(task_id)
        row = await house.finished(task_id)
        assert row.status == "cancelled"
        await house.gone(task_id)
        assert_sound(house, task_id)


async def test_a_cancel_without_the_hint_is_seen_by_the_heart(world, tmp_path):
    world.delay_s = 1.0
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        await house.until(task_id, stage_runs("page_crawl"))
        await house.journal.write(house.lifecycle.request_cancel(task_id, by="user"))
        assert (await house.finished(task_id, within_s=3)).status == "cancelled"


async def test_a_retry_after_a_cancel_starts_clean(world, tmp_path):
    async with scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        await house.until(task_id, is_type("violation_detected"))
        await cancel_in_time(house, task_id)
        await house.journal.write(house.lifecycle.retry(task_id, by="user"))
        house.runner.wake()
        row = await house.finished(task_id)
        assert (row.status, row.attempt, row.run) == ("completed", 2, 2)
        assert row.statistics["total_violations"] == 3
        assert {finding.run for finding in house.findings(task_id)} == {1, 2}


@pytest.mark.system
@pytest.mark.parametrize("stage", STAGES)
async def test_chromium_goes_with_a_cancelled_scan(stage, world, tmp_path):
    async with scan_house(tmp_path, **world.settings) as house:
        world.delay_s = 0.3
        task_id = await house.create(screenshots=True)
        await house.until(task_id, stage_runs(stage))
        scan_pid = house.scan_pid(task_id)
        if stage != "subdomain_discovery":
            await until_chromium(scan_pid, present=True)
        await cancel_in_time(house, task_id)
        await until_chromium(scan_pid, present=False)
