"""The scan's side of one parser process: its socket and its pending jobs."""

import asyncio
import os
import signal
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from app.engines.parsing.frames import BrokenChannel, FrameBuffer, Kind

AHEAD: Final = 8  # jobs that wait in a process's socket, so that it never idles
AHEAD_BYTES: Final = 256 * 1024


class PoolEvents(Protocol):
    """The receiver of what a process says, and of the loss of its socket."""

    def on_frame(self, worker: "Worker", kind: Kind, value: Any) -> None: ...

    def on_lost(self, worker: "Worker") -> None: ...


@dataclass(slots=True)
class Job:
    """One job on its way. `parts` are the pieces of the answer so far."""

    name: str
    request: bytes
    future: asyncio.Future[list[Any]]
    parts: list[Any] = field(default_factory=list)
    tries: int = 0

    def resolve(self, answer: list[Any]) -> None:
        if not self.future.done():  # the caller may have been cancelled
            self.future.set_result(answer)

    def refuse(self, reason: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(reason)


class Worker(asyncio.Protocol):
    """The socket of one parser process, and what was given to it: its first job is the one that it works on."""

    def __init__(self, pool: PoolEvents) -> None:
        self.jobs: deque[Job] = deque()
        self.waiting_bytes = 0
        self.pid = 0  # of the process; 0 before it said so
        self.busy_since = 0.0  # loop time at which it got the first of its jobs
        self.ended_for: Job | None = None  # the job for which it was ended, being stuck
        self.transport: asyncio.Transport | None = None
        self._pool = pool
        self._buffer = FrameBuffer()

    @property
    def has_room(self) -> bool:
        return not self.jobs or (len(self.jobs) < AHEAD and self.waiting_bytes < AHEAD_BYTES)

    def give(self, job: Job, now: float) -> None:
        if not self.jobs:
            self.busy_since = now
        self.jobs.append(job)
        self.waiting_bytes += len(job.request)
        if self.transport is not None:
            self.transport.write(job.request)

    def take(self, now: float) -> Job:
        """The first job is through."""
        job = self.jobs.popleft()
        self.waiting_bytes -= len(job.request)
        self.busy_since = now
        return job

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # of a socket, so both ways

    def data_received(self, data: bytes) -> None:
        try:
            for kind, value in self._buffer.feed(data):
                self._pool.on_frame(self, kind, value)
        except (BrokenChannel, TypeError, IndexError):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        self._pool.on_lost(self)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def kill(self) -> bool:
        """False: there is no such process, or none is known."""
        if not self.pid:
            return False
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True
