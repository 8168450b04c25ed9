"""A fork server as its supervisor has it: started, asked, given up."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from app.tasks import process_tree
from app.tasks.fork_server.protocol import Message, fork_request, reap_request, receive, send
from app.tasks.process_start import command_of

COMMAND: Final = command_of("app.tasks.fork_server.main")
LONGEST_MARK: Final = 128  # bytes; a task's is half of that
START_LIMIT_S: Final = 20.0  # loading takes a second of processor time, on a machine where many begin some more
ANSWER_LIMIT_S: Final = 5.0  # a fork takes 10 ms; beside 30 others that want the processor some hundred
CLOSE_LIMIT_S: Final = 1.0
UNKNOWN_CODE: Final = 255  # of a process whose parent was lost; asyncio says the same
_PLACE_OF_MARK: Final = "-" * LONGEST_MARK  # nobody's
log = structlog.get_logger(__name__)


class ForkServerLost(Exception):
    """There is none any more: it did not start, died, or did not answer in time. What it has forked goes on."""


class NotForked(Exception):
    """It is there, and has no process to give."""


@dataclass(slots=True, eq=False)
class Fork:
    """A process that was forked. `descriptor` is of the process; -1: it has ended, and its code comes."""

    pid: int
    descriptor: int
    code: asyncio.Future[int]


class ForkServer:
    """`start` once, on the event loop of all other calls."""

    def __init__(
        self,
        modules: Sequence[str],
        *,
        command: Sequence[str] = COMMAND,
        start_limit_s: float = START_LIMIT_S,
        answer_limit_s: float = ANSWER_LIMIT_S,
    ) -> None:
        """`modules` are what it may be asked for."""
        self._command = (*command, *modules)
        self._start_limit_s = start_limit_s
        self._answer_limit_s = answer_limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None  # from `start` until it is lost
        self._ready: asyncio.Future[None]
        self._waiting: dict[int, Callable[[Message | None], None]] = {}  # by number of the request; None: it is lost
        self._number = 0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def is_there(self) -> bool:
        """False before the start, and when it is lost."""
        return self._control is not None

    async def start(self) -> None:
        """Return when it has loaded everything. Raises ForkServerLost."""
        loop, began = asyncio.get_running_loop(), time.monotonic()
        self._ready = loop.create_future()
        try:
            self._execute(loop)
            async with asyncio.timeout(self._start_limit_s):
                await self._ready
        except OSError as error:  # also that its time is over
            self._lose("does not begin")
            raise ForkServerLost(str(error)) from error
        except BaseException:
            self._lose("not waited for")
            raise
        log.info("fork_server_started", pid=self.pid, seconds=round(time.monotonic() - began, 2))

    def _execute(self, loop: asyncio.AbstractEventLoop) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env={**process_tree.allowed(os.environ), process_tree.MARK: _PLACE_OF_MARK},
                    start_new_session=True,  # Ctrl-C of the terminal is ours alone
                )
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        self._control = ours
        loop.add_reader(ours, self._on_message)

    async def fork(self, module: str, mark: str | None, descriptors: tuple[int, int, int]) -> Fork:
        """Have a process forked with these as input, output and errors, and wait for its id.

        Raises:
            ForkServerLost: there is no server. If it has forked a process, that sees the end of its input.
            NotForked: the system gave it no process.
        """
        if mark is not None and len(mark) > LONGEST_MARK:
            raise NotForked(f"the mark is too long: {mark}")
        forked: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
        self._ask(
            lambda number: fork_request(number, module, mark),
            lambda message: self._on_forked(forked, message),
            descriptors,
        )
        return await forked

    def _on_forked(self, forked: asyncio.Future[Fork], message: Message | None) -> None:
        if message is None:
            outcome: Fork | Exception = ForkServerLost("lost while it was asked")
        elif "error" in message.fields:
            outcome = NotForked(message.fields["error"])
        elif message.descriptors:
            outcome = self._watched(message.fields["pid"], message.descriptors[0])
        else:  # we had no descriptor free for that of the process, which we could not reap without it
            outcome = ForkServerLost("too many open files")
            self._lose(str(outcome))
        if forked.done():  # the one who asked was cancelled
            return
        if isinstance(outcome, Fork):
            forked.set_result(outcome)
        else:
            forked.set_exception(outcome)

    def _watched(self, pid: int, descriptor: int) -> Fork:
        loop = asyncio.get_running_loop()
        forked = Fork(pid, descriptor, loop.create_future())
        loop.add_reader(descriptor, self._on_ended, forked)
        return forked

    def _on_ended(self, forked: Fork) -> None:
        """The process has ended: it is a zombie until it is reaped, or its parent is gone, too."""
        asyncio.get_running_loop().remove_reader(forked.descriptor)
        os.close(forked.descriptor)
        forked.descriptor = -1
        self._ask(
            lambda number: reap_request(number, forked.pid),
            lambda message: forked.code.set_result(UNKNOWN_CODE if message is None else message.fields["code"]),
        )

    def _ask(
        self,
        request: Callable[[int], bytes],
        on_answer: Callable[[Message | None], None],
        descriptors: tuple[int, ...] = (),
    ) -> None:
        self._number += 1
        number = self._number
        if self._control is None:
            on_answer(None)
            return
        self._waiting[number] = on_answer
        if not send(self._control, request(number), descriptors):
            self._lose("takes no request")
            return
        asyncio.get_running_loop().call_later(self._answer_limit_s, self._check, number)

    def _check(self, number: int) -> None:
        if number not in self._waiting:
            return
        self._on_message()  # it may be us who stood still, with the answer waiting in the socket
        if number in self._waiting:
            self._lose("does not answer")

    def _on_message(self) -> None:
        while self._control is not None:
            try:
                message = receive(self._control)
            except (BlockingIOError, InterruptedError):
                return
            except (OSError, ValueError) as error:
                self._lose(str(error))
                return
            if not message.fields:
                self._lose("died")
            else:
                self._on_fields(message)

    def _on_fields(self, message: Message) -> None:
        on_answer = self._waiting.pop(message.fields.get("id", 0), None)
        if on_answer is not None:
            on_answer(message)
        elif not self._ready.done():
            self._ready.set_result(None)

    def _lose(self, reason: str) -> None:
        """Give it up, and tell all who wait for an answer. What it has forked goes on."""
        if self._control is None:
            return
        log.warning("fork_server_lost", pid=self.pid, reason=reason)
        self._release()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            asyncio.get_running_loop().run_in_executor(None, self._process.wait)
        if not self._ready.done():
            self._ready.set_exception(ForkServerLost(reason))
        waiting, self._waiting = self._waiting, {}
        for on_answer in waiting.values():
            on_answer(None)

    def _release(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control)
            control.close()

    async def close(self) -> None:
        """Leave no server behind. May be called twice, and without a start. What it has forked goes on."""
        self._release()
        process = self._process
        if process is None:
            return
        try:
            await asyncio.to_thread(process.wait, CLOSE_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
