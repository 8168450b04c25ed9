"""Starts the parent of the parser processes: an interpreter of its own, or one that was forked before and waits.

What a scan has loaded already need not be loaded by its parsers again: that takes a third of a second of processor
time. But a process with threads cannot be forked, so a scan forks the parent before anything else (`ReadyParent`).
"""

import fcntl
import gc
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn, Protocol

import orjson

from app.engines.parsing.allocator import VARIABLES, keep_memory

MODULE: Final = "app.engines.parsing.worker"
MAX_ORDER_BYTES: Final = 128 * 1024  # what Linux allows an argument, too
MAX_DESCRIPTORS: Final = 253  # Linux's bound for one message


class ParserParent(Protocol):
    """What the pool needs of the process: `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def wait(self, timeout: float | None = None) -> int:
        """Block until it has ended. Raises `subprocess.TimeoutExpired`."""
        ...

    def kill(self) -> None: ...


# Of sockets for the processes, what `Jobs` are made of, and further descriptors that are named there. Raises OSError.
Launch = Callable[[Sequence[socket.socket], dict[str, Any], Sequence[int]], ParserParent]


def order_of(channels: Sequence[socket.socket], jobs: dict[str, Any]) -> bytes:
    """Return what the parent is told. Descriptors have the same numbers there."""
    return orjson.dumps({"channels": [channel.fileno() for channel in channels], "jobs": jobs})


def execute(
    channels: Sequence[socket.socket], jobs: dict[str, Any], shared: Sequence[int], *, module: str = MODULE
) -> ParserParent:
    """Start an interpreter. Fulfils `Launch`."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module, order_of(channels, jobs).decode()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[*(channel.fileno() for channel in channels), *shared],
        start_new_session=True,  # which steps back: Linux shares the processor out by session
        env={**os.environ, **VARIABLES},
    )


class ForkedParent:
    """A child of this process. Fulfils `ParserParent`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)
        self._code: int | None = None  # once it was waited for

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None:
            end = select.poll()
            end.register(self._descriptor, select.POLLIN)
            if not end.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired("parsers", timeout or 0.0)
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self._descriptor)
        return self._code

    def kill(self) -> None:
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)


class ReadyParent:
    """A parent of parser processes that has what this process has loaded, and waits for its order.

    Make it while there is one thread. It ends when this process does. Where the system has no descriptors of processes
    (Linux has), none is made, and `launch` executes.
    """

    def __init__(self, *, nice: int = 0) -> None:
        """`nice` is added to its own. Raises OSError."""
        self._control: socket.socket | None = None  # until it got its order
        try:
            os.close(os.pidfd_open(os.getpid()))
        except (AttributeError, OSError):
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        gc.freeze()  # what both share stays shared
        try:
            pid = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if not pid:
            ours.close()
            _wait_and_serve(theirs, nice)
        theirs.close()
        self._control, self._parent = ours, ForkedParent(pid)

    def launch(self, channels: Sequence[socket.socket], jobs: dict[str, Any], shared: Sequence[int]) -> ParserParent:
        """Give it its order; when it has one already, or is gone, start another. Fulfils `Launch`."""
        control, self._control = self._control, None
        if control is not None:
            descriptors = [*(channel.fileno() for channel in channels), *shared]
            with control, suppress(OSError):
                socket.send_fds(control, [order_of(channels, jobs)], descriptors)
                return self._parent
        return execute(channels, jobs, shared)


def _wait_and_serve(control: socket.socket, nice: int) -> NoReturn:
    code = 1
    try:
        os.setsid()  # as `execute` has it
        os.nice(nice)
        _leave_streams()
        order = _receive(control)
        if order is not None:
            from app.engines.parsing.worker import serve_order

            keep_memory()
            serve_order(order)
        code = 0
    except BaseException:  # noqa: BLE001 - the border of the process
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _leave_streams() -> None:
    """The input and the output are the scan's: its parent must see when they end."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)


def _receive(control: socket.socket) -> dict[str, Any] | None:
    """Return the order, with its descriptors where it says they are; None: the scan has ended without one."""
    said, received, _, _ = socket.recv_fds(control, MAX_ORDER_BYTES, MAX_DESCRIPTORS)
    control.close()
    if not said:
        return None
    order: dict[str, Any] = orjson.loads(said)
    numbers = [*order["channels"], *(item["file"] for item in order["jobs"]["lists"])]
    above = max(numbers, default=0) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above) for descriptor in received]
    for descriptor in received:
        os.close(descriptor)
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number, inheritable=False)
        os.close(descriptor)
    return order
