"""One scan's process as its parent sees it: started, listened to, asked to cancel, ended."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import orjson
import structlog

from app.core.config import SECRETS, Settings
from app.events.bus.base import TaskHint
from app.tasks import family
from app.tasks.pipe import MAX_LINE_BYTES, decode_hint
from app.tasks.scan_job import JobSpec

COMMAND: Final = (sys.executable, "-P", "-m", "app.tasks.process")  # -P: never an `app` of the current folder
STARVED: Final = 4  # exit code: the process could not begin for want of a resource
CANCEL_LINE: Final = b'{"command":"cancel"}\n'
log = structlog.get_logger(__name__)


class ProcessNotStarted(Exception):
    """The system gave us no process: no descriptors, no memory, a program that may not be run. Nobody's loss."""


class Child:
    """`run` once; the other calls at any time, before and after it too. Event loop only."""

    def __init__(self, *, spec: JobSpec, settings: Settings, monotonic: Callable[[], float]) -> None:
        self.spec = spec
        self.mark = family.mark_of(spec.task_id, spec.attempt)
        # When the process last said anything, a tick at least; set at start.
        self.heard_at = monotonic()
        # When it was asked to cancel; None: it was not.
        self.cancelled_at: float | None = None
        # Set when it is gone and what it left behind is settled.
        self.settled = asyncio.Event()
        self._watched = False  # as it was told last; it begins with False
        self._settings = settings
        self._monotonic = monotonic
        self._process: asyncio.subprocess.Process | None = None
        self._released = False  # `let_go` was called
        self._doomed = False  # `kill` was called

    async def run(self, on_hint: Callable[[TaskHint], None]) -> int:
        """Starts the process, passes its hints on, and returns its exit code when it and its family are gone.

        Raises:
            ProcessNotStarted: there is no process, and there was none.
        """
        self._process = process = await self._start()
        log.info("scan_process_started", task_id=self.spec.task_id, attempt=self.spec.attempt, pid=process.pid)
        self.heard_at = self._monotonic()
        try:
            self._send(order_line(self.spec, self._settings))
            if self._watched:
                self._send(watched_line(watched=True))
            if self.cancelled_at is not None:
                self._send(CANCEL_LINE)
            if self._released:
                self.let_go()
            if self._doomed:
                self.kill()
            await self._listen(process, on_hint)
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
                env=family.environment(self.mark, os.environ),
                start_new_session=True,  # Ctrl-C of the terminal is the server's alone
            )
        except OSError as error:  # its number says nothing: uvloop makes -1 of "too many open files"
            raise ProcessNotStarted(str(error)) from error

    def cancel(self) -> None:
        """A hint to be quick: the process would see it with its next heartbeat."""
        if self.cancelled_at is None:
            self.cancelled_at = self._monotonic()
            self._send(CANCEL_LINE)

    def set_watched(self, *, watched: bool) -> None:
        """Whether somebody looks at the task: it groups its log lines accordingly. Said when it changes."""
        if watched != self._watched:
            self._watched = watched
            self._send(watched_line(watched=watched))

    def let_go(self) -> None:
        """Ends its input: it writes its checkpoint and exits."""
        self._released = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """Ends the process, its group and whatever else carries its mark, at once."""
        self._doomed = True
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        family.kill(self.mark)

    def _send(self, line: bytes) -> None:
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            return
        self._process.stdin.write(line)  # some kilobytes at most: what a pipe holds

    async def _listen(self, process: asyncio.subprocess.Process, on_hint: Callable[[TaskHint], None]) -> None:
        assert process.stdout is not None  # asked for above
        while line := await process.stdout.readline():
            self.heard_at = self._monotonic()
            hint = decode_hint(line)
            if hint is not None:
                on_hint(hint)


def order_line(spec: JobSpec, settings: Settings) -> bytes:
    """The first line of the process's input."""
    values: dict[str, Any] = settings.model_dump(
        mode="json", exclude=set(SECRETS)
    )  # nothing in a scan signs or logs in
    job = {
        "task_id": spec.task_id,
        "attempt": spec.attempt,
        "run": spec.run,
        "worker_id": spec.worker_id,
        "target_domain": spec.target_domain,
        "config": dict(spec.config),
    }
    return orjson.dumps({"job": job, "settings": values}) + b"\n"


def watched_line(*, watched: bool) -> bytes:
    """A line of the process's input: whether somebody looks at its task."""
    return orjson.dumps({"command": "watched", "value": watched}) + b"\n"
