"""A scan's own process: `python -m app.tasks.worker.main`, started by the embedded runner.

What goes through stdin and stdout, and what the exit code says, stands in `tasks.process_protocol`. What a library
prints goes to stderr.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeVar

import aiohttp
import orjson
import structlog
import uvloop

from app.captures.location import open_storage
from app.captures.port import ContentStorage
from app.captures.quota import CaptureQuota
from app.core import trace_context, tracing
from app.core.aio import call_on_loop, report_briefly
from app.core.clock import Clock, SystemClock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.file_permissions import make_private_folder, set_private_umask
from app.core.heap import OF_SCANS, settle_heap
from app.core.logging import configure_logging
from app.core.resource_exhaustion import is_resource_exhaustion
from app.domain.findings import AssessedFinding
from app.domain.messages import MessageCatalog
from app.domain.third_parties import PartyCoverage
from app.engines.capture.render_service import OpenRenderService
from app.engines.parsing.launch import Launch, ReadyParent
from app.engines.scope import parse_target
from app.events.writer import EventWriter
from app.findings.evidence.exposures import Assessor, Site
from app.findings.run_findings import Grouped
from app.lists.files import ListFiles
from app.lists.scan_lists import ScanListFinder
from app.scans.lifecycle import Lifecycle
from app.scanstore.files import captures_dir
from app.scanstore.location import open_stores
from app.scanstore.port import ScanStores
from app.tasks import process_tree
from app.tasks.process_protocol import EXIT_CHECKPOINT_LEFT, EXIT_NO_RESOURCES, JobSpec, read_order, telemetry_variables
from app.tasks.scan_tasks import run_scan
from app.tasks.sink.reporter import StopReason
from app.tasks.sink.writer import RetryingWriter
from app.tasks.worker.capture_quota import LimitedCaptureQuota
from app.tasks.worker.earlier_findings import EarlierFindings
from app.tasks.worker.heartbeat import WorkerHeartbeat
from app.tasks.worker.known_looks import StoredLooks
from app.tasks.worker.local_models import StoredModels
from app.tasks.worker.loop_watchdog import LoopWatchdog
from app.tasks.worker.pipe_bus import PipeBus
from app.tasks.worker.priority import NICE, ThreadSpawner, lower_priority
from app.tasks.worker.render_service import render_service_of
from app.tasks.worker.scan_factory import ScanFactory
from app.tasks.worker.scan_job import JobOutcome, ScanJob
from app.tasks.worker.store_lease import StoreLease
from app.tasks.worker.store_place import place_of

T = TypeVar("T")

READ_BYTES: Final = 65_536
EXIT_CODES: Final = MappingProxyType(
    {JobOutcome.ORPHANED: EXIT_CHECKPOINT_LEFT, JobOutcome.NO_RESOURCES: EXIT_NO_RESOURCES}
)
KILLED: Final = 137  # as a shell says it
CANCEL_LIMIT_S: Final = 1.8  # then the process ends as it is, and the parent says `cancelled`: 2 s are promised
ORPHAN_LIMIT_S: Final = 4.0  # for the checkpoint; the next holder of the store kills after 5 s
BATCH_LOCK_TIMEOUT_S: Final = 0.5  # on PostgreSQL; what is refused is tried again
HEARTBEAT_LOCK_TIMEOUT_S: Final = 2.0
EXIT_LIMIT_S: Final = 1.0  # for threads that are stuck in a write
log = structlog.get_logger(__name__)


class ScanProcess:
    """Wires one job, and ends it in time whatever it is doing."""

    def __init__(
        self,
        *,
        spec: JobSpec,
        settings: Settings,
        storage_variables: Mapping[str, str],
        orders: Iterator[bytes],
        pipe: int,
        spawner: ThreadSpawner,
        launch_parsers: Launch,
    ) -> None:
        self._spawner = spawner  # makes the threads that write
        self._launch_parsers = launch_parsers
        self._orders = orders  # further lines of the input; ends with the parent
        self._spec = spec
        self._settings = settings
        self._storage_variables = storage_variables  # of object storage, when the captures lie there
        self._watchdog = LoopWatchdog()
        self._bus = PipeBus(descriptor=pipe, watchdog=self._watchdog, on_broken=self._parent_gone)
        self._loop: asyncio.AbstractEventLoop | None = None  # set by `run`
        self._job: ScanJob | None = None
        self._orphaned = threading.Event()

    async def run(self) -> JobOutcome:
        self._loop = asyncio.get_running_loop()
        self._bus.announce()
        report_briefly(self._loop, aiohttp.ClientError)
        settings, spec = self._settings, self._spec
        db, heartbeat_db = open_databases(settings)
        clock, texts = SystemClock(), MessageCatalog(settings.language)
        place = place_of(settings, spec.task_id, spec.run, spec.attempt)
        folder = captures_dir(settings.data_dir)
        captures = open_storage(folder, settings.captures_url, self._storage_variables)
        if settings.captures_url is None:
            make_private_folder(folder)
        quota = LimitedCaptureQuota(folder=folder if settings.captures_url is None else None, settings=settings)
        render_service = render_service_of(settings, spec, db=db, want_browser=self._bus.want_browser)
        writer = RetryingWriter(EventWriter(db=db, bus=self._bus), self._spawner.call)
        self._job = ScanJob(
            spec=spec,
            db=db,
            writer=writer,
            lifecycle=Lifecycle(clock=clock, texts=texts),
            texts=texts,
            clock=clock,
            lease=StoreLease(place, clock),
            make_scan=self._scan_factory(db, clock, captures, quota, render_service),
            assess=partial(assess_stored, open_stores(settings).stores, spec),
            read_parties=partial(read_parties, open_stores(settings).stores, spec),
            make_heartbeat=partial(
                WorkerHeartbeat,
                db=heartbeat_db,
                watchdog=self._watchdog,
                interval_s=settings.heartbeat_interval_s,
                quota=quota,
                starter=self._spawner.call,
            ),
            note_capture_usage=partial(quota.reported, 0),
            log_lines_per_s=settings.scan_log_lines_per_s,
            log_max_bytes=settings.scan_log_max_bytes,
        )
        self._bus.start()
        touching = asyncio.create_task(self._watchdog.keep_touching(), name="loop-watchdog")
        threading.Thread(target=self._listen, name="commands", daemon=True).start()
        try:
            with tracing.span("scan", task_id=spec.task_id, attempt=spec.attempt):
                trace_context.adopt(trace_context.given())  # of the threads that write
                return await run_scan(self._job)
        finally:
            touching.cancel()
            end_after(EXIT_LIMIT_S)
            writer.close()
            self._bus.close(EXIT_LIMIT_S / 2)

    def _scan_factory(
        self,
        db: Database,
        clock: Clock,
        captures: ContentStorage,
        quota: CaptureQuota,
        open_render_service: OpenRenderService,
    ) -> ScanFactory:
        settings = self._settings
        return ScanFactory(
            settings,
            captures,
            quota,
            open_render_service,
            StoredModels(db, self._bus.count_verdicts),
            ScanListFinder(settings.reputation_lists, db, list_files_of(settings, db)),
            StoredLooks(db),
            EarlierFindings(db, clock, settings.recheck_after_s),
            self._launch_parsers,
            self._bus.count_rechecks,
        )

    def _listen(self) -> None:
        """Read commands, in a thread of its own: they arrive also while the loop computes."""
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
            call_on_loop(self._loop, self._job.set_watched, watched)

    def _stop(self, reason: StopReason) -> None:
        if self._loop is not None and self._job is not None:
            call_on_loop(self._loop, self._job.stop, reason)


def assess_stored(stores: ScanStores, spec: JobSpec, grouped: Grouped) -> Sequence[AssessedFinding]:
    """Say how much findings weigh, by what the store of the run holds. Blocking. Raises ScanStoreError."""
    with stores.reader(spec.task_id, spec.run) as reader:
        return Assessor(reader, Site(parse_target(spec.target_domain).registrable)).assess(grouped)


def read_parties(stores: ScanStores, spec: JobSpec) -> PartyCoverage:
    """Say what came of looking at the third parties. Blocking. Raises ScanStoreError."""
    with stores.reader(spec.task_id, spec.run) as reader:
        return reader.party_coverage()


def list_files_of(settings: Settings, db: Database) -> ListFiles:
    """Return where the scan finds what lists were made into."""
    return ListFiles(db=db, data_dir=settings.data_dir, shared=not settings.embedded)


def open_databases(settings: Settings) -> tuple[Database, Database]:
    """Return what the scan writes through, and what its heartbeat does.

    A batch holds the task's row, which the heartbeat raises, while it waits for a table that somebody has locked. So it
    waits for a moment only and is tried again, and the heartbeat, which has a connection of its own, waits longer than
    that: its turn comes in between. On SQLite there is one lock, and nobody has it and waits for another.
    """
    url, busy_timeout_s = settings.resolved_database_url, settings.database_busy_timeout_s
    if settings.embedded:
        db = Database(url, busy_timeout_s=busy_timeout_s)
        return db, db
    return (
        Database(url, busy_timeout_s=busy_timeout_s, lock_timeout_s=BATCH_LOCK_TIMEOUT_S),
        Database(url, busy_timeout_s=HEARTBEAT_LOCK_TIMEOUT_S),
    )


def end_after(seconds: float) -> None:
    """End the process and its descendants in so many seconds, if it is still there then."""
    timer = threading.Timer(seconds, end_now)
    timer.daemon = True
    timer.start()


def end_now() -> None:
    """End the process at once. What is committed stands; what is not never was."""
    kill_descendants()
    os._exit(KILLED)


def kill_descendants() -> None:
    """Kill the browsers and parsers of this process that are still there."""
    mark = os.environ.get(process_tree.MARK)
    if mark is not None:
        process_tree.kill(mark, but=os.getpid())


def read_lines(descriptor: int) -> Iterator[bytes]:
    """Yield lines of the input, without Python's buffered reader: its lock would outlive a thread that waits in it."""
    rest = b""
    while chunk := os.read(descriptor, READ_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def claim_stdout() -> int:
    """Return the descriptor of the pipe to the parent. From now on what a library prints goes to stderr."""
    pipe = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return pipe


def run_and_leave(work: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop that is never closed: a task that does not unwind neither delays the end nor leaves a traceback.

    The process ends right after.
    """
    return asyncio.Runner(loop_factory=uvloop.new_event_loop).run(work)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C and "stop" are the server's; it ends us by closing stdin
        signal.signal(number, signal.SIG_IGN)
    set_private_umask()
    parsers = ReadyParent(nice=NICE)  # before there are threads, and anything that a parser must not know
    spawner = ThreadSpawner()
    lower_priority()
    pipe = claim_stdout()
    orders = read_lines(sys.stdin.fileno())
    order = next(orders, None)
    if order is None:  # the parent was gone before it said anything
        return EXIT_CHECKPOINT_LEFT
    spec, settings, storage_variables = read_order(order)
    configure_logging(settings.log_level, settings.log_format)  # to stderr, redacted
    trace_context.adopt(trace_context.read_header(spec.trace or ""))
    os.environ |= telemetry_variables(storage_variables)
    tracing.configure_tracing(settings.traces_url, process="scan")
    process = ScanProcess(
        spec=spec,
        settings=settings,
        storage_variables=storage_variables,
        orders=orders,
        pipe=pipe,
        spawner=spawner,
        launch_parsers=parsers.launch,
    )
    settle_heap(collect_every=OF_SCANS)
    outcome = run_and_leave(process.run())
    kill_descendants()
    tracing.end_tracing(EXIT_LIMIT_S / 2)
    log.info("scan_ended", task_id=spec.task_id, attempt=spec.attempt, outcome=outcome.value)
    return EXIT_CODES.get(outcome, 0)


def run_or_report_shortage() -> int:
    """Run `main`; what fails for want of a resource ends with a code of its own, and without a traceback."""
    try:
        return main()
    except (OSError, MemoryError, DatabaseUnavailable) as error:
        if not (isinstance(error, DatabaseUnavailable) or is_resource_exhaustion(error)):
            raise
        log.warning("scan_cannot_start", reason=str(error))
        return EXIT_NO_RESOURCES


def preload() -> None:
    """Make what the parsers of all scans share."""
    from app.engines.parsing.jobs import Jobs

    Jobs(target="sample.example").prepare()


def run_process() -> NoReturn:
    """Run it to the end of the process, whose parts are not taken apart: that costs a second on a busy machine, and a
    cancel has two in all.
    """
    code = run_or_report_shortage()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run_process()
