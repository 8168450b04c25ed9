"""Streams a report that another process makes, piece by piece, at the reader's pace."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.principal import Principal
from app.core.read_limits import ReportSlots
from app.domain.task_row import TaskRow
from app.scans.ports import ReportOrder, ReportPieces, ReportProcesses
from app.scans.result_reader import ResultReader
from app.scans.shown_run import RunRef

# A reader that takes a report more slowly than this keeps its slot from others, and is cut off.
GRACE_S: Final = 60.0
LEAST_BYTES_PER_S: Final = 32_768


class ReportStream:
    """Begun by `ReportStreams.open`: its first piece is there. Iterate, and `close` in any case.

    `row`: the task as the run left it of which the report is; None: the report is of many.
    """

    def __init__(
        self,
        pieces: ReportPieces,
        first: bytes | None,
        *,
        row: TaskRow | None,
        clock: Clock,
        on_close: Callable[[], None],
    ) -> None:
        self.row = row
        self._pieces = pieces
        self._first = first
        self._clock = clock
        self._on_close = on_close
        self._is_closed = False

    @property
    def attempt(self) -> int | None:
        return None if self.row is None else self.row.attempt

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Raises Unavailable: it cannot be made to its end, or is read too slowly."""
        taken_s, size, piece = 0.0, 0, self._first
        while piece is not None:
            given_at = self._clock.monotonic()
            yield piece
            taken_s += self._clock.monotonic() - given_at  # what making it takes is not the reader's doing
            size += len(piece)
            if taken_s > GRACE_S + size / LEAST_BYTES_PER_S:
                raise Unavailable(text="report_too_slow")
            piece = await self._pieces.read()

    async def close(self) -> None:
        """End what makes it, and give the slot back. May be called twice: the slot may be another stream's by then."""
        if not self._is_closed:
            self._is_closed = True
            self._on_close()
        await self._pieces.close()


class ReportStreams:
    """Opens the streams of one kind of document: one for each user, `in_all` for everybody."""

    def __init__(self, *, results: ResultReader, processes: ReportProcesses, clock: Clock, in_all: int) -> None:
        self._results = results
        self._processes = processes
        self._clock = clock
        self._slots = ReportSlots(in_all=in_all)

    async def open(
        self, principal: Principal, wanted: RunRef, order_for: Callable[[TaskRow], ReportOrder]
    ) -> ReportStream:
        """Begin what `order_for` asks for of the wanted run; the caller closes it.

        Its first piece is read here, so that what is missing can still be a status.

        Raises:
            NotFound: there is no such task for this principal, or not what the order names.
            LimitReached, Unavailable: as `ReportSlots.take` and `ReportPieces.read`.
        """

        async def find() -> tuple[TaskRow, ReportOrder]:
            row = await self._results.find(principal, wanted)
            return row, order_for(row)

        return await self._begin(principal, find)

    async def open_for_many(self, principal: Principal, find: Callable[[], Awaitable[ReportOrder]]) -> ReportStream:
        """Begin what `find` asks for, which is of no task alone. Raises as `open`, and what `find` raises."""

        async def found() -> tuple[None, ReportOrder]:
            return None, await find()

        return await self._begin(principal, found)

    async def _begin(
        self, principal: Principal, find: Callable[[], Awaitable[tuple[TaskRow | None, ReportOrder]]]
    ) -> ReportStream:
        self._slots.take(principal.waits_as)
        pieces: ReportPieces | None = None
        try:
            row, order = await find()
            pieces = await self._processes.open(order)
            first = await pieces.read()
        except BaseException:
            self._slots.leave(principal.waits_as)
            if pieces is not None:
                await pieces.close()
            raise
        return ReportStream(
            pieces, first, row=row, clock=self._clock, on_close=lambda: self._slots.leave(principal.waits_as)
        )
