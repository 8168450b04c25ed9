import asyncio
import gc
import os
import signal
import sys

import pytest

from app.tasks import process_tree
from app.tasks.process_start import ExecutingStarter, ProcessNotStarted, command_of


async def test_a_program_has_pipes_a_session_and_what_is_allowed_of_our_environment(monkeypatch):
    monkeypatch.setenv("CLOUD_SECRET_KEY", "x")
    code = "import os; print(input(), os.getsid(0) == os.getpid(), sorted(os.environ)); raise SystemExit(4)"
    process = await ExecutingStarter().start((sys.executable, "-c", code), mark="task-1-1")
    process.stdin.write(b"heard\n")
    said = (await process.stdout.read()).decode()
    assert said.startswith("heard True")
    assert process_tree.MARK in said
    assert "CLOUD_SECRET_KEY" not in said
    assert await process.wait() == 4
    process.kill_group()  # too late, and harmless
    process.close()


async def test_it_is_killed_with_its_group():
    code = "import subprocess; print(subprocess.Popen(['sleep', '3600']).pid, flush=True); input()"
    process = await ExecutingStarter().start((sys.executable, "-c", code))
    other = int(await process.stdout.readline())
    assert os.getpgid(other) == process.pid
    process.kill_group()
    assert await process.wait() == -signal.SIGKILL
    assert await process.stdout.read() == b""  # the other one, which has the pipe too, is gone


def test_nothing_is_left_for_a_loop_that_is_closed(monkeypatch):
    """What it has started holds its output: asyncio would close the pipe when the transport is collected."""
    failures = []
    monkeypatch.setattr(sys, "unraisablehook", lambda failure: failures.append(str(failure.exc_value)))

    async def run() -> int:
        other = "subprocess.Popen(['sleep', '60'], start_new_session=True)"
        code = f"import subprocess; print({other}.pid, flush=True); input()"
        process = await ExecutingStarter().start((sys.executable, "-c", code))
        other = int(await process.stdout.readline())
        process.kill_group()
        process.close()
        async with asyncio.timeout(60):  # as long as a pipe is open asyncio ends no wait
            await process.wait()
        return other

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        other = runner.run(run())
    gc.collect()
    os.kill(other, signal.SIGKILL)
    assert failures == []


async def test_what_cannot_be_run_was_not_started():
    with pytest.raises(ProcessNotStarted):
        await ExecutingStarter().start(("/nowhere/program",))


async def test_there_is_nothing_to_let_go_of():
    starter = ExecutingStarter()
    await starter.close()
    process = await starter.start((sys.executable, "-c", ""))
    assert await process.wait() == 0


def test_our_modules_are_never_taken_from_the_current_folder():
    assert command_of("app.some.module") == (sys.executable, "-P", "-m", "app.some.module")
