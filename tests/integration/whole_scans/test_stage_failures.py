"""A real stage that raises inside the real executor: the attempt fails once, and nothing of the scan is left."""

import asyncio
from functools import partial

import pytest

from app.captures.folder import FolderStorage
from app.core.config import Settings
from app.core.logging import configure_logging
from app.domain.third_parties import PartyCoverage
from app.events.log import read_after
from app.scanstore.files import store_path
from app.scanstore.lock import lock_holder
from app.scanstore.scan_folder import ScanFile
from app.scanstore.sqlite import SqliteScanStore
from app.tasks.process_protocol import JobSpec
from app.tasks.sink.writer import RetryingWriter
from app.tasks.worker.heartbeat import WorkerHeartbeat
from app.tasks.worker.loop_watchdog import LoopWatchdog
from app.tasks.worker.scan_factory import ScanFactory
from app.tasks.worker.scan_job import JobOutcome, ScanJob
from app.tasks.worker.store_lease import StoreLease
from tests.support.logs import forget_logging
from tests.support.realtime import Stack
from tests.support.small_world import TARGET, small_world
from tests.support.violations import assess_unseen

SECRET = "/srv/secret/path"
STEPS = {
    "subdomain_discovery": "put_host",
    "page_crawl": "add_page",
    "third_party": "put_third_party",
    "content_capture": "put_capture",
}


def break_at(step):
    """A scan's store of which one step fails as no code of ours expects it to."""

    def fail(*_arguments):
        raise RuntimeError(SECRET)

    return type("BrokenStore", (SqliteScanStore,), {step: fail})


@pytest.mark.parametrize("stage", STEPS)
async def test_a_stage_that_raises_fails_the_attempt_once_and_leaves_nothing(stage, tmp_path, capsys):
    configure_logging("WARNING")
    async with small_world() as world:
        world.delay_s = 0.01
        stack = Stack(tmp_path, **world.settings)
        settings = Settings(data_dir=tmp_path, language="en", **world.settings)
        user = stack.add_user("a")
        task = await stack.add_task(user, running=False)
        path = store_path(tmp_path, task, 1)
        path.parent.mkdir()
        writer = RetryingWriter(stack.event_writer)
        before = asyncio.all_tasks()
        options = {"use_passive_sources": False, "screenshots": False}
        job = ScanJob(
            spec=JobSpec(task, 1, 1, "worker", TARGET, options),
            db=stack.db,
            writer=writer,
            lifecycle=stack.lifecycle,
            texts=stack.texts,
            clock=stack.clock,
            lease=StoreLease(ScanFile(path, break_at(STEPS[stage])), stack.clock),
            make_scan=ScanFactory(settings, FolderStorage(settings.data_dir / "captures")),
            assess=assess_unseen,
            read_parties=PartyCoverage,
            make_heartbeat=partial(WorkerHeartbeat, db=stack.db, watchdog=LoopWatchdog(), interval_s=0.2),
            log_lines_per_s=200,
            log_max_bytes=1 << 20,
        )
        async with asyncio.timeout(200):
            assert await job.run() is JobOutcome.FAILED
        writer.close()
        events = await stack.db.read(lambda c: read_after(c, task, 0, limit=10_000))
        assert asyncio.all_tasks() == before
        assert lock_holder(path) is None
        await stack.db.close()
    forget_logging()
    kinds = [event.type for event in events]
    assert kinds[-2:] == ["task_error", "task_completed"]
    assert (kinds.count("task_error"), kinds.count("task_completed")) == (1, 1)
    error, completed = (event.payload() for event in events[-2:])
    assert (error["code"], error["retryable"], completed["status"]) == ("internal", True, "failed")
    assert not [event for event in events if SECRET in event.body]
    assert capsys.readouterr().err.count("scan_failed") == 1
