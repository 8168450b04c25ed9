"""A machine that gives the browser of a scan next to nothing: the scan ends when its pictures are worth no more time,
and says how many it left out.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.engines.pipeline.capture.renderings import END_S
from app.engines.pipeline.time_budget import BROWSER_MIN_S
from tests.support.chromium import chromium_processes
from tests.support.said import said
from tests.support.scan_backend import assert_sound, scan_backend
from tests.support.small_world import FILLER, TARGET, html, small_world

HOSTS = [f"page{number}.{TARGET}" for number in range(1, 7)]  # a start page each: worth a picture
PICTURE = "http://pictures.example/1.png"  # which nobody but a browser asks for
RUN_S, STAND_S = 0.02, 1.0  # a fiftieth of the processor for all of the browser
OTHERWISE_S = 60.0  # for all that is not the browser, and the end of the processes, on a machine that is busy


@asynccontextmanager
async def starving(scan_pid: int) -> AsyncIterator[None]:
    """What the scan's browser consists of, also what comes later, stands still for nearly all of the time."""

    def tell(number: int) -> None:
        for pid, _ in chromium_processes(scan_pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def starve() -> None:
        while True:
            tell(signal.SIGSTOP)
            await asyncio.sleep(STAND_S)
            tell(signal.SIGCONT)
            await asyncio.sleep(RUN_S)

    task = asyncio.create_task(starve())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        tell(signal.SIGCONT)


async def test_a_scan_whose_browser_gets_nothing_done_ends_and_says_what_it_left_out(tmp_path):
    pages = {(host, "/"): html(host, f"<p>{FILLER}{host}</p><img src='{PICTURE}'>") for host in HOSTS}
    links = "".join(f'<a href="http://{host}/">{host}</a>' for host in HOSTS)
    more = {
        **pages,
        (TARGET, "/"): html("主页", FILLER + links),
        ("pictures.example", "/"): html("图片", "<p>图片</p>"),
    }
    async with small_world(more) as world, scan_backend(tmp_path, **world.settings) as backend:
        world.silent.add("/1.png")
        task_id = await backend.create(screenshots=True)
        async with asyncio.timeout(120):
            while PICTURE not in world.requests:  # noqa: ASYNC110 - a list
                await asyncio.sleep(0.02)
        async with starving(backend.scan_pid(task_id)):
            row = await backend.finished(task_id, within_s=BROWSER_MIN_S + END_S + OTHERWISE_S)
            await backend.gone(task_id, within_s=OTHERWISE_S)
        assert row.status == "completed", row.error
        warnings = [event.payload() for event in backend.events(task_id) if event.type == "task_warning"]
        (late,) = [warning for warning in warnings if warning["text_key"] == "no_picture"]
        assert late["params"]["count"] > len(HOSTS) // 2  # one or two may have had time enough
        assert late["message"] == said("no_picture", count=late["params"]["count"], violating=0)
        assert_sound(backend, task_id)
