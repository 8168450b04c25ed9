"""The server's side of the processes that make reports: fulfils `scans.ports.ReportProcesses`."""

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Final

import structlog

from app.captures.location import storage_variables
from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import ScannerError, Unavailable
from app.scans.ports import ReportOrder
from app.tasks import process_tree
from app.tasks.report_process.protocol import (
    HEADER,
    MAX_PIECE_BYTES,
    BrokenFrame,
    Kind,
    order_message,
    read_failure,
    read_header,
    settings_message,
)

MODULE: Final = "app.tasks.report_process.worker"
# A process that dies is noticed at once, and one that computes for too long is ended by its processor time (`worker`):
# this ends what waits for something that does not come. On an overloaded machine a PDF takes minutes.
PIECE_LIMIT_S: Final = 600.0
WARM_UP_AFTER_S: Final = 5.0  # when a server's start is over: from then on a report need not wait for a second
CLOSE_LIMIT_S: Final = 1.0
RETRY_AFTER_S: Final = 5
log = structlog.get_logger(__name__)


class PieceReader:
    """Fulfils `ReportPieces`: a socket of which the other end makes the report."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes | None:
        try:
            async with asyncio.timeout(PIECE_LIMIT_S):
                kind, body = await self._frame()
        except (EOFError, OSError, BrokenFrame, TimeoutError) as error:
            log.warning("report_process_died", reason=type(error).__name__)
            raise _failed() from error
        match kind:
            case Kind.PIECE:
                return body
            case Kind.DONE:
                return None
            case Kind.FAILED:
                raise self._error(body)

    async def _frame(self) -> tuple[Kind, bytes]:
        kind, size = read_header(await self._reader.readexactly(HEADER.size))
        return kind, await self._reader.readexactly(size)

    @staticmethod
    def _error(body: bytes) -> ScannerError:
        try:
            return read_failure(body)
        except (ValueError, KeyError, TypeError):
            return _failed()

    async def close(self) -> None:
        self._writer.transport.abort()


class ReportProcess:
    """One process that has loaded everything, and forks one for each report. On one event loop alone."""

    def __init__(self, settings: Settings, *, module: str = MODULE) -> None:
        self._settings = settings
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that forks; None while there is none."""
        return None if self._process is None else self._process.pid

    async def warm_up(self, clock: Clock) -> None:
        """Start it a while after the server."""
        await clock.sleep(WARM_UP_AFTER_S)
        with suppress(OSError):  # the first report tries again, and says so
            self._connected()

    async def open(self, order: ReportOrder) -> PieceReader:
        ours, theirs = None, None
        try:
            ours, theirs = socket.socketpair()
            self._hand_over(theirs)
            ours.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=ours, limit=MAX_PIECE_BYTES)
        except OSError as error:
            if ours is not None:
                ours.close()
            log.exception("report_process_not_started")
            raise _failed() from error
        finally:
            if theirs is not None:
                theirs.close()
        writer.write(order_message(order))  # a few hundred bytes: the socket takes them at once
        return PieceReader(reader, writer)

    def _hand_over(self, theirs: socket.socket) -> None:
        """Give the socket to the process; to a new one when that which was there is gone."""
        try:
            socket.send_fds(self._connected(), [b"\0"], [theirs.fileno()])
        except ConnectionError:
            self._drop()
            socket.send_fds(self._connected(), [b"\0"], [theirs.fileno()])

    def _connected(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            log.warning("report_process_died", code=self._process.returncode)
            self._release()
        if self._control is None:
            self._start()
        assert self._control is not None
        return self._control

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", self._module, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C of the terminal is the server's alone
                env=process_tree.allowed(os.environ),
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._control = ours
        message = settings_message(self._settings, storage_variables(os.environ))
        ours.send(message)  # far less than what a new socket takes

    def _release(self) -> subprocess.Popen[bytes] | None:
        control, self._control = self._control, None
        if control is not None:
            control.close()
        process, self._process = self._process, None
        return process

    def _drop(self) -> None:
        """Let go of a process that has hung up: it is gone, or about to be, so waiting takes no time."""
        process = self._release()
        if process is not None:
            process.kill()
            process.wait()

    async def close(self) -> None:
        """Leaves no process behind, once the readers have closed. May be called twice."""
        process = self._release()
        if process is None:
            return
        try:
            await asyncio.to_thread(process.wait, CLOSE_LIMIT_S)
        except subprocess.TimeoutExpired:  # it has not loaded everything yet
            process.kill()
            await asyncio.to_thread(process.wait)


def _failed() -> Unavailable:
    return Unavailable(code="report_failed", retry_after_s=RETRY_AFTER_S)
