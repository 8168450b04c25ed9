"""A plain scan, end to end, through a real process."""

import os
from contextlib import closing

import pytest

from app.engines.capture.store import ContentStore
from app.monitor.captures import CaptureSweep
from app.scanstore.reader import SqliteScanReader
from app.scanstore.sqlite import SqliteScanStore
from app.tasks.store_files import captures_dir, remove_stores, store_path
from tests.support.scan_house import assert_sound, is_type, scan_house, stage_runs
from tests.support.small_world import TARGET, small_world

STAGES = ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"]


async def test_a_scan_finds_what_there_is_and_tells_it_in_order(tmp_path):
    async with small_world() as world, scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        row = await house.finished(task_id)
        assert row.status == "completed"
        assert_sound(house, task_id)
        events = house.events(task_id)
        ends = [event.payload() for event in events if event.type == "task_stage" and '"completed"' in event.body]
        assert [end["stage_key"] for end in ends] == STAGES
        assert all(end["duration_ms"] >= 0 for end in ends)
        progress = [event for event in events if event.type == "task_progress"]
        assert progress[-1].payload()["progress"] == 100
        assert {(found.domain, found.violation_key) for found in house.findings(task_id)} == {
            ("bad-bets.example", "gambling"),
            ("hidden-bets.example", "gambling"),
            ("hidden-bets.example", "hidden_link"),
        }
        with SqliteScanReader(store_path(tmp_path, task_id, 1)) as reader:
            assert {page.url for page in reader.pages(parsed=True)[0]} == world.pages
            assert [host.name for host in reader.subdomains()[0]] == [TARGET, f"www.{TARGET}"]
            parties = {party.domain for party in reader.third_parties()[0]}
        assert parties == {"bad-bets.example", "hidden-bets.example", "news.example", "shared.example"}
        statistics = row.statistics
        assert statistics["total_subdomains"] == 2
        assert statistics["total_pages_crawled"] == len(world.pages)
        assert statistics["total_third_party_domains"] == 4
        assert statistics["total_violations"] == 3
        await house.gone(task_id)


async def test_the_first_violation_is_committed_before_the_captures_end(tmp_path):
    async with small_world() as world, scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create()
        found = await house.until(task_id, is_type("violation_detected"))
        end = await house.until(
            task_id, lambda e: e.type == "task_stage" and '"content_capture"' in e.body and '"completed"' in e.body
        )
        assert found.seq < end.seq
        # Which of the two is looked at first is not settled; where each of them was found is.
        places = {"bad-bets.example": f"http://{TARGET}/", "hidden-bets.example": f"http://{TARGET}/p/3"}
        assert found.payload()["found_on"] == places[found.payload()["violation"]["domain"]]


async def test_hints_carry_small_events_to_the_bus_of_the_server(tmp_path):
    async with small_world() as world, scan_house(tmp_path, **world.settings) as house:
        hinted = []
        house.bus.subscribe(lambda hint: hinted.extend(event.type for event in hint.events))
        task_id = await house.create()
        await house.finished(task_id)
        await house.gone(task_id)
        assert {"task_started", "task_stage", "violation_detected", "task_completed"} <= set(hinted)


async def test_further_scans_wait_their_turn_and_say_so_once(tmp_path):
    async with small_world() as world, scan_house(tmp_path, max_concurrent_scans=1, **world.settings) as house:
        first = await house.create()
        await house.until(first, is_type("task_started"))
        second, third = await house.create(), await house.create()
        await house.until(third, is_type("task_warning"))
        await house.until(second, is_type("task_warning"))
        assert [house.row(task).status for task in (first, second, third)] == ["running", "pending", "pending"]
        warning = (await house.until(third, is_type("task_warning"))).payload()
        assert (warning["code"], warning["message"]) == ("queued", "Waiting in the queue at position 2")
        await house.cancel(third)
        await house.until(second, stage_runs("subdomain_discovery"))
        assert house.row(first).status == "completed"
        await house.finished(second)
        for task in (first, second, third):
            assert_sound(house, task)
        codes = [event.payload()["code"] for event in house.events(second) if event.type == "task_warning"]
        assert codes == ["queued"]


async def test_a_start_url_replaces_the_start_pages(tmp_path):
    async with small_world() as world, scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create(start_urls=[f"http://{TARGET}/p/5"])
        await house.finished(task_id)
        with SqliteScanReader(store_path(tmp_path, task_id, 1)) as reader:
            assert [page.url for page in reader.pages()[0]] == [f"http://{TARGET}/p/5"]
            assert [party.domain for party in reader.third_parties()[0]] == ["news.example"]


async def test_the_time_limit_ends_a_scan_with_what_it_has(tmp_path):
    async with small_world() as world, scan_house(tmp_path, **world.settings) as house:
        world.delay_s = 0.6
        task_id = await house.create(time_limit_s=7)
        row = await house.finished(task_id)
        assert row.status == "completed"
        assert_sound(house, task_id)
        assert "partial" in {warning["code"] for warning in row.warnings}


async def test_a_process_that_cannot_start_fails_the_task_after_a_few_tries(tmp_path, monkeypatch):
    monkeypatch.setattr("app.tasks.child.COMMAND", ("/bin/false",))
    async with scan_house(tmp_path, max_requeues=1) as house:
        task_id = await house.create()
        row = await house.finished(task_id)
        assert (row.status, row.error["code"]) == ("failed", "worker_lost")
        assert_sound(house, task_id)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"capture_max_bytes_per_scan": 400}, "the limit of a scan"),
        ({"capture_max_bytes_per_user": 0}, "the limit of a user"),
        ({"capture_reserve_bytes": 1 << 60}, "nearly full"),
    ],
)
async def test_a_scan_whose_captures_have_no_room_goes_on_without_keeping_them(tmp_path, limits, words):
    async with small_world() as world, scan_house(tmp_path, **limits, **world.settings) as house:
        task_id = await house.create()
        row = await house.finished(task_id)
        assert row.status == "completed"
        assert [words in warning["message"] for warning in row.warnings if warning["code"] == "degraded"] == [True]
        assert len(house.findings(task_id)) == 3
        kept = sum(path.stat().st_size for path in captures_dir(tmp_path).rglob("*.zst"))
        assert kept == row.capture_bytes <= limits.get("capture_max_bytes_per_scan", 0)


async def test_captures_count_for_their_task_and_go_with_the_last_scan_that_shows_them(tmp_path):
    async with small_world() as world, scan_house(tmp_path, **world.settings) as house:
        tasks = [await house.create() for _ in range(2)]
        rows = [await house.finished(task_id) for task_id in tasks]
        files = list(captures_dir(tmp_path).rglob("*.zst"))
        kept = sum(path.stat().st_size for path in files)
        assert [row.capture_bytes for row in rows] == [kept, kept]  # the two show the same
        for path in files:
            os.utime(path, (0, 0))
        sweep = CaptureSweep(captures=captures_dir(tmp_path), scans=tmp_path / "scans", clock=house.clock)
        remove_stores(tmp_path, tasks[0], 1)
        assert await sweep.sweep(house.clock.now()) == 0
        remove_stores(tmp_path, tasks[1], 1)
        assert await sweep.sweep(house.clock.now()) == kept
        assert list(captures_dir(tmp_path).rglob("*.zst")) == []


@pytest.mark.system
async def test_a_scan_with_chromium_has_pictures_of_what_people_are_led_to(tmp_path):
    async with small_world() as world, scan_house(tmp_path, **world.settings) as house:
        task_id = await house.create(screenshots=True)
        row = await house.finished(task_id)
        assert row.status == "completed"
        assert row.warnings == []
        assert len(house.findings(task_id)) == 3
        with closing(SqliteScanStore(store_path(tmp_path, task_id, 1))) as store:
            pictures = {capture.domain: capture.screenshot_sha256 for capture in store.captures()}
        picture = ContentStore(captures_dir(tmp_path)).get(pictures["bad-bets.example"])
        assert picture.startswith(b"\xff\xd8")
        assert pictures["shared.example"] == ""


async def test_without_chromium_a_scan_says_once_that_it_has_no_pictures(tmp_path):
    nowhere = {"chromium_path": "/nowhere/chromium"}
    async with small_world() as world, scan_house(tmp_path, **nowhere, **world.settings) as house:
        task_id = await house.create(screenshots=True)
        row = await house.finished(task_id)
        assert [warning["code"] for warning in row.warnings] == ["degraded"]
        assert len(house.findings(task_id)) == 3
