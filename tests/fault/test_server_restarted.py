"""The server dies or stops during a scan, and a new one finds what was running."""

import os
import signal
from pathlib import Path

from app.core.config import Settings
from app.scanstore.files import store_path
from app.scanstore.reader import SqliteScanReader
from tests.support.scan_backend import CALM, FAST, ScanBackend, assert_sound, exists, is_type, scan_backend, stage_runs
from tests.support.small_world import REFERRING_PAGE


def looking_at(data_dir, world):
    """The database of a server that runs elsewhere; its runner and monitor are not started."""
    return ScanBackend(Settings(data_dir=data_dir, **{**CALM, **world.settings}))


def scan_pid_of(backend, task_id):
    """The one that was started by none of the others."""
    pids = backend.processes(task_id)
    return next(pid for pid in pids if parent_of(pid) not in pids)


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_after_a_kill_of_the_server_the_scan_ends_itself_and_the_next_server_goes_on(world, run_server, tmp_path):
    async with run_server(tmp_path, **world.settings) as server:
        backend = looking_at(tmp_path, world)
        task_id = await backend.create(cloaking=False)  # which asks for some pages once more, as other visitors
        await backend.until(task_id, is_type("violation_detected"))
        server.kill()
        await server.wait()
        await backend.gone(task_id)
    row = backend.row(task_id)
    assert (row.status, row.attempt) == ("running", 1)
    with SqliteScanReader(store_path(tmp_path, task_id, 1)) as reader:
        kept = {page.url for page in reader.pages()[0] if "/p/" in page.url}
    world.requests.clear()
    async with scan_backend(tmp_path, **world.settings) as restarted:
        row = await restarted.finished(task_id)
        assert (row.status, row.attempt, row.requeues) == ("completed", 2, 0)
        assert_sound(restarted, task_id)
        assert len(restarted.violations(task_id)) == 3
    again = kept & set(world.requests)
    assert again <= {REFERRING_PAGE}  # it is captured besides, as evidence


async def test_an_orphan_that_does_not_let_go_of_its_store_is_killed(world, run_server, tmp_path):
    async with run_server(tmp_path, **world.settings) as server:
        backend = looking_at(tmp_path, world)
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        orphan = scan_pid_of(backend, task_id)
        os.kill(orphan, signal.SIGSTOP)
        server.kill()
        await server.wait()
    assert exists(orphan)
    async with scan_backend(tmp_path, **FAST, **world.settings) as restarted:
        row = await restarted.finished(task_id)
        assert not exists(orphan)
        assert (row.status, row.attempt, row.requeues) == ("completed", 2, 0)
        assert_sound(restarted, task_id)


async def test_a_server_that_stops_leaves_a_checkpoint_and_no_process(world, tmp_path):
    async with scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create()
        await backend.until(task_id, is_type("violation_detected"))
    assert backend.processes(task_id) == []
    assert backend.row(task_id).status == "running"
    async with scan_backend(tmp_path, **world.settings) as restarted:
        row = await restarted.finished(task_id)
        assert (row.status, row.attempt, row.requeues) == ("completed", 2, 0)
        assert_sound(restarted, task_id)


async def test_a_cancel_outlives_the_server(world, run_server, tmp_path):
    async with run_server(tmp_path, **world.settings) as server:
        backend = looking_at(tmp_path, world)
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        await backend.freeze_between_transactions(scan_pid_of(backend, task_id))
        await backend.cancel(task_id)
        server.kill()
        await server.wait()
    async with scan_backend(tmp_path, **FAST, **world.settings) as restarted:
        assert (await restarted.finished(task_id)).status == "cancelled"
        assert_sound(restarted, task_id)
        await restarted.gone(task_id)
