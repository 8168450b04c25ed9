"""The heartbeat of an attempt: a thread that raises its counter, and learns whether the attempt is still ours."""

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from app.core.db import Database, DatabaseUnavailable
from app.findings.recorder import Ownership, Recorder
from app.scans.queries import tasks
from app.tasks.sink.reporter import StopReason
from app.tasks.sink.writer import ThreadStarter
from app.tasks.worker.capture_quota import LimitedCaptureQuota
from app.tasks.worker.loop_watchdog import LoopWatchdog

LAST_BEAT_S: Final = 1.0  # how long a beat that is under way is waited for
log = structlog.get_logger(__name__)


class WorkerHeartbeat(threading.Thread):
    """Beats every `interval_s` until `stop`, or until the attempt is no longer ours.

    `stop_job` is called from this thread, at most once for each reason. While the event loop hangs it does not beat:
    the monitor then takes the task over.
    """

    def __init__(
        self,
        *,
        db: Database,
        recorder: Recorder,
        watchdog: LoopWatchdog,
        interval_s: float,
        stop_job: Callable[[StopReason], None],
        quota: LimitedCaptureQuota | None = None,
        starter: ThreadStarter | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`starter` says where the thread comes from (`tasks.worker.priority`)."""
        super().__init__(name="heartbeat", daemon=True)
        self._db = db
        self._recorder = recorder
        self._watchdog = watchdog
        self._interval_s = interval_s
        self._stop_job = stop_job
        self._quota = quota
        self._starter = starter
        self._monotonic = monotonic
        self._stopped = threading.Event()
        self._counted_at = monotonic()  # up to here the running time is in the database
        self._unacknowledged = 0  # bytes of captures that are in the database; the quota does not know that yet
        self._cancel_reported = False

    def start(self) -> None:
        if self._starter is None:
            super().start()
        else:
            self._starter(super().start)

    def stop(self) -> None:
        """Begin no further beat."""
        self._stopped.set()

    def finish(self) -> None:
        """Make the last beat, so that what was counted since the one before is not lost. After `stop`; blocks."""
        self.join(LAST_BEAT_S)
        if not self.is_alive():
            self.beat()

    def run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            if not self._watchdog.is_turning:
                log.error("event_loop_hangs")
                continue
            if not self.beat():
                return

    def beat(self) -> bool:
        """Make one beat. False: the attempt is lost. A database that is away costs beats, nothing else; nor does any
        other error: a healthy scan must not seem lost for one that nobody has thought of.
        """
        now = self._monotonic()
        try:
            owned = self._count(now)
        except DatabaseUnavailable as error:
            log.warning("heartbeat_missed", reason=error.message)
            return True
        except Exception:  # the boundary of a thread
            log.exception("heartbeat_failed")
            return True
        if owned is None:
            if not self._stopped.is_set():
                self._stop_job(StopReason.LOST)
            return False
        if owned.cancel_requested and not self._cancel_reported:
            self._cancel_reported = True
            self._stop_job(StopReason.CANCELLED)
        return True

    def _count(self, now: float) -> Ownership | None:
        """Add up what was not counted yet. What is committed stays counted, also when the read behind it fails."""
        running_s = now - self._counted_at
        kept = 0 if self._quota is None else self._quota.unreported() - self._unacknowledged
        owned = self._db.write_sync(lambda c: self._recorder.heartbeat(c, running_s, kept))
        self._counted_at = now
        self._unacknowledged += kept
        if self._quota is not None and owned is not None:
            usage = self._db.read_sync(lambda c: tasks.capture_usage(c, self._recorder.task_id))
            self._quota.reported(self._unacknowledged, *usage)
            self._unacknowledged = 0
        return owned
