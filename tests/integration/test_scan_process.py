"""A plain scan, end to end, through a real process."""

import os
from contextlib import closing

import pytest

from app.captures.folder import FolderStorage
from app.maintenance.capture_garbage_collector import CaptureGarbageCollector
from app.scanstore.files import StoreRemover, captures_dir, store_path
from app.scanstore.reader import SqliteScanReader
from app.scanstore.scan_folder import ScanFolder
from app.scanstore.sqlite import SqliteScanStore
from tests.support.contents import contents_in
from tests.support.said import said
from tests.support.scan_backend import assert_sound, is_type, scan_backend, stage_runs
from tests.support.small_world import TARGET, small_world

STAGES = ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"]


async def test_a_scan_finds_what_there_is_and_tells_it_in_order(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        row = await backend.finished(task_id)
        assert row.status == "completed"
        assert_sound(backend, task_id)
        events = backend.events(task_id)
        ends = [event.payload() for event in events if event.type == "task_stage" and '"completed"' in event.body]
        assert [end["stage_key"] for end in ends] == STAGES
        assert all(end["duration_ms"] >= 0 for end in ends)
        progress = [event for event in events if event.type == "task_progress"]
        assert progress[-1].payload()["progress"] == 100
        assert {(found.domain, found.violation_key) for found in backend.violations(task_id)} == {
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
        await backend.gone(task_id)


async def test_the_first_violation_is_committed_before_the_captures_end(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        found = await backend.until(task_id, is_type("violation_detected"))
        end = await backend.until(
            task_id, lambda e: e.type == "task_stage" and '"content_capture"' in e.body and '"completed"' in e.body
        )
        assert found.seq < end.seq
        # Which of the two is looked at first is not settled; where each of them was found is.
        places = {"bad-bets.example": f"http://{TARGET}/", "hidden-bets.example": f"http://{TARGET}/p/3"}
        assert found.payload()["found_on"] == places[found.payload()["violation"]["domain"]]


async def test_hints_carry_small_events_to_the_bus_of_the_server(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        hinted = []
        backend.bus.subscribe(lambda hint: hinted.extend(event.type for event in hint.events))
        task_id = await backend.create()
        await backend.finished(task_id)
        await backend.gone(task_id)
        assert {"task_started", "task_stage", "violation_detected", "task_completed"} <= set(hinted)


async def test_further_scans_wait_their_turn_and_say_so_once(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, max_concurrent_scans=1, **world.settings) as backend:
        world.delay_s = 0.5  # the first is at work until all has been looked at
        first = await backend.create()
        await backend.until(first, is_type("task_started"))
        second, third = await backend.create(), await backend.create()
        await backend.until(third, is_type("task_warning"))
        await backend.until(second, is_type("task_warning"))
        assert [backend.row(task).status for task in (first, second, third)] == ["running", "pending", "pending"]
        warning = (await backend.until(third, is_type("task_warning"))).payload()
        assert (warning["code"], warning["message"]) == ("queued", said("queued", position=2))
        await backend.cancel(third)
        world.delay_s = 0.02
        await backend.until(second, stage_runs("subdomain_discovery"))
        assert backend.row(first).status == "completed"
        await backend.finished(second)
        for task in (first, second, third):
            assert_sound(backend, task)
        codes = [event.payload()["code"] for event in backend.events(second) if event.type == "task_warning"]
        assert codes == ["queued"]


async def test_a_start_url_replaces_the_start_pages(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create(start_urls=[f"http://{TARGET}/p/5"])
        await backend.finished(task_id)
        with SqliteScanReader(store_path(tmp_path, task_id, 1)) as reader:
            assert [page.url for page in reader.pages()[0]] == [f"http://{TARGET}/p/5"]
            assert [party.domain for party in reader.third_parties()[0]] == ["news.example"]


async def test_the_time_limit_ends_a_scan_with_what_it_has(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        world.delay_s = 0.6
        task_id = await backend.create(time_limit_s=7)
        row = await backend.finished(task_id)
        assert row.status == "completed"
        assert_sound(backend, task_id)
        assert "partial" in {warning["code"] for warning in row.warnings}


async def test_a_process_that_cannot_start_fails_the_task_after_a_few_tries(tmp_path, monkeypatch):
    monkeypatch.setattr("app.tasks.supervisor.worker_handle.COMMAND", ("/bin/false",))
    async with scan_backend(tmp_path, max_requeues=1) as backend:
        task_id = await backend.create()
        row = await backend.finished(task_id)
        assert (row.status, row.error["code"]) == ("failed", "worker_lost")
        assert_sound(backend, task_id)


@pytest.mark.parametrize(
    ("limits", "key"),
    [
        ({"capture_max_bytes_per_scan": 400}, "captures_full_scan"),
        ({"capture_max_bytes_per_user": 0}, "captures_full_user"),
        ({"capture_reserve_bytes": 1 << 60}, "captures_full_disk"),
    ],
)
async def test_a_scan_whose_captures_have_no_room_goes_on_without_keeping_them(tmp_path, limits, key):
    async with small_world() as world, scan_backend(tmp_path, **limits, **world.settings) as backend:
        task_id = await backend.create()
        row = await backend.finished(task_id)
        assert row.status == "completed"
        assert [warning["message"] for warning in row.warnings if warning["code"] == "degraded"] == [said(key)]
        assert len(backend.violations(task_id)) == 3
        kept = sum(path.stat().st_size for path in captures_dir(tmp_path).rglob("*.zst"))
        assert kept == row.capture_bytes <= limits.get("capture_max_bytes_per_scan", 0)


async def test_captures_count_for_their_task_and_go_with_the_last_scan_that_shows_them(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        tasks = [await backend.create() for _ in range(2)]
        rows = [await backend.finished(task_id) for task_id in tasks]
        files = list(captures_dir(tmp_path).rglob("*.zst"))
        kept = sum(path.stat().st_size for path in files)
        assert [row.capture_bytes for row in rows] == [kept, kept]  # the two show the same
        for path in files:
            os.utime(path, (0, 0))
        collector = CaptureGarbageCollector(
            contents=FolderStorage(captures_dir(tmp_path)), stores=ScanFolder(tmp_path / "scans"), clock=backend.clock
        )
        StoreRemover(tmp_path)(tasks[0], 1)
        assert await collector.collect(backend.clock.now()) == 0
        StoreRemover(tmp_path)(tasks[1], 1)
        assert await collector.collect(backend.clock.now()) == kept
        assert list(captures_dir(tmp_path).rglob("*.zst")) == []


@pytest.mark.system
async def test_a_scan_with_chromium_has_pictures_of_what_people_are_led_to(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create(screenshots=True)
        row = await backend.finished(task_id)
        assert row.status == "completed"
        assert row.warnings == []
        assert len(backend.violations(task_id)) == 3
        await backend.gone(task_id)  # which closes Chromium first
        with closing(SqliteScanStore(store_path(tmp_path, task_id, 1))) as store:
            pictures = {capture.domain: capture.screenshot_sha256 for capture in store.captures()}
        picture = contents_in(captures_dir(tmp_path)).get(pictures["bad-bets.example"])
        assert picture.startswith(b"\xff\xd8")
        assert pictures["shared.example"] == ""


async def test_without_chromium_a_scan_says_once_that_it_has_no_pictures(tmp_path):
    nowhere = {"chromium_path": "/nowhere/chromium"}
    async with small_world() as world, scan_backend(tmp_path, **nowhere, **world.settings) as backend:
        task_id = await backend.create(screenshots=True)
        row = await backend.finished(task_id)
        assert [warning["code"] for warning in row.warnings] == ["degraded"]
        assert len(backend.violations(task_id)) == 3
