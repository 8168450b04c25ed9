"""A scan's process ends, whatever does not."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.clock import SystemClock
from app.core.config import Settings
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.event import NewEvent
from app.events.types import TaskWarning
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.scans.lifecycle import Lifecycle
from app.tasks.process_start import command_of
from app.tasks.sink.writer import RetryingWriter
from app.tasks.worker.main import BATCH_LOCK_TIMEOUT_S, open_databases
from tests.support.rows import add_user
from tests.support.violations import new_violation

ROOT = Path(__file__).parents[4]
SCRIPT = """
import asyncio, os, sys
from app.tasks.worker.main import run_and_leave

async def fails():
    try:
        await asyncio.sleep(3_600)
    except asyncio.CancelledError:
        raise RuntimeError("does not unwind") from None

async def stays():
    while True:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            continue

left = None  # nobody lets go of it

async def main():
    global left
    left = asyncio.create_task(globals()[sys.argv[1]]())
    await asyncio.sleep(0)
    left.cancel()
    return "done"

sys.stdout.write(run_and_leave(main()))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.parametrize("way", ["fails", "stays"])
def test_what_does_not_unwind_neither_holds_up_the_end_nor_makes_a_traceback(way):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, way], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done", "")


LOCKED_S = 4.0


@pytest.mark.parametrize(("module", "code"), [("app.tasks.worker.main", 3), ("app.tasks.rendering.main", 0)])
def test_a_process_whose_parent_was_gone_before_it_said_anything_ends_without_a_word(module, code):
    done = subprocess.run(
        [*command_of(module)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.system
async def test_a_table_that_somebody_has_locked_keeps_no_heartbeat_waiting(postgres_database, tmp_path):
    """A batch waits for the table with the task's row in its hand; the heartbeat needs that row."""
    address = SecretStr("redis://127.0.0.1:1/0")
    settings = Settings(data_dir=tmp_path, database_url=postgres_database, redis_url=address)
    db, heartbeat_db = open_databases(settings)
    clock = SystemClock()
    lifecycle = Lifecycle(clock=clock, texts=MessageCatalog("en"))
    events = EventWriter(db=db, bus=MemoryBus())
    user = add_user(db, clock, "mei")
    events.write_sync(lifecycle.create("task-1", user_id=user, target_domain="corp.example", config={}))
    events.write_sync(lifecycle.claim("task-1", 1, "worker", "corp.example"))
    recorder = Recorder(task_id="task-1", attempt=1, run=1, clock=clock)
    writer = RetryingWriter(events)
    beats = []

    def beat():
        began = time.monotonic()
        owned = heartbeat_db.write_sync(lambda c: recorder.heartbeat(c, 0.1))
        beats.append(time.monotonic() - began)
        assert owned is not None

    with db.engine.connect() as other:
        other.execute(text("LOCK TABLE violations IN SHARE MODE"))
        locked = time.monotonic()
        warning = NewEvent(TaskWarning(code="partial", message="m"))
        writing = asyncio.create_task(writer.write(recorder.record([warning], [new_violation()]), asyncio.Event()))
        while time.monotonic() < locked + LOCKED_S or len(beats) <= LOCKED_S:
            await asyncio.to_thread(beat)
            await asyncio.sleep(0.05)
        assert not writing.done()
        other.rollback()
    assert await writing is not None
    assert max(beats) < 4 * BATCH_LOCK_TIMEOUT_S < LOCKED_S  # as long as the lock is how long it would wait
    writer.close()
    for database in (db, heartbeat_db):
        await database.close()
