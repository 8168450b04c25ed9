"""Scans whose processes are forked, and what becomes of them when the fork server dies, freezes or loses its server."""

import contextlib
import os
import signal
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from app.cli.in_process import follow, local_admin
from app.compose.services import build_services
from app.core.config import Settings
from app.domain.messages import MessageCatalog
from app.domain.scan_options import ScanOptions
from app.tasks import process_tree
from app.tasks.fork_server.client import ForkServer
from app.tasks.fork_server.starter import EXECUTED, FORKED, ForkingStarter
from app.tasks.supervisor import worker_handle
from app.tasks.worker.priority import NICE
from tests.support.backend import cheap_passwords
from tests.support.realtime import until
from tests.support.scan_backend import (
    CALM,
    ScanBackend,
    assert_sound,
    cancel_in_time,
    exists,
    is_type,
    scan_backend,
    stage_runs,
)
from tests.support.small_world import TARGET

ANSWER_LIMIT_S = 1.0  # of a server that is frozen
PATIENCE_S = 60.0  # with any other, however busy the machine is


@contextlib.asynccontextmanager
async def backend_with_fork_server(tmp_path, world, ways, **settings):
    """A server whose fork server is its own, as the product has it."""
    starter = ForkingStarter(
        (worker_handle.MODULE,),
        count=lambda way: ways.update([way]),
        make_server=lambda modules: ForkServer(modules, answer_limit_s=PATIENCE_S),
    )
    async with scan_backend(tmp_path, **settings, **world.settings) as backend:
        backend.starter = backend.runner.starter = starter
        yield backend


def freeze_fork_server(backend):
    """Return its process id."""
    server = backend.starter._server
    server._answer_limit_s = ANSWER_LIMIT_S
    os.kill(server.pid, signal.SIGSTOP)
    return server.pid


@pytest.fixture
def ways():
    """How processes were started."""
    return Counter()


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def parent_of(pid):
    return int(status_of(pid)["PPid"])


def arguments_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")


def environment_of(pid):
    return Path(f"/proc/{pid}/environ").read_text()


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_a_scan_is_forked_and_so_are_its_parsers(world, tmp_path, ways, monkeypatch):
    monkeypatch.setenv("CLOUD_SECRET_KEY", "x")
    world.delay_s = 0.5  # the scan is at work until all has been looked at
    async with backend_with_fork_server(tmp_path, world, ways) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        scan, server = backend.scan_pid(task_id), backend.starter.server_pid
        await until(lambda: children_of(scan), timeout_s=90)  # parsers start with the first page
        assert parent_of(scan) == server
        assert arguments_of(scan)[-3:] == ["-P", "-m", "app.tasks.worker.main"]
        assert os.getsid(scan) == scan
        members = process_tree.members(process_tree.mark_of(task_id, 1))
        parsers = next(pid for pid in members if parent_of(pid) == scan)
        assert status_of(parsers)["Name"] == "parsers"
        assert os.getsid(parsers) == parsers
        assert (
            os.getpriority(os.PRIO_PROCESS, parsers)
            == os.getpriority(os.PRIO_PROCESS, scan)
            == min(os.nice(0) + NICE, 19)
        )
        assert server not in members
        assert not any("CLOUD_SECRET_KEY" in environment_of(pid) for pid in (server, *members))
        world.delay_s = 0.02
        row = await backend.finished(task_id)
        assert (row.status, row.attempt) == ("completed", 1)
        assert_sound(backend, task_id)
        await backend.gone(task_id)
        assert exists(server)
    assert not exists(server)
    assert ways == {FORKED: 1}


async def test_a_scan_goes_on_when_the_fork_server_is_killed_and_its_end_is_noticed(world, tmp_path, ways):
    async with backend_with_fork_server(tmp_path, world, ways) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        os.kill(backend.starter.server_pid, signal.SIGKILL)
        row = await backend.finished(task_id)
        assert (row.status, row.attempt) == ("completed", 1)
        assert_sound(backend, task_id)
        await until(lambda: not backend.runner._workers)
        await backend.gone(task_id)
        again = await backend.create()
        assert (await backend.finished(again)).status == "completed"
    assert ways == {FORKED: 2}


async def test_a_scan_that_is_killed_without_its_fork_server_goes_on_from_its_checkpoint(world, tmp_path, ways):
    async with backend_with_fork_server(tmp_path, world, ways) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        os.kill(backend.starter.server_pid, signal.SIGKILL)
        os.kill(backend.scan_pid(task_id), signal.SIGKILL)
        row = await backend.finished(task_id)
        assert (row.status, row.attempt) == ("completed", 2)
        assert_sound(backend, task_id)


async def test_a_frozen_fork_server_delays_a_scan_by_its_limit_alone(world, tmp_path, ways):
    async with backend_with_fork_server(tmp_path, world, ways) as backend:
        await backend.finished(await backend.create())
        frozen = freeze_fork_server(backend)
        task_id, began = await backend.create(), time.monotonic()
        await backend.until(task_id, is_type("task_started"))
        assert time.monotonic() - began > ANSWER_LIMIT_S
        assert (await backend.finished(task_id)).status == "completed"
        await until(lambda: not exists(frozen))
    assert ways == {FORKED: 1, EXECUTED: 1}


async def test_a_cancel_ends_a_scan_in_time_though_its_fork_server_is_frozen(world, tmp_path, ways):
    async with backend_with_fork_server(tmp_path, world, ways) as backend:
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        freeze_fork_server(backend)
        await cancel_in_time(backend, task_id)
        await until(lambda: not backend.runner._workers)


async def test_a_server_as_it_is_put_together_forks_its_scans_and_counts_that(world, tmp_path):
    services = build_services(Settings(data_dir=tmp_path, **world.settings), passwords=cheap_passwords())
    await services.start()
    try:
        admin = await local_admin(services, MessageCatalog("en"))
        task = await services.scans.create(admin, TARGET, ScanOptions(use_passive_sources=False, screenshots=False))
        async for event in follow(services, task["id"]):
            if event.type == "task_completed":
                break
    finally:
        await services.stop()
    started = partial(services.metrics.registry.get_sample_value, "scan_process_starts_total")
    assert (started({"way": "forked"}), started({"way": "executed"})) == (1, None)


async def test_the_fork_server_ends_with_a_server_that_was_killed(world, run_server, tmp_path):
    async with run_server(tmp_path, **world.settings) as server:
        backend = ScanBackend(Settings(data_dir=tmp_path, **CALM, **world.settings))  # looks on
        task_id = await backend.create()
        await backend.until(task_id, stage_runs("page_crawl"))
        (forker,) = [pid for pid in children_of(server.pid) if "app.tasks.fork_server.main" in arguments_of(pid)]
        server.kill()
        await server.wait()
        await until(lambda: not exists(forker))
        await backend.gone(task_id)
    assert (backend.row(task_id).status, backend.row(task_id).attempt) == ("running", 1)
