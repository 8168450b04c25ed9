"""Makes report documents. Blocking: for a separate process, or for a command."""

from collections.abc import Generator, Iterator
from functools import partial
from importlib.metadata import version
from typing import Final

from sqlalchemy import Connection

from app.core.db import Database
from app.core.json_chunks import join_small
from app.core.principal import ADMIN, Principal
from app.core.spreadsheet import csv_pieces
from app.domain.messages import MessageCatalog
from app.domain.report_format import REFERENCES, ReportFormat
from app.domain.targets import TargetParser
from app.domain.task_row import TaskRow
from app.events.log_identity import read_identity
from app.findings.evidence.exposures import Site
from app.findings.evidence.kept_contents import CapturedContent, KeptContents
from app.findings.evidence.scan_evidence import ScanEvidence
from app.identity import accounts
from app.inventory.comparer import ScanComparer
from app.inventory.party_export import read_all
from app.orders.service import find_order
from app.orders.standings import read_scans
from app.reports.formats.blocks import Logo
from app.reports.formats.contents import Origin, ReportContents
from app.reports.formats.order_contents import OrderContents
from app.reports.formats.order_render import render_order
from app.reports.formats.party_tables import render_parties
from app.reports.formats.render import render
from app.reports.formats.time_stamp import Stamp
from app.scans.ports import ReportOrder
from app.scans.result_reader import ResultReader, require_results
from app.scans.shown_run import RunRef, find_shown
from app.scanstore.evidence_reader import EvidenceReader

PROGRAM: Final = "domain-compliance-scanner"
_ANYBODYS: Final = Principal("", "", ADMIN)  # who may see the task was asked before the order was given


class ReportMaker:
    """Makes reports of one database and its scans."""

    def __init__(
        self,
        *,
        db: Database,
        results: ResultReader,
        contents: CapturedContent,
        targets: TargetParser,
        public_url: str | None = None,
        organisation: str = "",
        logo: Logo | None = None,
        stamp: Stamp | None = None,
    ) -> None:
        """`public_url`: of the program's page; None: it is not known. `organisation`: whose reports they are.

        `stamp`: as of `archive_pieces`.
        """
        self._db = db
        self._public_url = public_url
        self._organisation = organisation
        self._logo = logo
        self._stamp = stamp
        self._comparer = ScanComparer(db=db, targets=targets)
        self._results = results
        self._contents = KeptContents(contents)

    def pieces(self, order: ReportOrder) -> Generator[bytes, None, None]:
        """Yield the document.

        Raises:
            NotFound: there is nothing of what the order names.
            Unavailable, ScanStoreError: results are missing or cannot be read, or the storage of captures does not
                answer: a report is whole, or it is cut off.
        """
        if order.order_id is not None:
            yield from join_small(self._of_many(order, order.order_id))
            return
        if order.parties is not None:
            items = self._db.read_sync(partial(read_all, request=order.parties))
            yield from join_small(render_parties(ReportFormat(order.kind), items, MessageCatalog(order.language)))
            return
        wanted = RunRef(order.task_id, order.attempt)
        row, epoch = self._db.read_sync(partial(_find, wanted=wanted))
        with self._results.open(row) as reader:
            require_results(row, reader)
            evidence = self._evidence(row, reader, order)
            if order.kind == REFERENCES:
                yield from join_small(csv_pieces(evidence.all_references(order.domain)))
            else:
                yield from self._report(row, reader, evidence, order, epoch)

    def _of_many(self, order: ReportOrder, order_id: str) -> Iterator[bytes]:
        row = self._db.read_sync(lambda connection: find_order(connection, order_id, _ANYBODYS))
        contents = OrderContents(
            row=row,
            scans=self._db.read_sync(lambda connection: read_scans(connection, order_id)),
            db=self._db,
            texts=MessageCatalog(order.language),
            origin=self._origin(order),
        )
        return render_order(ReportFormat(order.kind), contents)

    def _report(
        self, row: TaskRow, reader: EvidenceReader, evidence: ScanEvidence, order: ReportOrder, epoch: str
    ) -> Iterator[bytes]:
        contents = ReportContents(
            row=row,
            reader=reader,
            db=self._db,
            evidence=evidence,
            texts=MessageCatalog(order.language),
            read_content=self._contents.read,
            origin=self._origin(order),
            epoch=epoch,
            compare=lambda shown, opened: self._comparer.finding_changes(shown, opened, self._results),
            started_by="" if order.is_shared else self._started_by(row),
            only=frozenset(order.findings),
        )
        pieces = render(ReportFormat(order.kind), contents, self._stamp)
        yield next(pieces)  # at once: what follows may take its time
        yield from join_small(pieces)

    def _started_by(self, row: TaskRow) -> str:
        return self._db.read_sync(lambda c: accounts.names_of(c, [row.user_id])).get(row.user_id, "")

    def _origin(self, order: ReportOrder) -> Origin:
        program = f"{PROGRAM} {version(PROGRAM)}"
        return Origin(
            made_by=order.made_by,
            made_at=order.made_at,
            program=program,
            public_url=self._public_url,
            is_shared=order.is_shared,
            organisation=self._organisation,
            logo=self._logo,
        )

    def _evidence(self, row: TaskRow, reader: EvidenceReader, order: ReportOrder) -> ScanEvidence:
        return ScanEvidence(
            row=row,
            reader=reader,
            db=self._db,
            site=Site(order.site),
            language=order.language,
            read=self._contents.read,
            is_shared=order.is_shared,
        )


def _find(connection: Connection, wanted: RunRef) -> tuple[TaskRow, str]:
    """The row of the results, and the epoch of the log that its number belongs to."""
    return find_shown(connection, wanted, _ANYBODYS), read_identity(connection).epoch
