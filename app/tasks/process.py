"""A scan's own process: `python -m app.tasks.process`, started by the embedded runner.

- stdin: first line the order (job and settings), then commands; its end means that the parent is gone.
- stdout: hints and ticks for the parent, nothing else; whatever prints goes to stderr.
- Exit code: 0 when the job ended by itself, 3 when it left a checkpoint, 4 when it could not begin for want of a
  resource, anything else is a crash.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from types import MappingProxyType
from typing import Any, Final, TypeVar

import aiohttp
import orjson
import structlog
import uvloop

from app.core.aio import report_briefly
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.logging import configure_logging
from app.core.private import keep_private, make_private_folder
from app.core.shortage import is_shortage
from app.events.journal import Journal
from app.scanstore.sqlite import SqliteScanStore
from app.services.lifecycle import Lifecycle
from app.services.texts import Texts
from app.tasks import family
from app.tasks.assembly import ScanFactory
from app.tasks.capture_room import LimitedRoom
from app.tasks.child import STARVED
from app.tasks.pipe import PipeBus
from app.tasks.priority import Foreground, step_back
from app.tasks.pulse import LoopPulse
from app.tasks.reporter import StopReason
from app.tasks.scan_job import JobSpec, Outcome, ScanJob, tell
from app.tasks.store_files import captures_dir, store_path
from app.tasks.store_keeper import StoreKeeper
from app.tasks.writer import UnitWriter

T = TypeVar("T")

READ_BYTES: Final = 65_536
EXIT_CODES: Final = MappingProxyType({Outcome.ORPHANED: 3, Outcome.STARVED: STARVED})
KILLED: Final = 137  # as a shell says it
CANCEL_LIMIT_S: Final = 1.8  # then the process ends as it is, and the parent says `cancelled`: 2 s are promised
ORPHAN_LIMIT_S: Final = 4.0  # for the checkpoint; the next holder of the store kills after 5 s
EXIT_LIMIT_S: Final = 1.0  # for threads that are stuck in a write
log = structlog.get_logger(__name__)


class ScanProcess:
    """Wires one job, and ends it in time whatever it is doing."""

    def __init__(
        self, *, spec: JobSpec, settings: Settings, orders: Iterator[bytes], pipe: int, foreground: Foreground
    ) -> None:
        self._foreground = foreground  # makes the threads that write
        self._orders = orders  # further lines of the input; ends with the parent
        self._spec = spec
        self._settings = settings
        self._pulse = LoopPulse()
        self._bus = PipeBus(descriptor=pipe, pulse=self._pulse, on_broken=self._parent_gone)
        self._loop: asyncio.AbstractEventLoop | None = None  # set by `run`
        self._job: ScanJob | None = None
        self._orphaned = threading.Event()

    async def run(self) -> Outcome:
        self._loop = asyncio.get_running_loop()
        report_briefly(self._loop, aiohttp.ClientError)
        settings, spec = self._settings, self._spec
        db = Database(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)
        clock, texts = SystemClock(), Texts(settings.language)
        path = store_path(settings.data_dir, spec.task_id, spec.run)
        for folder in (path.parent, captures_dir(settings.data_dir)):
            make_private_folder(folder)
        room = LimitedRoom(folder=captures_dir(settings.data_dir), settings=settings)
        writer = UnitWriter(Journal(db=db, bus=self._bus), self._foreground.call)
        self._job = ScanJob(
            spec=spec,
            db=db,
            writer=writer,
            lifecycle=Lifecycle(clock=clock, texts=texts),
            texts=texts,
            clock=clock,
            keeper=StoreKeeper(path=path, open_store=SqliteScanStore, clock=clock),
            make_scan=ScanFactory(settings, room),
            room=room,
            start=self._foreground.call,
            heartbeat_interval_s=settings.heartbeat_interval_s,
            log_lines_per_s=settings.scan_log_lines_per_s,
            log_max_bytes=settings.scan_log_max_bytes,
            pulse=self._pulse,
        )
        self._bus.start()
        threading.Thread(target=self._listen, name="commands", daemon=True).start()
        try:
            return await self._job.run()
        finally:
            end_after(EXIT_LIMIT_S)
            writer.close()
            self._bus.close(EXIT_LIMIT_S / 2)

    def _listen(self) -> None:
        """A thread of its own: commands arrive also while the loop computes."""
        for line in self._orders:
            order: dict[str, Any] = orjson.loads(line)
            match order.get("command"):
                case "cancel":
                    end_after(CANCEL_LIMIT_S)
                    self._stop(StopReason.CANCELLED)
                case "watched":
                    self._set_watched(bool(order["value"]))
        self._parent_gone()

    def _parent_gone(self) -> None:
        if not self._orphaned.is_set():
            self._orphaned.set()
            end_after(ORPHAN_LIMIT_S)
            self._stop(StopReason.ORPHANED)

    def _set_watched(self, watched: bool) -> None:
        if self._loop is not None and self._job is not None:
            tell(self._loop, self._job.set_watched, watched)

    def _stop(self, reason: StopReason) -> None:
        if self._loop is not None and self._job is not None:
            tell(self._loop, self._job.stop, reason)


def end_after(seconds: float) -> None:
    """Ends the process and its family in so many seconds, if it is still there then."""
    timer = threading.Timer(seconds, end_now)
    timer.daemon = True
    timer.start()


def end_now() -> None:
    """Without asking anybody. What is committed stands; what is not never was."""
    kill_family()
    os._exit(KILLED)


def kill_family() -> None:
    """Browsers and helpers of this process that are still there."""
    mark = os.environ.get(family.MARK)
    if mark is not None:
        family.kill(mark, but=os.getpid())


def read_lines(descriptor: int) -> Iterator[bytes]:
    """Lines of the input, without Python's buffered reader: its lock would outlive the thread that waits in it."""
    rest = b""
    while chunk := os.read(descriptor, READ_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def read_order(line: bytes) -> tuple[JobSpec, Settings]:
    """The first line of the input."""
    order: dict[str, Any] = orjson.loads(line)
    return JobSpec(**order["job"]), Settings(**order["settings"])


def claim_stdout() -> int:
    """The descriptor of the pipe to the parent. From now on what anybody prints goes to stderr."""
    pipe = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return pipe


def run_and_leave(work: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop that is never closed: what does not unwind may neither hold up the end nor fail in its course.

    The process ends right after.
    """
    return asyncio.Runner(loop_factory=uvloop.new_event_loop).run(work)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C and "stop" are the server's; it ends us by closing stdin
        signal.signal(number, signal.SIG_IGN)
    keep_private()
    foreground = Foreground()
    step_back()
    pipe = claim_stdout()
    orders = read_lines(sys.stdin.fileno())
    spec, settings = read_order(next(orders))
    configure_logging(settings.log_level)  # to stderr, redacted
    process = ScanProcess(spec=spec, settings=settings, orders=orders, pipe=pipe, foreground=foreground)
    outcome = run_and_leave(process.run())
    kill_family()
    log.info("scan_ended", task_id=spec.task_id, attempt=spec.attempt, outcome=outcome.value)
    return EXIT_CODES.get(outcome, 0)


def run_or_starve() -> int:
    """Run `main`; what fails for want of a resource ends with a code of its own, and without a traceback."""
    try:
        return main()
    except (OSError, MemoryError, DatabaseUnavailable) as error:
        if not (isinstance(error, DatabaseUnavailable) or is_shortage(error)):
            raise
        log.warning("scan_cannot_start", reason=str(error))
        return STARVED


if __name__ == "__main__":
    code = run_or_starve()
    sys.stderr.flush()
    os._exit(code)  # taking the interpreter apart costs a second on a busy machine, and a cancel has two in all
