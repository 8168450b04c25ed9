"""The real Chromium on a machine that has no processor to spare: a page is not left out for what others compute.

Nothing here is timed: what the page waits for comes only when its time has been seen to grow, and the processor is free
again from then on.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.engines.capture.render_limit import RenderLimit
from tests.support.realtime import until
from tests.system.test_browser import browsing, command_lines
from tests.unit.engines.net.servers import http_server, response

pytestmark = pytest.mark.system
LOOPS = 6  # beside the page, on its processor
LIMIT_S = 5.0
# It works: next to nothing of its time is spent in waiting for answers.
WORKING = """<title>working</title><script>
for (let answer = ''; answer !== 'go';) {
    for (const end = performance.now() + 100; performance.now() < end;);
    const request = new XMLHttpRequest();
    request.open('GET', '/go', false);
    request.send();
    answer = request.responseText;
}
document.title = 'done';
</script>"""


class Site:
    """A page that works until it is told that it may end."""

    def __init__(self):
        self.asked = 0
        self.answer = "on"

    async def __call__(self, head, writer):
        if head.split()[1] == b"/go":
            self.asked += 1
            writer.write(response(self.answer.encode(), Content_Type="text/plain"))
        else:
            writer.write(response(WORKING.encode(), Content_Type="text/html; charset=utf-8"))


@contextlib.contextmanager
def busy_processor(processor):
    """Loops that leave a process there its share alone; each in a session of its own, by which Linux schedules."""
    loop = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
    loops = [
        subprocess.Popen([sys.executable, "-c", loop, str(processor)], start_new_session=True) for _ in range(LOOPS)
    ]
    try:
        yield
    finally:
        for process in loops:
            process.kill()
            process.wait()


def pin_renderers(browser, processors):
    for pid, line in command_lines(browser).items():
        if b"--type=renderer" in line:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(int(thread.name), processors)


async def test_a_page_that_got_no_processor_is_rendered_when_there_is_one_again():
    allowed = os.sched_getaffinity(0)
    site, limit = Site(), RenderLimit(LIMIT_S)
    async with http_server(site) as server, browsing(port_map={80: server.port}) as browser:
        rendering = asyncio.create_task(browser.render("http://www.test/", limit=limit))
        await until(lambda: site.asked)
        with busy_processor(min(allowed)):
            pin_renderers(browser, {min(allowed)})
            await until(lambda: limit.given_back_s or rendering.done(), timeout_s=60)
        pin_renderers(browser, allowed)
        site.answer = "go"
        assert (await rendering).title == "done"
    assert limit.given_back_s > 0
