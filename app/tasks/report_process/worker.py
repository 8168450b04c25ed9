"""The processes that make reports: `python -m app.tasks.report_process.worker`, started by `ReportProcess`.

The first one loads everything once, which takes a second, and forks a process for each report: what a report takes of
memory goes with it, and what it does wrong ends nobody else. It ends when its reader is gone, whatever it is doing.
"""

import gc
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import structlog

from app.core.config import Settings
from app.core.db import Database
from app.core.errors import NotFound, Unavailable
from app.core.json_chunks import split
from app.core.logging import configure_logging
from app.scans.ports import ReportOrder
from app.scans.result_reader import unreadable
from app.scanstore.errors import ScanStoreError
from app.tasks.report_process.maker import build_report_maker
from app.tasks.report_process.protocol import SIZE, Kind, failure, frame, read_order, read_settings

MAX_MEMORY: Final = 2 * 1024**3  # bytes of address space, of which the program itself has a quarter
MAX_CPU_S: Final = 1_800  # the workbook of 200,000 third parties takes half a minute
KILL_AFTER_S: Final = 10  # of processor time, when the first limit was not heeded
NICE: Final = 5  # a third of the weight, as a scan; more would starve it on a machine that is busy anyway
_AUTOGROUP: Final = Path("/proc/self/autogroup")
log = structlog.get_logger(__name__)
Make = Callable[[ReportOrder], Iterator[bytes]]


class OutOfTime(Exception):
    """The report has taken all the processor time that one may."""


def serve(control: socket.socket, make: Make) -> None:
    """Fork a process for every socket that comes, until the server hangs up."""
    gc.collect()
    gc.freeze()  # what all processes share stays shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended: the kernel takes them away
    while True:
        said, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not said:
            return
        channel = socket.socket(fileno=descriptors[0])
        with suppress(OSError):  # no further process may be started: the server sees the end of the socket
            _fork(channel, control, make)
        channel.close()


def _fork(channel: socket.socket, control: socket.socket, make: Make) -> None:
    if os.fork():
        return
    try:
        control.close()
        _limit()
        _answer(channel, make)
    except OSError:
        os._exit(0)  # nobody reads any more
    finally:
        os._exit(1)


def _answer(channel: socket.socket, make: Make) -> NoReturn:
    order = read_order(_receive(channel))
    threading.Thread(target=_end_with, args=(channel,), daemon=True).start()
    channel.sendall(_last_frame(channel, make, order))
    channel.shutdown(socket.SHUT_WR)
    os._exit(0)


def _last_frame(channel: socket.socket, make: Make, order: ReportOrder) -> bytes:
    """Send the pieces, and return how it ended. The border of a report: whatever it makes our code do ends here."""
    try:
        for piece in make(order):
            for part in split(piece):
                channel.sendall(frame(Kind.PIECE, part))
    except OSError as error:
        if isinstance(error, BrokenPipeError | ConnectionError):
            raise
        log.exception("report_failed", task_id=order.task_id, kind=order.kind)
        return failure(Unavailable(code="report_failed"))
    except (NotFound, Unavailable) as error:
        return failure(error)
    except ScanStoreError as error:
        return failure(unreadable(error))
    except (MemoryError, OutOfTime) as error:
        log.warning("report_too_large", task_id=order.task_id, kind=order.kind, reason=type(error).__name__)
        return failure(Unavailable(code="report_failed", text="report_too_large"))
    except Exception:
        log.exception("report_failed", task_id=order.task_id, kind=order.kind)
        return failure(Unavailable(code="report_failed"))
    return frame(Kind.DONE)


def _end_with(channel: socket.socket) -> None:
    """End this process when its reader is gone: it may be far from its next piece."""
    with suppress(OSError):
        channel.recv(1)
    os._exit(0)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S + KILL_AFTER_S))
    signal.signal(signal.SIGXCPU, _stop)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise OutOfTime


def _receive(channel: socket.socket) -> bytes:
    """Return what `SIZE` announces. Raises ConnectionError when the other side is gone."""
    (size,) = SIZE.unpack(_exactly(channel, SIZE.size))
    return _exactly(channel, size)


def _exactly(channel: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = channel.recv(size - len(received))
        if not piece:
            raise ConnectionResetError
        received += piece
    return received


def _lower_priority() -> None:
    """Also that of the session: Linux shares the processor out by session where it can."""
    os.nice(NICE)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # not on this kernel
            _AUTOGROUP.write_text(str(NICE))


def make_with(settings: Settings, storage_variables: Mapping[str, str]) -> Make:
    """Return what makes one report. The database is opened by the process that makes it: none survives a fork."""

    def make(order: ReportOrder) -> Iterator[bytes]:
        db = Database(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)
        return build_report_maker(settings, db, storage_variables).pieces(order)

    return make


def run(control: socket.socket, make_for: Callable[[Settings, Mapping[str, str]], Make] = make_with) -> None:
    """Serve until the server is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's business, and we end with it
    _lower_priority()
    try:
        settings, storage_variables = read_settings(_receive(control))
    except ConnectionError:
        return
    configure_logging(settings.log_level, settings.log_format)
    serve(control, make_for(settings, storage_variables))


if __name__ == "__main__":
    run(socket.socket(fileno=int(sys.argv[1])))
