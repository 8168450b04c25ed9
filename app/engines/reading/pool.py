"""The scan's side of the readers: jobs go out in turn, answers come back, and a page that cannot be read is told."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self

import orjson
import structlog

from app.engines.ports import Unreadable
from app.engines.reading.frames import BrokenChannel, FrameBuffer, Kind, frame

READERS: Final = 2  # one more page than the one that is hard to read; the scan itself needs the other core
AHEAD: Final = 8  # jobs that wait in a reader's socket, so that it never idles
BEHIND: Final = 4  # jobs from which on the next reader gets the next one
AHEAD_BYTES: Final = 256 * 1024
CPU_S: Final = 1.8  # processor time for one job; a page of 5 MiB of ordinary markup takes a third of it
WALL_S: Final = 60.0  # a reader that answers nothing for so long is stuck (stopped, swapped out) and is replaced
TRIES: Final = 2  # a reader that died of something else may have been innocent of it
RESTARTS: Final = 5  # of all readers, in one scan
CLOSE_LIMIT_S: Final = 0.5
MODULE: Final = "app.engines.reading.process"
# A parser's tree is given back as a whole. Without these glibc hands the memory to the kernel after each page, and
# takes it again for the next: a third of the time that a small page costs.
_ALLOCATOR: Final = {"MALLOC_TRIM_THRESHOLD_": str(64 * 1024**2), "MALLOC_MMAP_THRESHOLD_": str(4 * 1024**2)}
log = structlog.get_logger(__name__)


class ReadingUnavailable(Exception):
    """No reader can be kept alive: the attempt fails, and another one may find a machine in better health."""


class Runs(Protocol):
    """Whoever runs jobs: `ReadingPool`."""

    async def run(self, name: str, *arguments: Any, body: bytes = b"", cpu_s: float = CPU_S) -> list[Any]: ...


@dataclass(slots=True)
class _Job:
    """One job on its way. `parts` are the pieces of the answer so far."""

    name: str
    request: bytes
    future: asyncio.Future[list[Any]]
    parts: list[Any] = field(default_factory=list)
    tries: int = 0


class _Slot(asyncio.Protocol):
    """One reader's socket, and what was given to it: its first job is the one that it reads."""

    def __init__(self, pool: "ReadingPool") -> None:
        self.jobs: deque[_Job] = deque()
        self.waiting_bytes = 0
        self.pid = 0  # of the reader; 0 before it said so
        self.busy_since = 0.0  # loop time at which it got the first of its jobs
        self.ended_for: _Job | None = None  # the job for which it was ended, being stuck
        self.transport: asyncio.Transport | None = None
        self._pool = pool
        self._buffer = FrameBuffer()

    @property
    def has_room(self) -> bool:
        return not self.jobs or (len(self.jobs) < AHEAD and self.waiting_bytes < AHEAD_BYTES)

    def give(self, job: _Job, now: float) -> None:
        if not self.jobs:
            self.busy_since = now
        self.jobs.append(job)
        self.waiting_bytes += len(job.request)
        if self.transport is not None:
            self.transport.write(job.request)

    def take(self, now: float) -> _Job:
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


class ReadingPool:
    """Reads what hosts sent. Use it as a context; `run` from one loop alone.

    Jobs wait here without a bound of their own: whoever asks waits for the answer, and the stages bound how many ask.
    """

    def __init__(
        self, *, target: str, language: str, readers: int = READERS, module: str = MODULE, wall_s: float = WALL_S
    ) -> None:
        """`module` is what the readers' parent runs."""
        self._wall_s = wall_s
        self._module = module
        self._jobs = {"target": target, "language": language}
        self._readers = readers
        self._process: subprocess.Popen[bytes] | None = None
        self._slots: list[_Slot] = []
        self._waiting: deque[_Job] = deque()
        self._restarts = 0
        self._closing = False
        self._failure: ReadingUnavailable | None = None
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._start()
        self._watching = asyncio.create_task(self._watch(), name="readers")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self, name: str, *arguments: Any, body: bytes = b"", cpu_s: float = CPU_S) -> list[Any]:
        """The pieces of the answer.

        Raises:
            Unreadable: this body cannot be read.
            ReadingUnavailable: nothing can.
        """
        if self._failure is not None:
            raise self._failure
        loop = asyncio.get_running_loop()
        job = _Job(name, frame(Kind.JOB, [name, cpu_s, *arguments], body), loop.create_future())
        self._waiting.append(job)
        self._pump()
        return await job.future

    def _pump(self) -> None:
        """Hands out what waits."""
        now = asyncio.get_running_loop().time()
        while self._waiting and self._slots:
            slot = self._choose()
            if slot is None:
                return
            job = self._waiting.popleft()
            if not job.future.done():  # whoever asked may have been cancelled
                slot.give(job, now)

    def _choose(self) -> _Slot | None:
        """The first reader that is not behind: one that stays awake, with warm caches, costs a fifth less than two by
        turns. None: all have enough.
        """
        for slot in self._slots:
            if len(slot.jobs) < BEHIND and slot.has_room:
                return slot
        slot = min(self._slots, key=lambda one: len(one.jobs))
        return slot if slot.has_room else None

    def on_frame(self, slot: _Slot, kind: Kind, value: Any) -> None:
        """What a reader said."""
        match kind:
            case Kind.STARTED:
                slot.pid = int(value)
            case Kind.PART:
                slot.jobs[0].parts.append(value)
            case Kind.DONE:
                job = self._next(slot)
                _settle(job, [*job.parts, value])
            case Kind.FAILED:
                self._fail(self._next(slot), str(value))
            case Kind.DIED if slot.jobs:
                self._bury(self._next(slot), int(value))
            case _:
                slot.pid = 0

    def _next(self, slot: _Slot) -> _Job:
        job = slot.take(asyncio.get_running_loop().time())
        self._pump()
        return job

    def _fail(self, job: _Job, reason: str) -> None:
        known = reason in {"memory", "nesting"}
        if not known:
            log.error("page_not_read", job=job.name, reason=reason)
        _refuse(job, Unreadable(reason if known else "error"))

    def _bury(self, job: _Job, code: int) -> None:
        """The reader died while it read this."""
        if code == -signal.SIGPROF:
            _refuse(job, Unreadable("cpu"))
            return
        log.warning("reader_died", job=job.name, code=code, tries=job.tries)
        self._again(job)

    def _again(self, job: _Job) -> None:
        job.tries += 1
        job.parts.clear()
        if job.tries >= TRIES:
            _refuse(job, Unreadable("crashed"))
        else:
            self._waiting.appendleft(job)
            self._pump()

    def on_lost(self, slot: _Slot) -> None:
        """Readers and their parent are gone, or said nonsense. All of them are started anew."""
        if self._closing or slot not in self._slots:
            return
        slots, self._slots = self._slots, []
        for one in slots:
            one.abort()
        being_read = [one.jobs.popleft() for one in slots if one.jobs and one.pid]  # one that never lived read nothing
        self._waiting.extendleft(job for one in slots for job in reversed(one.jobs))
        self._restarts += 1
        if self._restarts > RESTARTS:
            self._give_up([*being_read, *self._waiting])
            return
        self._watching = asyncio.create_task(self._restart(self._watching), name="readers")
        for job in being_read:
            self._again(job)

    async def _restart(self, watching: asyncio.Task[None] | None) -> None:
        if watching is not None:
            watching.cancel()
        try:
            await self._end()
            await self._start()
        except (OSError, ReadingUnavailable) as error:
            log.exception("readers_not_started")
            self._give_up(self._waiting, str(error))
            return
        self._pump()
        await self._watch()

    def _give_up(self, jobs: Sequence[_Job] | deque[_Job], reason: str = "readers do not stay alive") -> None:
        self._failure = ReadingUnavailable(reason)
        for job in list(jobs):
            _refuse(job, self._failure)
        self._waiting.clear()

    async def _start(self) -> None:
        pairs = [socket.socketpair() for _ in range(self._readers)]
        ours = [pair[0] for pair in pairs]
        try:
            self._process = _launch(self._module, [pair[1] for pair in pairs], self._jobs)
            self._slots = [await self._connect(channel) for channel in ours]
        except BaseException:
            for channel in ours:
                channel.close()
            raise
        finally:
            for _, theirs in pairs:
                theirs.close()

    async def _connect(self, channel: socket.socket) -> _Slot:
        channel.setblocking(False)
        _, slot = await asyncio.get_running_loop().create_connection(lambda: _Slot(self), sock=channel)
        return slot

    async def _watch(self) -> None:
        """Ends readers that are stuck."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._wall_s / 10)
            late = [(one, one.jobs[0]) for one in self._slots if one.jobs and self._is_late(one, loop.time())]
            if late:
                await asyncio.sleep(1)  # it may be us who stood still, with the answer waiting in the socket
            for slot, job in late:
                if slot.jobs and slot.jobs[0] is job:
                    self._end_stuck(slot, job)

    def _is_late(self, slot: _Slot, now: float) -> bool:
        return now - slot.busy_since > self._wall_s

    @staticmethod
    def _end_stuck(slot: _Slot, job: _Job) -> None:
        """Its parent tells of its end and starts the next one. Where that does not come, the socket is of no use: the
        reader never began, or was killed within an answer, which what follows seems to belong to.
        """
        log.warning("reader_stuck", job=job.name)
        if slot.ended_for is job or not _kill(slot.pid):
            slot.abort()
        slot.ended_for = job

    def processes(self) -> list[int]:
        """Ids of the readers' parent and of the readers, as far as they are known."""
        parent = [] if self._process is None else [self._process.pid]
        return [*parent, *(slot.pid for slot in self._slots if slot.pid)]

    async def close(self) -> None:
        """Leaves no process behind. May be called twice."""
        self._closing = True
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        slots, self._slots = self._slots, []
        for slot in slots:
            slot.abort()
        busy = [slot.pid for slot in slots if slot.jobs]
        for pid in busy:
            _kill(pid)  # it would read on to the end of its time
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            await asyncio.to_thread(process.wait, CLOSE_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
        except BaseException:
            process.kill()
            raise


def _launch(module: str, channels: Sequence[socket.socket], jobs: dict[str, str]) -> subprocess.Popen[bytes]:
    descriptors = [channel.fileno() for channel in channels]
    order = orjson.dumps({"channels": descriptors, "jobs": jobs}).decode()
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module, order],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=descriptors,
        start_new_session=True,  # which steps back: Linux shares the processor out by session
        env={**os.environ, **_ALLOCATOR},
    )


def _settle(job: _Job, answer: list[Any]) -> None:
    if not job.future.done():
        job.future.set_result(answer)


def _refuse(job: _Job, reason: Exception) -> None:
    if not job.future.done():
        job.future.set_exception(reason)


def _kill(pid: int) -> bool:
    """False: there is no such process, or none is known (0)."""
    if not pid:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
