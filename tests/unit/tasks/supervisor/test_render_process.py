"""The process of a browser worker, as a real process."""

import asyncio
import json
import sys

import pytest

from app.core.config import Settings
from app.core.ids import new_id
from app.scanstore.renders import RenderOutcome
from app.tasks import process_tree
from app.tasks.process_start import ProcessNotStarted
from app.tasks.render_protocol import page_line
from app.tasks.supervisor.render_process import RenderProcess
from tests.support.realtime import until

HOLDER = f"mark-{new_id()}"
READS = "import sys, os; line = sys.stdin.readline(); print('tick', flush=True); "


def process(program, **options):
    command = (sys.executable, "-c", program)
    options = {"on_page": lambda _: None, **options}
    return RenderProcess(settings=Settings(log_level="INFO"), holder=HOLDER, command=command, **options)


async def test_it_gets_its_order_and_its_code_is_returned(tmp_path):
    told = tmp_path / "order"
    assert await process(f"{READS}open({str(told)!r}, 'w').write(line); sys.exit(7)").run() == 7
    order = json.loads(told.read_text())
    assert order["holder"] == HOLDER
    assert order["settings"]["log_level"] == "INFO"
    assert "secret_key" not in order["settings"]


async def test_what_came_of_pages_is_told_up_to_the_last_line():
    pages, told = [RenderOutcome.RENDERED, RenderOutcome.SLOW], []
    written = b"".join(map(page_line, pages)).decode()
    assert await process(f"{READS}sys.stdout.write({written!r})", on_page=told.append).run() == 0
    assert told == pages


async def test_its_input_ends_when_it_is_to_stop():
    running = process(f"{READS}sys.stdin.read(); sys.exit(3)")
    code = asyncio.create_task(running.run())
    async with asyncio.timeout(20):
        while not process_tree.members(HOLDER):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.01)
        running.close_input()
        assert await code == 3


async def test_one_that_was_stopped_before_it_began_ends_too():
    running = process(f"{READS}sys.stdin.read(); sys.exit(3)")
    running.close_input()
    async with asyncio.timeout(20):
        assert await running.run() == 3


async def test_a_silent_one_is_killed_with_all_that_it_started():
    program = (
        f"{READS}import subprocess, time; subprocess.Popen(['sleep', '600'], start_new_session=True); time.sleep(600)"
    )
    async with asyncio.timeout(20):
        assert await process(program, silence_s=1.0).run() == -9
    await until(lambda: process_tree.members(HOLDER) == [], timeout_s=30)  # what was killed takes a moment to be gone


async def test_a_process_that_the_system_refuses_is_told(tmp_path):
    nothing = (str(tmp_path / "nothing"),)
    running = RenderProcess(settings=Settings(), holder=HOLDER, on_page=lambda _: None, command=nothing)
    with pytest.raises(ProcessNotStarted):
        await running.run()
