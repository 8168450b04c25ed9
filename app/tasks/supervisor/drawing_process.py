"""The process in which a browser worker draws, as the worker sees it: started, listened to, ended."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from app.core.config import Settings
from app.scanstore.drawings import DrawingOutcome
from app.tasks import process_tree
from app.tasks.drawing_protocol import drawing_order, read_page_line
from app.tasks.supervisor.worker_handle import ProcessNotStarted

COMMAND: Final = (sys.executable, "-P", "-m", "app.tasks.drawing.main")  # -P: never an `app` of the current folder
SILENCE_S: Final = 60.0  # of a process that ticks each second; its event loop never hangs as long as a scan's may
log = structlog.get_logger(__name__)


class DrawingProcess:
    """`run` once; the other calls at any time. Event loop only. `on_page` is told what came of each page."""

    def __init__(
        self,
        *,
        settings: Settings,
        holder: str,
        on_page: Callable[[DrawingOutcome], None],
        silence_s: float = SILENCE_S,
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self._settings = settings
        self._holder = holder
        self._on_page = on_page
        self._silence_s = silence_s
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._stopped = False  # `close_input` was called

    async def run(self) -> int:
        """Start the process, and return its exit code when it and its browser are gone. A silent one is killed.

        Raises ProcessNotStarted.
        """
        self._process = process = await self._start()
        log.info("drawing_process_started", holder=self._holder, pid=process.pid)
        try:
            assert process.stdin is not None  # asked for
            process.stdin.write(drawing_order(self._settings, self._holder))  # some kilobytes: what a pipe holds
            if self._stopped:
                self.close_input()
            await self._listen(process)
            code = await process.wait()
        finally:
            self.kill()
        log.info("drawing_process_ended", holder=self._holder, code=code)
        return code

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=process_tree.environment(self._holder, os.environ),
                start_new_session=True,  # Ctrl-C of the terminal is the worker's alone
            )
        except OSError as error:
            raise ProcessNotStarted(str(error)) from error

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # asked for
        try:
            while line := await asyncio.wait_for(process.stdout.readline(), self._silence_s):
                if (outcome := read_page_line(line)) is not None:
                    self._on_page(outcome)
        except TimeoutError:
            log.warning("drawing_process_silent", holder=self._holder)
            self.kill()

    def close_input(self) -> None:
        """Have it give back what it holds, and end."""
        self._stopped = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """End the process and everything that carries its mark, at once."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process_tree.kill(self._holder)
