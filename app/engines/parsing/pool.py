"""The scan's side of the parser processes: jobs go out in turn, answers come back or a reason why there is none."""

import asyncio
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Self

import structlog

from app.engines.lists.in_use import OpenLists, order_of
from app.engines.parsing.connection import Job, Worker
from app.engines.parsing.frames import Kind, frame
from app.engines.parsing.launch import Launch, ParserParent, execute
from app.engines.ports import Unreadable

PROCESSES: Final = 2  # one more page than the one that is hard to read; the scan itself needs the other core
BEHIND: Final = 4  # jobs from which on the next process gets the next one
CPU_S: Final = 1.8  # processor time for one job; a page of 5 MiB of ordinary markup takes a third of it
WALL_S: Final = 60.0  # a process that answers nothing for so long is stuck (stopped, swapped out) and is replaced
TRIES: Final = 2  # a process that died of something else may have been innocent of it
RESTARTS: Final = 5  # of all processes, in one scan
CLOSE_LIMIT_S: Final = 0.5
log = structlog.get_logger(__name__)


class ParserUnavailable(Exception):
    """No parser process can be kept alive: the attempt fails, and another one may find a machine in better health."""


class ParserPool:
    """Parses what hosts sent. Use it as a context; `run` from one loop alone.

    Jobs wait here without a bound of their own: callers wait for their answers, and the stages bound the callers.
    """

    def __init__(
        self,
        *,
        target: str,
        own_domains: Sequence[str] = (),
        reads: bool = False,
        lists: OpenLists = (),
        processes: int = PROCESSES,
        launch: Launch = execute,
        wall_s: float = WALL_S,
    ) -> None:
        """`own_domains`, `reads`: see `Jobs`; `lists` stay open as long as the pool; `launch` starts the processes'
        parent.
        """
        self._wall_s = wall_s
        self._launch = launch
        self._jobs: dict[str, Any] = {
            "target": target,
            "own_domains": list(own_domains),
            "reads": reads,
            "lists": order_of(lists),
        }
        self._shared = [descriptor for _, descriptor in lists]
        self._count = processes
        self._process: ParserParent | None = None
        self._workers: list[Worker] = []
        self._waiting: deque[Job] = deque()
        self._restarts = 0
        self._closing = False
        self._failure: ParserUnavailable | None = None
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._start()
        self._watching = asyncio.create_task(self._watch(), name="processes")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self, name: str, *arguments: Any, body: bytes = b"", cpu_s: float = CPU_S) -> list[Any]:
        """The pieces of the answer.

        Raises:
            Unreadable: this body cannot be read.
            ParserUnavailable: nothing can.
        """
        if self._failure is not None:
            raise self._failure
        loop = asyncio.get_running_loop()
        job = Job(name, frame(Kind.JOB, [name, cpu_s, *arguments], body), loop.create_future())
        self._waiting.append(job)
        self._dispatch()
        return await job.future

    def _dispatch(self) -> None:
        """Hands out what waits."""
        now = asyncio.get_running_loop().time()
        while self._waiting and self._workers:
            worker = self._choose()
            if worker is None:
                return
            job = self._waiting.popleft()
            if not job.future.done():  # the caller may have been cancelled
                worker.give(job, now)

    def _choose(self) -> Worker | None:
        """The first process that is not behind: one that stays awake, with warm caches, costs a fifth less than two by
        turns. None: all have enough.
        """
        for worker in self._workers:
            if len(worker.jobs) < BEHIND and worker.has_room:
                return worker
        worker = min(self._workers, key=lambda one: len(one.jobs))
        return worker if worker.has_room else None

    def on_frame(self, worker: Worker, kind: Kind, value: Any) -> None:
        """What a process said."""
        match kind:
            case Kind.STARTED:
                worker.pid = int(value)
            case Kind.PART:
                worker.jobs[0].parts.append(value)
            case Kind.DONE:
                job = self._next(worker)
                job.resolve([*job.parts, value])
            case Kind.FAILED:
                self._fail(self._next(worker), str(value))
            case Kind.DIED if worker.jobs:
                self._on_died(self._next(worker), int(value))
            case _:
                worker.pid = 0

    def _next(self, worker: Worker) -> Job:
        job = worker.take(asyncio.get_running_loop().time())
        self._dispatch()
        return job

    def _fail(self, job: Job, reason: str) -> None:
        known = reason in {"memory", "nesting"}
        if not known:
            log.error("page_not_parsed", job=job.name, reason=reason)
        job.refuse(Unreadable(reason if known else "error"))

    def _on_died(self, job: Job, code: int) -> None:
        """The process died while it read this."""
        if code == -signal.SIGPROF:
            job.refuse(Unreadable("cpu"))
            return
        log.warning("parser_process_died", job=job.name, code=code, tries=job.tries)
        self._retry(job)

    def _retry(self, job: Job) -> None:
        job.tries += 1
        job.parts.clear()
        if job.tries >= TRIES:
            job.refuse(Unreadable("crashed"))
        else:
            self._waiting.appendleft(job)
            self._dispatch()

    def on_lost(self, worker: Worker) -> None:
        """The processes and their parent are gone, or sent nonsense. All of them are started again."""
        if self._closing or worker not in self._workers:
            return
        workers, self._workers = self._workers, []
        for item in workers:
            item.abort()
        # Processes that never lived read nothing. Where one of them did, the others may have begun as well, and not
        # been heard yet: nonsense on one connection is often read before what is said on another.
        have_lived = any(item.pid for item in workers)
        being_read = [item.jobs.popleft() for item in workers if item.jobs and have_lived]
        self._waiting.extendleft(job for item in workers for job in reversed(item.jobs))
        self._restarts += 1
        if self._restarts > RESTARTS:
            self._give_up([*being_read, *self._waiting])
            return
        self._watching = asyncio.create_task(self._restart(self._watching), name="processes")
        for job in being_read:
            self._retry(job)

    async def _restart(self, watching: asyncio.Task[None] | None) -> None:
        if watching is not None:
            watching.cancel()
        try:
            await self._end()
            await self._start()
        except (OSError, ParserUnavailable) as error:
            log.exception("parser_pool_not_started")
            self._give_up(self._waiting, str(error))
            return
        self._dispatch()
        await self._watch()

    def _give_up(self, jobs: Sequence[Job] | deque[Job], reason: str = "processes do not stay alive") -> None:
        self._failure = ParserUnavailable(reason)
        for job in list(jobs):
            job.refuse(self._failure)
        self._waiting.clear()

    async def _start(self) -> None:
        pairs = [socket.socketpair() for _ in range(self._count)]
        ours = [pair[0] for pair in pairs]
        try:
            self._process = self._launch([pair[1] for pair in pairs], self._jobs, self._shared)
            self._workers = [await self._connect(channel) for channel in ours]
        except BaseException:
            for channel in ours:
                channel.close()
            raise
        finally:
            for _, theirs in pairs:
                theirs.close()

    async def _connect(self, channel: socket.socket) -> Worker:
        channel.setblocking(False)
        _, worker = await asyncio.get_running_loop().create_connection(lambda: Worker(self), sock=channel)
        return worker

    async def _watch(self) -> None:
        """Ends processes that are stuck."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._wall_s / 10)
            late = [(item, item.jobs[0]) for item in self._workers if item.jobs and self._is_late(item, loop.time())]
            if late:
                await asyncio.sleep(1)  # it may be us who stood still, with the answer waiting in the socket
            for worker, job in late:
                if worker.jobs and worker.jobs[0] is job:
                    self._kill_stuck(worker, job)

    def _is_late(self, worker: Worker, now: float) -> bool:
        return now - worker.busy_since > self._wall_s

    @staticmethod
    def _kill_stuck(worker: Worker, job: Job) -> None:
        """Its parent tells of its end and starts the next one. Where that does not come, the socket is of no use: the
        process never began, or was killed within an answer, which what follows seems to belong to.
        """
        log.warning("parser_process_stuck", job=job.name)
        if worker.ended_for is job or not worker.kill():
            worker.abort()
        worker.ended_for = job

    def processes(self) -> list[int]:
        """Ids of the processes' parent and of the processes, as far as they are known."""
        parent = [] if self._process is None else [self._process.pid]
        return [*parent, *(worker.pid for worker in self._workers if worker.pid)]

    async def close(self) -> None:
        """Leaves no process behind. May be called twice."""
        self._closing = True
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.abort()
        for worker in workers:
            if worker.jobs:
                worker.kill()  # it would work on to the end of its time
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
