"""`compliance` as a process of its own that costs little to start: forked by a `program_server` for a run of tests."""

import asyncio
import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

from app.engines.parsing.launch import order_of
from tests.support.program_server import MAX_MESSAGE, PROGRAM, WORKER

ROOT = Path(__file__).parents[2]
CLOSE_LIMIT_S = 60.0  # one that is measured writes its figures first


class _Server:
    """Blocking, from any thread."""

    def __init__(self, kind: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.program_server", kind], cwd=ROOT, stdin=theirs.fileno()
            )
        self._control = ours
        self._lock = threading.Lock()
        assert ours.recv(MAX_MESSAGE) == b"{}"

    def ask(self, request: Mapping[str, Any], streams: Sequence[int] = ()) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            socket.send_fds(self._control, [json.dumps(request).encode()], streams)
            said, descriptors, _, _ = socket.recv_fds(self._control, MAX_MESSAGE, 1)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        return json.loads(said), descriptors

    def close(self) -> None:
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(CLOSE_LIMIT_S)


_servers: dict[str, _Server] = {}  # of each kind the one that is used


def _running(kind: str) -> _Server:
    if kind not in _servers or _servers[kind].process.poll() is not None:
        _servers[kind] = _Server(kind)
    return _servers[kind]


@atexit.register
def end_servers() -> None:
    while _servers:
        _servers.popitem()[1].close()


@contextmanager
def _nothing() -> Iterator[int]:
    """An empty input."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Program:
    """As `subprocess.Popen`, as far as tests ask it."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], streams: tuple[int, int, int]) -> None:
        request = {"words": list(words), "environment": dict(environment), "folder": str(ROOT)}
        self._begin(request, streams, kind=WORKER if list(words[:1]) == ["worker"] else PROGRAM)

    def _begin(self, request: Mapping[str, Any], streams: Sequence[int], *, kind: str = PROGRAM) -> None:
        self._server = _running(kind)
        answer, (self._descriptor,) = self._server.ask(request, streams)
        self.pid = int(answer["pid"])
        self.returncode: int | None = None

    def fileno(self) -> int:
        """Can be read when the program has ended; -1 once its code is known."""
        return self._descriptor

    def poll(self) -> int | None:
        return self._reap(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._reap(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("compliance", timeout or 0.0)
        return code

    def _reap(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            end = select.poll()
            end.register(self._descriptor, select.POLLIN)
            if end.poll(None if timeout is None else timeout * 1000):
                answer, _ = self._server.ask({"reap": self.pid})
                self.returncode = answer["code"]
                os.close(self._descriptor)
                self._descriptor = -1
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._descriptor, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()


class Parsers(Program):
    """The parent of a scan's parser processes. Fulfils `ParserParent`."""

    def __init__(self, control: socket.socket) -> None:
        self._begin({"parsers": True}, (control.fileno(),))


def launch_parsers(channels: Sequence[socket.socket], jobs: dict[str, Any], shared: Sequence[int]) -> Parsers:
    """Fork them from a process that has what they need, where an interpreter would load it. Fulfils `Launch`."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            parsers = Parsers(theirs)
        socket.send_fds(ours, [order_of(channels, jobs)], [*(channel.fileno() for channel in channels), *shared])
    return parsers


def start_program(words: Sequence[str], environment: Mapping[str, str], output: IO[bytes]) -> Program:
    """`compliance WORDS`, whose input is empty, and which writes there."""
    with _nothing() as nothing:
        return Program(words, environment, (nothing, output.fileno(), output.fileno()))


class AsyncProgram:
    """As `asyncio.subprocess.Process`, as far as tests ask it."""

    def __init__(self, program: Program, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader) -> None:
        self._program = program
        self.stdin = None
        self.stdout, self.stderr = stdout, stderr
        self.pid = program.pid
        self.send_signal, self.kill, self.terminate = program.send_signal, program.kill, program.terminate

    @property
    def returncode(self) -> int | None:
        return self._program.poll()

    async def wait(self) -> int:
        if self._program.poll() is None:
            loop, ended = asyncio.get_running_loop(), asyncio.Event()
            own = os.dup(self._program.fileno())  # somebody may ask for the code meanwhile
            loop.add_reader(own, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(own)
                os.close(own)
        return self._program.wait()

    async def communicate(self) -> tuple[bytes, bytes]:
        async with asyncio.TaskGroup() as group:
            out, err = group.create_task(self.stdout.read()), group.create_task(self.stderr.read())
        await self.wait()
        return out.result(), err.result()


async def start_program_async(words: Sequence[str], environment: Mapping[str, str]) -> AsyncProgram:
    """`compliance WORDS`; its input is empty, its output and errors are pipes."""
    readers, theirs = [], []
    with _nothing() as nothing:
        for _ in ("output", "errors"):
            reading, writing = os.pipe()
            theirs.append(writing)
            readers.append(await _reader(reading))
        try:
            program = await asyncio.to_thread(Program, words, environment, (nothing, *theirs))
        finally:
            for writing in theirs:
                os.close(writing)
    return AsyncProgram(program, *readers)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    return reader
