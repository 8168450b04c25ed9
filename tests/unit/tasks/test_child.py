import asyncio
import sys
import time

import orjson

from app.core.config import SECRETS, Settings
from app.core.ids import new_id
from app.events.bus.base import TaskHint
from app.tasks import child as module
from app.tasks.child import Child, order_line
from app.tasks.pipe import encode_hint
from app.tasks.process import read_order
from app.tasks.scan_job import JobSpec

SPEC = JobSpec("01a2", 1, 1, "worker", "corp.example", {"max_pages": 3})


def make_child(monkeypatch, code):
    monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", code))
    spec = JobSpec(new_id(), 1, 1, "worker", "corp.example", {})
    return Child(spec=spec, settings=Settings(), monotonic=time.monotonic)


def test_the_order_carries_the_job_and_the_settings_and_no_secret(tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        secret_key="s" * 40,
        secret_key_previous="p" * 40,
        metrics_token="m" * 40,
        admin_password="hunter22",
        language="en",
        ct_urls="http://ct.example/",
    )
    line = order_line(SPEC, settings)
    assert b"hunter22" not in line
    assert b"ssss" not in line
    spec, received = read_order(line)
    assert spec == SPEC
    assert b"***" not in line
    assert received == settings.model_copy(update=dict.fromkeys(SECRETS))


async def test_hints_are_passed_on_and_the_exit_code_comes_back(monkeypatch):
    hint = TaskHint("t", "u", 3, "running")
    child = make_child(
        monkeypatch, f"import sys; sys.stdout.buffer.write({encode_hint(hint)!r} + b'noise\\n'); sys.exit(3)"
    )
    heard, seen = child.heard_at, []
    assert await child.run(seen.append) == 3
    assert seen == [hint]
    assert child.heard_at > heard


async def test_the_process_knows_nothing_of_our_environment_that_is_not_allowed(monkeypatch, tmp_path):
    monkeypatch.setenv("CLOUD_SECRET_KEY", "x")
    child = make_child(
        monkeypatch, f"import os, pathlib; pathlib.Path({str(tmp_path / 'seen')!r}).write_text(str(dict(os.environ)))"
    )
    await child.run(lambda _: None)
    seen = (tmp_path / "seen").read_text()
    assert "PATH" in seen
    assert "CLOUD_SECRET_KEY" not in seen


async def test_it_is_told_once_to_cancel_also_when_that_came_before_the_start(monkeypatch):
    child = make_child(monkeypatch, "import sys; sys.stdin.readline(); print(sys.stdin.readline(), end='', flush=True)")
    lines = []
    child.cancel()
    child.cancel()
    monkeypatch.setattr(module, "decode_hint", lines.append)
    assert await child.run(lambda _: None) == 0
    assert [orjson.loads(line) for line in lines] == [{"command": "cancel"}]


async def test_it_is_told_that_somebody_watches_also_when_that_was_before_the_start(monkeypatch):
    child = make_child(monkeypatch, "import sys; sys.stdin.readline(); print(sys.stdin.readline(), end='', flush=True)")
    lines = []
    child.set_watched(watched=False)
    child.set_watched(watched=True)
    monkeypatch.setattr(module, "decode_hint", lines.append)
    assert await child.run(lambda _: None) == 0
    assert [orjson.loads(line) for line in lines] == [{"command": "watched", "value": True}]


async def test_letting_go_before_the_start_ends_the_input_right_after_the_order(monkeypatch):
    child = make_child(monkeypatch, "import sys; sys.exit(len(sys.stdin.readlines()))")
    child.let_go()
    assert await child.run(lambda _: None) == 1
    child.cancel()  # too late, and harmless
    child.kill()


async def test_a_kill_ends_the_process_and_what_it_started(monkeypatch):
    child = make_child(
        monkeypatch,
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], "
        "start_new_session=True); print(flush=True); time.sleep(60)",
    )
    started = asyncio.Event()
    monkeypatch.setattr(module, "decode_hint", lambda _: started.set())
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        code = group.create_task(child.run(lambda _: None))
        await started.wait()
        child.kill()
    assert code.result() == -9
    async with asyncio.timeout(5):
        while module.family.members(child.mark):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.01)


async def test_a_kill_that_comes_before_the_start_counts(monkeypatch):
    child = make_child(monkeypatch, "import time; time.sleep(60)")
    child.kill()
    async with asyncio.timeout(10):
        assert await child.run(lambda _: None) == -9
