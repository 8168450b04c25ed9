"""The use cases: findings, third parties, pages, references and captured contents of a scan, with their evidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import NotFound, Unavailable
from app.core.json_chunks import Json, JsonChunks
from app.core.paging import Paging
from app.core.principal import Principal
from app.domain.findings import FindingFilter
from app.domain.report_format import REFERENCES
from app.domain.targets import TargetParser
from app.domain.task_row import TaskRow
from app.findings.evidence.exposures import Site
from app.findings.evidence.images import MEDIA_TYPE, UnreadableImage, encode_anew, shrink
from app.findings.evidence.kept_contents import CapturedContent, KeptContents
from app.findings.evidence.scan_evidence import ScanEvidence
from app.scans.ports import ReportOrder, ReportProcesses
from app.scans.report_stream import ReportStream, ReportStreams
from app.scans.result_reader import ResultReader
from app.scans.shown_run import RunRef
from app.scanstore.evidence_reader import ContentKind, EvidenceReader
from app.scanstore.port import ScanStores

THREADS: Final = 4
TABLES_AT_ONCE: Final = 2  # of all users: a table of all references takes a process until it is read
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Content:
    """A captured content as it is handed out, of a capture of this attempt."""

    attempt: int
    kind: ContentKind
    data: bytes
    media_type: str
    file_name: str


class EvidenceService:
    """Gives out the documents of `findings.schemas.evidence`, in the language asked for. Every method raises NotFound.

    `wanted`: see `shown_run`.
    """

    def __init__(
        self,
        *,
        db: Database,
        stores: ScanStores,
        contents: CapturedContent,
        targets: TargetParser,
        clock: Clock,
        processes: ReportProcesses,
    ) -> None:
        self._db = db
        self._results = ResultReader(db=db, stores=stores, threads=THREADS, name="evidence")
        self._contents = KeptContents(contents)
        self._targets = targets
        self._clock = clock
        self._tables = ReportStreams(results=self._results, processes=processes, clock=clock, in_all=TABLES_AT_ONCE)

    def close(self) -> None:
        """Waits for what is being read."""
        self._results.close()

    async def findings(
        self, principal: Principal, wanted: RunRef, language: str, paging: Paging, only: FindingFilter
    ) -> JsonChunks:
        return await self._read(principal, wanted, language, lambda evidence: evidence.findings(paging, only))

    async def summarise(
        self, principal: Principal, row: TaskRow, language: str, found: Sequence[Row[Any]]
    ) -> dict[str, Json]:
        """Return these rows of findings by their ids, as the list shows them.

        `row`: of their run, which was read for this principal just before.
        """

        def work(row: TaskRow, reader: EvidenceReader) -> dict[str, Json]:
            return self._evidence(row, reader, language, is_shared=principal.is_link).summarise(found)

        try:
            return await self._results.read_run(principal, row, work)
        except Unavailable:
            await self._results.find(principal, RunRef(row.id, row.attempt))  # its file goes with it
            raise

    async def finding(self, principal: Principal, wanted: RunRef, language: str, finding_id: str) -> JsonChunks:
        return await self._read(principal, wanted, language, lambda evidence: evidence.finding(finding_id))

    async def third_party(self, principal: Principal, wanted: RunRef, language: str, domain: str) -> JsonChunks:
        return await self._read(principal, wanted, language, lambda evidence: evidence.third_party(domain))

    async def page(
        self, principal: Principal, wanted: RunRef, language: str, page_id: int, paging: Paging
    ) -> JsonChunks:
        return await self._read(principal, wanted, language, lambda evidence: evidence.page(page_id, paging))

    async def references(
        self, principal: Principal, wanted: RunRef, language: str, paging: Paging, domain: str | None
    ) -> JsonChunks:
        return await self._read(principal, wanted, language, lambda evidence: evidence.references(paging, domain))

    async def open_table(self, principal: Principal, wanted: RunRef, language: str, domain: str | None) -> ReportStream:
        """All references as CSV, as a stream that has begun; the caller closes it. Raises as `ReportStreams.open`."""

        def order_for(row: TaskRow) -> ReportOrder:
            return ReportOrder(
                task_id=row.id,
                attempt=row.attempt,
                site=self._site_of(row),
                kind=REFERENCES,
                language=language,
                made_at=self._clock.now(),
                domain=domain,
            )

        return await self._tables.open(principal, wanted, order_for)

    async def content(
        self, principal: Principal, wanted: RunRef, sha256: str, *, width: int | None = None, is_stored: bool = False
    ) -> Content:
        """A content that a capture of this scan names, and no other. Pictures are encoded anew, at most `width` pixels
        wide, because they are shown; `is_stored`: byte for byte, of a type that nothing shows, because the hash is
        evidence of these bytes alone.

        Raises:
            NotFound: `not_found`, or `content_lost`: there was no room for it, or it is damaged.
            Unavailable: `captures_unavailable`: where it lies, nobody answers.
        """
        return await self._results.read(
            principal, wanted, lambda row, reader: self._content(row.attempt, reader, sha256, width, is_stored)
        )

    def _content(
        self, attempt: int, reader: EvidenceReader, sha256: str, width: int | None, is_stored: bool
    ) -> Content:
        kind = reader.content_kind(sha256)
        if kind is None:
            raise NotFound(text="no_such_capture")
        data = self._contents.read(sha256)
        if data is None:
            raise NotFound(code="content_lost")
        match kind:
            case ContentKind.SCREENSHOT if is_stored:
                return Content(attempt, kind, data, "application/octet-stream", f"{sha256}.jpg")
            case ContentKind.SCREENSHOT:
                return _picture(attempt, sha256, data, width)
            case ContentKind.TEXT:
                return Content(attempt, kind, data, "text/plain; charset=utf-8", f"{sha256}.txt")
            case ContentKind.HTML:  # not under a name that opens in a browser
                return Content(attempt, kind, data, "application/octet-stream", f"{sha256}.html.txt")

    async def _read(self, principal: Principal, wanted: RunRef, language: str, work: Callable[[ScanEvidence], T]) -> T:
        return await self._results.read(
            principal,
            wanted,
            lambda row, reader: work(self._evidence(row, reader, language, is_shared=principal.is_link)),
        )

    def _evidence(self, row: TaskRow, reader: EvidenceReader, language: str, *, is_shared: bool) -> ScanEvidence:
        return ScanEvidence(
            row=row,
            reader=reader,
            db=self._db,
            site=Site(self._site_of(row)),
            language=language,
            read=self._contents.read_if_possible,
            is_shared=is_shared,
        )

    def _site_of(self, row: TaskRow) -> str:
        return self._targets.parse(row.target_domain).registrable


def _picture(attempt: int, sha256: str, data: bytes, width: int | None) -> Content:
    try:
        picture = encode_anew(data) if width is None else shrink(data, width=width)[0]
        return Content(attempt, ContentKind.SCREENSHOT, picture, MEDIA_TYPE, f"{sha256}.jpg")
    except UnreadableImage as error:
        raise NotFound(code="content_lost") from error
