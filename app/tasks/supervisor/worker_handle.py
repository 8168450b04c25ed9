"""One scan's process as the server sees it: started, listened to, asked to cancel, ended."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from app.captures.location import storage_variables
from app.core.config import Settings
from app.domain.reading import Effect
from app.events.bus.base import TaskHint
from app.tasks import process_tree
from app.tasks.process_protocol import (
    BROWSER_LINE,
    CANCEL_LINE,
    MAX_LINE_BYTES,
    JobSpec,
    decode_hint,
    decode_verdicts,
    order_line,
    watched_line,
)

COMMAND: Final = (sys.executable, "-P", "-m", "app.tasks.worker.main")  # -P: never an `app` of the current folder
CountVerdicts = Callable[[Effect, int], None]
log = structlog.get_logger(__name__)


class ProcessNotStarted(Exception):
    """The system gave us no process: no descriptors, no memory, a program that may not be run. Nobody's loss."""


class WorkerHandle:
    """`run` once; the other calls at any time, before and after it too. Event loop only."""

    def __init__(self, *, spec: JobSpec, settings: Settings, monotonic: Callable[[], float]) -> None:
        self.spec = spec
        self.mark = process_tree.mark_of(spec.task_id, spec.attempt)
        # When the process last wrote a line, a tick at least; set at start.
        self.heard_at = monotonic()
        # When it was asked to cancel; None: it was not.
        self.cancelled_at: float | None = None
        # Set when the process is gone and its attempt is recovered.
        self.finished = asyncio.Event()
        self._watched = False  # as it was told last; it begins with False
        self._settings = settings
        self._monotonic = monotonic
        self._process: asyncio.subprocess.Process | None = None
        self._input_closed = False  # `close_input` was called
        self._killed = False  # `kill` was called

    async def run(
        self,
        on_hint: Callable[[TaskHint], None],
        on_browser_wanted: Callable[[], None] = lambda: None,
        on_verdicts: CountVerdicts = lambda _, __: None,
    ) -> int:
        """Start the process, pass its hints on, and return its exit code when it and its descendants are gone.

        `on_browser_wanted`: pages of the scan wait to be drawn elsewhere. `on_verdicts`: what the
        local reader changed, and for how many pages.

        Raises:
            ProcessNotStarted: there is no process, and there was none.
        """
        self._process = process = await self._start()
        log.info("scan_process_started", task_id=self.spec.task_id, attempt=self.spec.attempt, pid=process.pid)
        self.heard_at = self._monotonic()
        try:
            self._send(order_line(self.spec, self._settings, storage_variables(os.environ)))
            self._catch_up()
            await self._listen(process, on_hint, on_browser_wanted, on_verdicts)
            code = await process.wait()
        finally:
            self.kill()
        log.info("scan_process_ended", task_id=self.spec.task_id, attempt=self.spec.attempt, code=code)
        return code

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *COMMAND,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=MAX_LINE_BYTES,
                env=process_tree.environment(self.mark, os.environ),
                start_new_session=True,  # Ctrl-C of the terminal is the server's alone
            )
        except OSError as error:  # its number says nothing: uvloop makes -1 of "too many open files"
            raise ProcessNotStarted(str(error)) from error

    def _catch_up(self) -> None:
        """Do what was asked for before there was a process."""
        if self._watched:
            self._send(watched_line(watched=True))
        if self.cancelled_at is not None:
            self._send(CANCEL_LINE)
        if self._input_closed:
            self.close_input()
        if self._killed:
            self.kill()

    def cancel(self) -> None:
        """Ask it to cancel now: it would see that with its next heartbeat."""
        if self.cancelled_at is None:
            self.cancelled_at = self._monotonic()
            self._send(CANCEL_LINE)

    def set_watched(self, *, watched: bool) -> None:
        """Tell it, when that changes, whether somebody follows the task: it groups its log lines accordingly."""
        if watched != self._watched:
            self._watched = watched
            self._send(watched_line(watched=watched))

    def close_input(self) -> None:
        """End its input: it writes its checkpoint and exits."""
        self._input_closed = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """End the process, its group and everything else that carries its mark, at once."""
        self._killed = True
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process_tree.kill(self.mark)

    def _send(self, line: bytes) -> None:
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            return
        self._process.stdin.write(line)  # some kilobytes at most: what a pipe holds

    async def _listen(
        self,
        process: asyncio.subprocess.Process,
        on_hint: Callable[[TaskHint], None],
        on_browser_wanted: Callable[[], None],
        on_verdicts: CountVerdicts,
    ) -> None:
        assert process.stdout is not None  # asked for above
        while line := await process.stdout.readline():
            self.heard_at = self._monotonic()
            if line == BROWSER_LINE:
                on_browser_wanted()
                continue
            hint = decode_hint(line)
            if hint is not None:
                on_hint(hint)
                continue
            for effect, count in decode_verdicts(line).items():
                on_verdicts(effect, count)
