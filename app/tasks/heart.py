"""The heartbeat of an attempt: a thread that raises its counter and learns whether it still owns the task."""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from app.core.db import Database, DatabaseUnavailable
from app.repositories import tasks
from app.services.recorder import Ownership, Recorder
from app.tasks.pulse import LoopPulse

LAST_BEAT_S: Final = 1.0  # for one that is under way
log = structlog.get_logger(__name__)


class ReportedRoom(Protocol):
    """What the scan keeps of its captures (`tasks.capture_room`)."""

    def unreported(self) -> int:
        """Bytes that the database does not know yet."""
        ...

    def reported(self, size: int, user_bytes: int, all_bytes: int) -> None:
        """It knows so many more of them, and says how many the user and all keep."""
        ...


class Heart(threading.Thread):
    """Beats every `interval_s` until `stop`, or until the attempt is no longer ours.

    `on_cancel` and `on_lost` are called from this thread, each at most once. While the event loop hangs it does not
    beat: the observer then takes the task over.
    """

    def __init__(
        self,
        *,
        db: Database,
        recorder: Recorder,
        pulse: LoopPulse,
        interval_s: float,
        on_cancel: Callable[[], None],
        on_lost: Callable[[], None],
        room: ReportedRoom | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name="heart", daemon=True)
        self._db = db
        self._recorder = recorder
        self._pulse = pulse
        self._interval_s = interval_s
        self._on_cancel = on_cancel
        self._on_lost = on_lost
        self._room = room
        self._monotonic = monotonic
        self._stopped = threading.Event()
        self._counted_at = monotonic()  # up to here the running time is in the database
        self._untold = 0  # bytes of captures that the database knows of, and that the room was not told of yet
        self._cancel_told = False

    def stop(self) -> None:
        """No further beat begins."""
        self._stopped.set()

    def finish(self) -> None:
        """The last beat, so that what was counted since the one before is not lost. After `stop`; blocks."""
        self.join(LAST_BEAT_S)
        if not self.is_alive():
            self.beat()

    def run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            if not self._pulse.is_turning:
                log.error("scan_loop_hangs")
                continue
            if not self.beat():
                return

    def beat(self) -> bool:
        """One beat. False: the attempt is lost. A database that is away costs beats, nothing else."""
        now = self._monotonic()
        try:
            owned = self._count(now)
        except DatabaseUnavailable as error:
            log.warning("heartbeat_missed", reason=error.message)
            return True
        if owned is None:
            if not self._stopped.is_set():
                self._on_lost()
            return False
        if owned.cancel_requested and not self._cancel_told:
            self._cancel_told = True
            self._on_cancel()
        return True

    def _count(self, now: float) -> Ownership | None:
        """What is committed is counted, also when what is asked afterwards fails."""
        running_s = now - self._counted_at
        kept = 0 if self._room is None else self._room.unreported() - self._untold
        owned = self._db.write_sync(lambda c: self._recorder.heartbeat(c, running_s, kept))
        self._counted_at = now
        self._untold += kept
        if self._room is not None and owned is not None:
            usage = self._db.read_sync(lambda c: tasks.capture_usage(c, self._recorder.task_id))
            self._room.reported(self._untold, *usage)
            self._untold = 0
        return owned
