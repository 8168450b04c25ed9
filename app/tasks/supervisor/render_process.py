"""The process in which a browser worker renders, as the worker sees it: started, listened to, ended."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from app.core.config import Settings
from app.scanstore.renders import RenderOutcome
from app.tasks import process_tree
from app.tasks.process_start import ExecutingStarter, ProcessStarter, StartedProcess, command_of
from app.tasks.render_protocol import read_page_line, render_order

MODULE: Final = "app.tasks.rendering.main"
COMMAND: Final = command_of(MODULE)
SILENCE_S: Final = 60.0  # of a process that ticks each second; its event loop never hangs as long as a scan's may
log = structlog.get_logger(__name__)


class RenderProcess:
    """`run` once; the other calls at any time. Event loop only. `on_page` is told what came of each page."""

    def __init__(
        self,
        *,
        settings: Settings,
        holder: str,
        on_page: Callable[[RenderOutcome], None],
        silence_s: float = SILENCE_S,
        command: tuple[str, ...] = COMMAND,
        starter: ProcessStarter | None = None,
    ) -> None:
        """`starter` starts the process; None: it is executed."""
        self._settings = settings
        self._holder = holder
        self._on_page = on_page
        self._silence_s = silence_s
        self._command = command
        self._starter = starter or ExecutingStarter()
        self._process: StartedProcess | None = None
        self._stopped = False  # `close_input` was called

    async def run(self) -> int:
        """Start the process, and return its exit code when it and its browser are gone. A silent one is killed.

        Raises ProcessNotStarted.
        """
        self._process = process = await self._starter.start(self._command, mark=self._holder)
        log.info("render_process_started", holder=self._holder, pid=process.pid)
        try:
            process.stdin.write(render_order(self._settings, self._holder))  # some kilobytes: what a pipe holds
            if self._stopped:
                self.close_input()
            await self._listen(process)
            code = await process.wait()
        finally:
            self.kill()
            process.close()
        log.info("render_process_ended", holder=self._holder, code=code)
        return code

    async def _listen(self, process: StartedProcess) -> None:
        try:
            while line := await asyncio.wait_for(process.stdout.readline(), self._silence_s):
                if (outcome := read_page_line(line)) is not None:
                    self._on_page(outcome)
        except TimeoutError:
            log.warning("render_process_silent", holder=self._holder)
            self.kill()

    def close_input(self) -> None:
        """Have it give back what it holds, and end."""
        self._stopped = True
        if self._process is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """End the process and everything that carries its mark, at once."""
        if self._process is not None:
            self._process.kill_group()
        process_tree.kill(self._holder)
