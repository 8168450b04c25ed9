"""One scan's process as the server sees it: started, listened to, asked to cancel, ended."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

import structlog

from app.captures.location import storage_variables
from app.core.config import Settings
from app.domain.reading import Effect
from app.domain.rechecks import RecheckOutcome
from app.events.bus.base import TaskHint
from app.tasks import process_tree
from app.tasks.process_protocol import (
    BROWSER_LINE,
    CANCEL_LINE,
    MAX_LINE_BYTES,
    JobSpec,
    decode_hint,
    decode_rechecks,
    decode_verdicts,
    order_line,
    watched_line,
)
from app.tasks.process_start import ExecutingStarter, ProcessStarter, StartedProcess, command_of
from app.tasks.supervisor.start_limits import is_start_over

MODULE: Final = "app.tasks.worker.main"
COMMAND: Final = command_of(MODULE)
CountVerdicts = Callable[[Effect, int], None]
CountRechecks = Callable[[RecheckOutcome, int], None]
log = structlog.get_logger(__name__)


class WorkerHandle:
    """`run` once; the other calls at any time, before and after it too. Event loop only."""

    def __init__(
        self,
        *,
        spec: JobSpec,
        settings: Settings,
        monotonic: Callable[[], float],
        starter: ProcessStarter | None = None,
    ) -> None:
        """`starter` starts the process; None: it is executed."""
        self.spec = spec
        self.mark = process_tree.mark_of(spec.task_id, spec.attempt)
        # When the process last wrote a line, a tick at least; set at start.
        self.heard_at = monotonic()
        # It has written its first line, which it does before it touches anything.
        self.begun = False
        # When it was asked to cancel; None: it was not.
        self.cancelled_at: float | None = None
        # Set when the process is gone and its attempt is recovered.
        self.finished = asyncio.Event()
        self._watched = False  # as it was told last; it begins with False
        self._settings = settings
        self._monotonic = monotonic
        self._starter = starter or ExecutingStarter()
        self._process: StartedProcess | None = None
        self._input_closed = False  # `close_input` was called
        self._killed = False  # `kill` was called

    async def run(
        self,
        on_hint: Callable[[TaskHint], None],
        on_browser_wanted: Callable[[], None] = lambda: None,
        on_verdicts: CountVerdicts = lambda _, __: None,
        on_rechecks: CountRechecks = lambda _, __: None,
    ) -> int:
        """Start the process, pass its hints on, and return its exit code when it and its descendants are gone.

        `on_browser_wanted`: pages of the scan wait to be rendered elsewhere. `on_verdicts`: what the
        local classifier changed, and for how many pages. `on_rechecks`: how rechecks have ended, and how many.

        Raises:
            ProcessNotStarted: there is no process, and there was none.
        """
        self._process = process = await self._starter.start(COMMAND, mark=self.mark, line_limit=MAX_LINE_BYTES)
        log.info("scan_process_started", task_id=self.spec.task_id, attempt=self.spec.attempt, pid=process.pid)
        self.heard_at = self._monotonic()
        try:
            self._send(order_line(self.spec, self._settings, storage_variables(os.environ)))
            self._catch_up()
            await self._listen(process, on_hint, on_browser_wanted, on_verdicts, on_rechecks)
            code = await process.wait()
        finally:
            self.kill()
            process.close()
        log.info("scan_process_ended", task_id=self.spec.task_id, attempt=self.spec.attempt, code=code)
        return code

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

    @property
    def hangs_at_start(self) -> bool:
        """Whether it has not begun with all that a start may take."""
        if self.begun or self._process is None:
            return False
        return is_start_over(self._monotonic() - self.heard_at, self._process.pid)

    def was_killed_at_start(self, code: int) -> bool:
        """Whether a signal has ended it before it began (`hangs_at_start`, or memory was short): nobody's loss."""
        return code < 0 and not self.begun

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
        if self._process is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """End the process, its group and everything else that carries its mark, at once."""
        self._killed = True
        if self._process is not None:
            self._process.kill_group()
        process_tree.kill(self.mark)

    def _send(self, line: bytes) -> None:
        if self._process is None or self._process.stdin.is_closing():
            return
        self._process.stdin.write(line)  # some kilobytes at most: what a pipe holds

    async def _listen(
        self,
        process: StartedProcess,
        on_hint: Callable[[TaskHint], None],
        on_browser_wanted: Callable[[], None],
        on_verdicts: CountVerdicts,
        on_rechecks: CountRechecks,
    ) -> None:
        while line := await process.stdout.readline():
            self.heard_at = self._monotonic()
            self.begun = True
            if line == BROWSER_LINE:
                on_browser_wanted()
                continue
            hint = decode_hint(line)
            if hint is not None:
                on_hint(hint)
                continue
            for effect, count in decode_verdicts(line).items():
                on_verdicts(effect, count)
            for outcome, count in decode_rechecks(line).items():
                on_rechecks(outcome, count)
