import asyncio
import sys
import time

import orjson

from app.core.config import Settings
from app.core.ids import new_id
from app.events.bus.base import TaskHint
from app.tasks.process_protocol import BROWSER_LINE, JobSpec, encode_hint
from app.tasks.supervisor import worker_handle as module
from app.tasks.supervisor.worker_handle import WorkerHandle


def make_child(monkeypatch, code):
    monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", code))
    spec = JobSpec(new_id(), 1, 1, "worker", "corp.example", {})
    return WorkerHandle(spec=spec, settings=Settings(), monotonic=time.monotonic)


async def test_hints_are_passed_on_and_the_exit_code_comes_back(monkeypatch):
    hint = TaskHint("t", "u", 3, "running")
    worker = make_child(
        monkeypatch, f"import sys; sys.stdout.buffer.write({encode_hint(hint)!r} + b'noise\\n'); sys.exit(3)"
    )
    heard, seen = worker.heard_at, []
    assert await worker.run(seen.append) == 3
    assert seen == [hint]
    assert worker.heard_at > heard


async def test_it_is_told_that_pages_wait_for_a_browser_worker(monkeypatch):
    worker = make_child(monkeypatch, f"import sys; sys.stdout.buffer.write({BROWSER_LINE * 2!r})")
    hints, asked = [], []
    await worker.run(hints.append, lambda: asked.append("browser"))
    assert (hints, asked) == ([], ["browser"] * 2)


async def test_the_process_knows_nothing_of_our_environment_that_is_not_allowed(monkeypatch, tmp_path):
    monkeypatch.setenv("CLOUD_SECRET_KEY", "x")
    worker = make_child(
        monkeypatch, f"import os, pathlib; pathlib.Path({str(tmp_path / 'seen')!r}).write_text(str(dict(os.environ)))"
    )
    await worker.run(lambda _: None)
    seen = (tmp_path / "seen").read_text()
    assert "PATH" in seen
    assert "CLOUD_SECRET_KEY" not in seen


async def test_it_is_told_once_to_cancel_also_when_that_came_before_the_start(monkeypatch):
    worker = make_child(
        monkeypatch, "import sys; sys.stdin.readline(); print(sys.stdin.readline(), end='', flush=True)"
    )
    lines = []
    worker.cancel()
    worker.cancel()
    monkeypatch.setattr(module, "decode_hint", lines.append)
    assert await worker.run(lambda _: None) == 0
    assert [orjson.loads(line) for line in lines] == [{"command": "cancel"}]


async def test_it_is_told_that_somebody_watches_also_when_that_was_before_the_start(monkeypatch):
    worker = make_child(
        monkeypatch, "import sys; sys.stdin.readline(); print(sys.stdin.readline(), end='', flush=True)"
    )
    lines = []
    worker.set_watched(watched=False)
    worker.set_watched(watched=True)
    monkeypatch.setattr(module, "decode_hint", lines.append)
    assert await worker.run(lambda _: None) == 0
    assert [orjson.loads(line) for line in lines] == [{"command": "watched", "value": True}]


async def test_letting_go_before_the_start_ends_the_input_right_after_the_order(monkeypatch):
    worker = make_child(monkeypatch, "import sys; sys.exit(len(sys.stdin.readlines()))")
    worker.close_input()
    assert await worker.run(lambda _: None) == 1
    worker.cancel()  # too late, and harmless
    worker.kill()


async def test_a_kill_ends_the_process_and_what_it_started(monkeypatch):
    worker = make_child(
        monkeypatch,
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], "
        "start_new_session=True); print(flush=True); time.sleep(60)",
    )
    started = asyncio.Event()
    monkeypatch.setattr(module, "decode_hint", lambda _: started.set())
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        code = group.create_task(worker.run(lambda _: None))
        await started.wait()
        worker.kill()
    assert code.result() == -9
    async with asyncio.timeout(30):
        while module.process_tree.members(worker.mark):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.01)


async def test_a_kill_that_comes_before_the_start_counts(monkeypatch):
    worker = make_child(monkeypatch, "import time; time.sleep(60)")
    worker.kill()
    async with asyncio.timeout(30):
        assert await worker.run(lambda _: None) == -9
