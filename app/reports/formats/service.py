"""The use case: the report of a scan in any format, in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import InvalidInput
from app.core.principal import Principal
from app.domain.report_format import ReportFormat, content_type
from app.domain.targets import TargetParser
from app.domain.task_row import TaskRow
from app.orders.service import find_order
from app.scans.ports import ReportOrder, ReportProcesses
from app.scans.report_stream import ReportStream, ReportStreams
from app.scans.result_reader import ResultReader
from app.scans.shown_run import RunRef
from app.scanstore.port import ScanStores

OF_A_PART: Final = (ReportFormat.HTML, ReportFormat.PDF, ReportFormat.ZIP)  # the others are of a whole scan


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file that has begun; the caller closes its stream."""

    stream: ReportStream
    content_type: str
    file_name: str


class ReportFileService:
    """Gives out reports while they are made, in processes: the event loop shares its interpreter with every thread."""

    def __init__(
        self,
        *,
        db: Database,
        stores: ScanStores,
        targets: TargetParser,
        clock: Clock,
        processes: ReportProcesses,
        reports_at_once: int,
    ) -> None:
        self._db = db
        self._targets = targets
        self._clock = clock
        self._results = ResultReader(db=db, stores=stores, threads=1, name="report-rows")
        self._streams = ReportStreams(results=self._results, processes=processes, clock=clock, in_all=reports_at_once)

    def close(self) -> None:
        """Waits for what is being read."""
        self._results.close()

    async def open(
        self, principal: Principal, wanted: RunRef, kind: ReportFormat, language: str, findings: Sequence[str] = ()
    ) -> ReportFile:
        """Begin the file, of these `findings` alone or, without any, of all.

        Raises as `ReportStreams.open`, and:
            InvalidInput: the format has no report of a part.
            NotFound: one is no finding of the scan.
        """
        only = tuple(sorted(set(findings)))
        if only and kind not in OF_A_PART:
            raise InvalidInput(text="report_part_format")

        def order_for(row: TaskRow) -> ReportOrder:
            return order_of(
                row,
                self._targets,
                self._clock,
                kind=kind,
                language=language,
                made_by=principal.username,
                is_shared=principal.is_link,
                findings=only,
            )

        stream = await self._streams.open(principal, wanted, order_for)
        assert stream.row is not None  # of one task
        return ReportFile(stream, content_type(kind), file_name(stream.row, kind, only))

    async def open_order(self, principal: Principal, order_id: str, kind: ReportFormat, language: str) -> ReportFile:
        """Begin the report of an order. Raises as `ReportStreams.open`."""
        row = await self._db.read(lambda connection: find_order(connection, order_id, principal))

        async def find() -> ReportOrder:
            return order_of_many(order_id, self._clock, kind=kind, language=language, made_by=principal.username)

        stream = await self._streams.open_for_many(principal, find)
        return ReportFile(stream, content_type(kind), f"compliance-order-{row.created_at:%Y-%m-%d-%H%M}.{kind}")

    async def open_parties(
        self, principal: Principal, request: Mapping[str, Any], kind: ReportFormat, language: str
    ) -> ReportFile:
        """Begin the table of third parties of all sites. `request`: of `inventory.party_export`. Raises LimitReached
        and Unavailable as `ReportStreams.open`.
        """

        async def find() -> ReportOrder:
            return ReportOrder(
                task_id="",
                attempt=0,
                site="",
                kind=kind.value,
                language=language,
                made_at=self._clock.now(),
                parties=request,
            )

        stream = await self._streams.open_for_many(principal, find)
        return ReportFile(stream, content_type(kind), f"compliance-third-parties.{kind}")


def order_of(
    row: TaskRow,
    targets: TargetParser,
    clock: Clock,
    *,
    kind: ReportFormat,
    language: str,
    made_by: str,
    is_shared: bool = False,
    findings: tuple[str, ...] = (),
) -> ReportOrder:
    """Order the report of a row, made now."""
    return ReportOrder(
        task_id=row.id,
        attempt=row.attempt,
        site=targets.parse(row.target_domain).registrable,
        kind=kind.value,
        language=language,
        made_at=clock.now(),
        made_by=made_by,
        is_shared=is_shared,
        findings=findings,
    )


def order_of_many(order_id: str, clock: Clock, *, kind: ReportFormat, language: str, made_by: str) -> ReportOrder:
    """Order the report of all scans of an order, made now."""
    return ReportOrder(
        task_id="",
        attempt=0,
        site="",
        kind=kind.value,
        language=language,
        made_at=clock.now(),
        made_by=made_by,
        order_id=order_id,
    )


def file_name(row: TaskRow, kind: ReportFormat, findings: Sequence[str] = ()) -> str:
    """Return a name of ASCII letters alone: the target's in A-labels, the day of its results (UTC), the attempt, the
    finding or how many of several it is of, the format.
    """
    day = (row.completed_at or row.started_at or row.created_at).date()
    several = f"{len(findings)}-findings" if len(findings) > 1 else "".join(findings)
    part = f"-{several}" if several else ""
    return f"compliance-{row.target_domain}-{day}-{row.attempt}{part}.{kind}"
