"""The audit trail: who did what, with which outcome. Recording never waits and never fails.

What was denied is added up (`identity.denial_aggregator`): it is what people can cause who are not signed in.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import structlog

from app.core.aio import OnFailure, count_nothing, keep_running
from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Unavailable
from app.core.principal import ACTING_KEY
from app.identity.denial_aggregator import AuditOutcome, AuditRow, DenialAggregator
from app.identity.queries import audit

MAX_WAITING: Final = 10_000  # rows; beyond it the oldest is dropped and counted
BATCH: Final = 500  # rows of one transaction
FLUSH_AFTER_S: Final = 0.5  # a batch gathers for so long
RETRY_AFTER_S: Final = 1.0  # while the database takes nothing
WARN_AFTER_S: Final = 30.0  # rows are kept meanwhile: a database that is busy for a moment concerns nobody
STOP_WITHIN_S: Final = 5.0

log = structlog.get_logger(__name__)


class AuditTrail:
    """Rows wait in a bounded queue and are written in batches by one task, off the hot path."""

    def __init__(
        self, *, db: Database, clock: Clock, max_waiting: int = MAX_WAITING, on_failure: OnFailure = count_nothing
    ) -> None:
        self._db = db
        self._clock = clock
        self._waiting: deque[AuditRow] = deque()
        self._max_waiting = max_waiting
        self._on_failure = on_failure
        self._denials = DenialAggregator()
        self._some = asyncio.Event()  # set while rows wait, or refusals are being counted
        self._under_way: asyncio.Future[None] | None = None  # the newest batch; its rows wait no longer
        self._task: asyncio.Task[None] | None = None  # set between start and stop
        self._unreported = 0  # dropped rows that no row tells of yet
        self._refused_since: float | None = None  # set while the database takes nothing
        self._has_warned = False  # of this refusal
        self.dropped = 0  # rows lost to a full queue since the start

    def record(
        self,
        action: str,
        outcome: AuditOutcome = "ok",
        *,
        user_id: str | None = None,
        address: str | None = None,
        object_id: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> bool:
        """Remember one row; False when it was only counted, as one more of a kind. From the event loop only.

        What was done with an API key says so (`detail.key`).
        """
        key_id = ACTING_KEY.get()
        said = {**(detail or {}), "key": key_id} if key_id and key_id != object_id else detail or {}
        row = AuditRow(self._clock.now(), action, outcome, user_id, address, object_id, said)
        self._some.set()
        if outcome == "denied" and not self._denials.note(row, self._clock.monotonic()):
            return False
        self._add(row)
        return True

    async def start(self) -> None:
        writing = keep_running(self._run, name="audit-trail", on_failure=self._on_failure)
        self._task = asyncio.create_task(writing, name="audit-trail")

    async def stop(self) -> None:
        """Writes what waits, as far as the database lets us within `STOP_WITHIN_S`."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait([task])
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await self.flush()
        except (Unavailable, TimeoutError):
            log.warning("audit_rows_lost", count=len(self._waiting))

    async def flush(self) -> None:
        """Writes all that waits or was counted so far, what somebody else is writing included.

        Raises DatabaseUnavailable; what was not written waits on.
        """
        for row in self._denials.take_all():
            self._add(row)
        await self._write_waiting()

    def _add(self, row: AuditRow) -> None:
        if len(self._waiting) >= self._max_waiting:
            self._waiting.popleft()
            self.dropped += 1
            self._unreported += 1
        self._waiting.append(row)

    async def _write_waiting(self) -> None:
        while self._under_way is not None and not self._under_way.done():  # the next one, too
            await asyncio.wait([self._under_way])
        while self._waiting or self._unreported:
            await self._write_batch()
        if not self._denials:
            self._some.clear()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await self._clock.sleep(FLUSH_AFTER_S)
            for row in self._denials.take_ended(self._clock.monotonic()):
                self._add(row)
            try:
                await self._write_waiting()
            except Unavailable as error:
                self._note_refusal(error)
                await self._clock.sleep(RETRY_AFTER_S)
            else:
                self._refused_since, self._has_warned = None, False

    def _note_refusal(self, error: Unavailable) -> None:
        now = self._clock.monotonic()
        self._refused_since = now if self._refused_since is None else self._refused_since
        if not self._has_warned and now - self._refused_since >= WARN_AFTER_S:
            self._has_warned = True
            log.warning("audit_waits", reason=error.message, waiting=len(self._waiting))

    async def _write_batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        lost, self._unreported = self._unreported, 0
        rows = [row.values() for row in batch]
        if lost:
            rows.append(AuditRow(self._clock.now(), "audit.dropped", "failed", detail={"count": lost}).values())
        writing = asyncio.ensure_future(self._db.write(lambda connection: audit.add_all(connection, rows)))
        self._under_way = writing
        try:
            await asyncio.shield(writing)
        finally:
            if not writing.done():  # we are cancelled; what is under way ends by itself, within the busy timeout
                await asyncio.wait([writing])
            if writing.exception() is not None:
                self._waiting.extendleft(reversed(batch))
                self._unreported += lost
