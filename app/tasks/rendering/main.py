"""The process of a browser worker: `python -m app.tasks.rendering.main`, started by it when pages wait to be rendered.

What goes through stdin and stdout, and what the exit code says, stands in `tasks.render_protocol`. It ends when
nothing waits, when it has rendered enough, and when its parent is gone, with everything that it started.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NoReturn

import aiohttp
import structlog

from app.core.aio import report_briefly
from app.core.config import Settings
from app.core.file_permissions import set_private_umask
from app.core.logging import configure_logging
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.pipeline.network_stack import open_browser
from app.scanstore.postgres.stores import PostgresScanStores
from app.scanstore.renders import RenderOutcome
from app.tasks.network_settings import network_config
from app.tasks.render_protocol import EXIT_NO_BROWSER, page_line, read_render_order
from app.tasks.rendering.page_loop import PageLoop
from app.tasks.worker.loop_watchdog import LoopWatchdog
from app.tasks.worker.main import claim_stdout, end_after, kill_descendants, read_lines, run_and_leave
from app.tasks.worker.pipe_bus import PipeBus
from app.tasks.worker.priority import lower_priority

STOP_LIMIT_S: Final = 4.0  # for giving pages back and ending the browser
log = structlog.get_logger(__name__)


class RenderProcess:
    """Wires one page loop to the browser and the database, and ends it in time."""

    def __init__(self, *, settings: Settings, holder: str, orders: Iterator[bytes], pipe: int) -> None:
        self._settings = settings
        self._holder = holder
        self._orders = orders  # nothing more comes; it ends with the parent, or when the parent says stop
        self._watchdog = LoopWatchdog()
        self._pipe = PipeBus(descriptor=pipe, watchdog=self._watchdog, on_broken=self._stop)
        self._rendering: asyncio.Task[None] | None = None  # set by `run`
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> int:
        """Return the exit code."""
        self._loop = asyncio.get_running_loop()
        report_briefly(self._loop, aiohttp.ClientError)
        self._rendering = asyncio.create_task(self._render(), name="rendering")
        touching = asyncio.create_task(self._watchdog.keep_touching(), name="loop-watchdog")
        self._pipe.start()
        threading.Thread(target=self._listen, name="input", daemon=True).start()
        try:
            await asyncio.wait({self._rendering})
            return self._outcome(self._rendering)
        finally:
            touching.cancel()
            end_after(STOP_LIMIT_S)
            self._pipe.close(STOP_LIMIT_S / 2)

    async def _render(self) -> None:
        settings = self._settings
        stores = PostgresScanStores(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)
        async with open_browser(network_config(settings)) as browser:
            loop = PageLoop(leases=stores.leases, browser=browser, holder=self._holder, on_answered=self._tell_of_page)
            try:
                await loop.run()
            finally:
                log.info("render_ended", pages=loop.rendered)

    def _tell_of_page(self, outcome: RenderOutcome) -> None:
        self._pipe.send(page_line(outcome))

    @staticmethod
    def _outcome(rendering: asyncio.Task[None]) -> int:
        with suppress(asyncio.CancelledError):
            try:
                rendering.result()
            except BrowserUnavailable as error:
                log.error("browser_unavailable", reason=str(error.reason))  # noqa: TRY400 - a machine's state
                return EXIT_NO_BROWSER
        return 0

    def _listen(self) -> None:
        for _ in self._orders:
            continue
        self._stop()

    def _stop(self) -> None:
        """From any thread."""
        end_after(STOP_LIMIT_S)
        with suppress(RuntimeError):  # the loop is closed
            if self._loop is not None and self._rendering is not None:
                self._loop.call_soon_threadsafe(self._rendering.cancel)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):  # the worker's own; it ends us by closing stdin
        signal.signal(number, signal.SIG_IGN)
    set_private_umask()
    lower_priority()
    pipe = claim_stdout()
    lines = read_lines(sys.stdin.fileno())
    order = next(lines, None)
    if order is None:  # the parent was gone before it said anything
        return 0
    settings, holder = read_render_order(order)
    configure_logging(settings.log_level, settings.log_format)  # to stderr, redacted
    code = run_and_leave(RenderProcess(settings=settings, holder=holder, orders=lines, pipe=pipe).run())
    kill_descendants()
    return code


def run_process() -> NoReturn:
    """Run it to the end of the process."""
    code = main()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run_process()
