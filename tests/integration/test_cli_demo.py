"""The demo's part beside the server, and what it looks through, on a small site."""

import asyncio
import io

from rich.console import Console

from app.cli.demo import Demo
from app.domain.messages import MessageCatalog
from app.server import serve
from tests.support.backend import make_settings
from tests.support.realtime import until
from tests.support.small_world import TARGET, small_world


def demo_of(*, once):
    return Demo(TARGET, "the password", Console(file=io.StringIO(), width=140), MessageCatalog("en"), once=once)


async def test_it_introduces_itself_scans_reports_and_stays_until_it_is_ended(tmp_path):
    async with small_world() as world:
        world.delay_s = 0.0
        settings = make_settings(tmp_path, port=0, ct_urls=(), chromium_path="/nowhere", **world.settings)
        async with serve(settings) as (serving, _):
            once = demo_of(once=True)
            assert once.code == 130  # as long as it has not ended
            async with asyncio.timeout(200):
                await once.run(serving)
            shown = once.console.file.getvalue()
            assert once.code == 0
            for text in (serving.url, "admin", "the password", f"{TARGET}: completed after", "Findings (2)"):
                assert text in shown
            assert "Ctrl-C" not in shown

            staying = demo_of(once=False)
            running = asyncio.create_task(staying.run(serving))
            await until(lambda: "Press Ctrl-C to stop" in staying.console.file.getvalue(), timeout_s=200)
            assert not running.done()
            running.cancel()
            await asyncio.wait([running])
            assert staying.code == 0
