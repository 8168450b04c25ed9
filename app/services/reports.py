"""What a scan found: paged results, the report, and the log lines. Complete while it still runs, as far as it got."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Row

from app.core.db import Database
from app.core.errors import Unavailable
from app.domain.parties import Outcome
from app.domain.violations import RiskLevel
from app.repositories import tasks, violations
from app.repositories.tasks import Viewer
from app.scanstore.errors import ScanStoreError
from app.services.ports import ScanReader, ScanReaders
from app.services.scans import find_seen
from app.services.views import Json, fact_view, log_view, statistics_view, task_view, third_party_view, violation_view

T = TypeVar("T")
Listing = tuple[list[Json], int]

CHUNK: Final = 1_000  # rows read at once for a whole report or a whole log
log = structlog.get_logger(__name__)
_RISK_ORDER: Final = {level.value: rank for rank, level in enumerate(RiskLevel)}


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of a list: `q` keeps what contains the text."""

    page: int = 1
    page_size: int = 50
    q: str = ""

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size


class ReportService:
    """Reads the violations from the database, all else from the scan's own file. Every method raises NotFound."""

    def __init__(self, *, db: Database, readers: ScanReaders, scans_dir: Path, language: str) -> None:
        self._db = db
        self._readers = readers
        self._scans_dir = scans_dir
        self._language = language

    async def subdomains(self, viewer: Viewer, task_id: str, piece: Slice) -> Listing:
        def work(reader: ScanReader) -> Listing:
            facts, total = reader.subdomains(offset=piece.offset, limit=piece.page_size, q=piece.q)
            return [fact_view(fact) for fact in facts], total

        return await self._collected(viewer, task_id, work)

    async def pages(
        self, viewer: Viewer, task_id: str, piece: Slice, *, status: int | None = None, parsed: bool | None = None
    ) -> Listing:
        def work(reader: ScanReader) -> Listing:
            facts, total = reader.pages(
                offset=piece.offset, limit=piece.page_size, q=piece.q, status=status, parsed=parsed
            )
            return [fact_view(fact) for fact in facts], total

        return await self._collected(viewer, task_id, work)

    async def third_parties(
        self,
        viewer: Viewer,
        task_id: str,
        piece: Slice,
        *,
        category: str | None = None,
        outcome: Outcome | None = None,
    ) -> Listing:
        def work(reader: ScanReader) -> tuple[Sequence[Any], int]:
            return reader.third_parties(
                offset=piece.offset, limit=piece.page_size, q=piece.q, category=category, outcome=outcome
            )

        row, found = await self._db.read(lambda connection: self._with_violations(connection, task_id, viewer))
        parties, total = await self._in_store(row, work)
        risks = _risks(found)
        return [third_party_view(party, risks) for party in parties], total

    async def violations(
        self,
        viewer: Viewer,
        task_id: str,
        piece: Slice,
        *,
        key: str | None = None,
        risk: str | None = None,
        needs_review: bool | None = None,
    ) -> Listing:
        def work(connection: Connection) -> Listing:
            row = find_seen(connection, task_id, viewer)
            found, total = violations.list_page(
                connection,
                task_id,
                row.run,
                offset=piece.offset,
                limit=piece.page_size,
                key=key,
                risk=risk,
                needs_review=needs_review,
                q=piece.q,
            )
            return [violation_view(item, language=self._language) for item in found], total

        return await self._db.read(work)

    async def report(self, viewer: Viewer, task_id: str) -> Json:
        """The whole document, the same as `compliance scan --json` prints."""
        row, found = await self._db.read(lambda connection: self._with_violations(connection, task_id, viewer))
        collected = await self._in_store(row, _read_all)
        risks = _risks(found)
        return {
            "task": task_view(row, language=self._language),
            "statistics": statistics_view(row),
            "coverage": collected.coverage,
            "subdomains": collected.subdomains,
            "third_parties": [third_party_view(party, risks) for party in collected.third_parties],
            "violations": [violation_view(item, language=self._language) for item in found],
            "warnings": [{"code": said["code"], "message": said["message"]} for said in row.warnings],
        }

    async def logs(
        self,
        viewer: Viewer,
        task_id: str,
        *,
        after: int = 0,
        limit: int = 200,
        levels: Sequence[str] = (),
        q: str | None = None,
    ) -> tuple[list[Json], int]:
        """Lines above `after` in order, and where to go on: behind the last line looked at."""

        def work(connection: Connection) -> tuple[list[Json], int]:
            row = find_seen(connection, task_id, viewer)
            found = tasks.logs_after(connection, task_id, after, limit, levels=levels, text=q)
            # Fewer than asked for: everything up to the end was looked at, whatever the filter.
            end = found[-1].log_seq if len(found) == limit else max(after, row.last_log_seq)
            return [log_view(line) for line in found], end

        return await self._db.read(work)

    async def all_logs(
        self, viewer: Viewer, task_id: str, *, after: int = 0, levels: Sequence[str] = (), q: str | None = None
    ) -> AsyncIterator[list[Json]]:
        """All lines above `after` in pages, each a short read of its own; ends at what is the end then."""
        while True:
            items, after = await self.logs(viewer, task_id, after=after, limit=CHUNK, levels=levels, q=q)
            if items:
                yield items
            if len(items) < CHUNK:
                return

    def _with_violations(self, connection: Connection, task_id: str, viewer: Viewer) -> tuple[Row[Any], list[Row[Any]]]:
        row = find_seen(connection, task_id, viewer)
        found: list[Row[Any]] = []
        while True:
            chunk = violations.chunk_after(connection, task_id, row.run, found[-1] if found else None)
            if not chunk:
                return row, found
            found += chunk

    async def _collected(self, viewer: Viewer, task_id: str, work: Callable[[ScanReader], T]) -> T:
        row = await self._db.read(lambda connection: find_seen(connection, task_id, viewer))
        return await self._in_store(row, work)

    async def _in_store(self, row: Row[Any], work: Callable[[ScanReader], T]) -> T:
        """In a thread: the file may be large, and its disk slow."""
        return await asyncio.to_thread(self._read_store, row, work)

    def _read_store(self, row: Row[Any], work: Callable[[ScanReader], T]) -> T:
        try:
            with self._readers(self._scans_dir / f"{row.id}-{row.run}.db") as reader:
                require_results(row, reader)
                return work(reader)
        except ScanStoreError as error:
            raise Unavailable("The scan's results cannot be read now.", code=error.code, retry_after_s=1) from error


def require_results(row: Row[Any], reader: ScanReader) -> None:
    """What a run has collected lies in its file from before the run began: without it nothing can be said.

    Raises Unavailable (`results_unavailable`): an empty list would read as if nothing had been found.
    """
    if row.started_at is not None and not reader.present:
        log.error("results_missing", task_id=row.id, run=row.run)
        raise Unavailable(
            "The file with this scan's results is missing on the server; put it back from a backup, or scan again.",
            code="results_unavailable",
        )


@dataclass(frozen=True, slots=True)
class _Collected:
    coverage: Mapping[str, int]
    subdomains: list[Json]
    third_parties: list[Any]


def _read_all(reader: ScanReader) -> _Collected:
    crawled, known = reader.coverage()
    subdomains = [fact_view(fact) for fact in _chunks(reader.subdomains)]
    return _Collected({"crawled": crawled, "known": known}, subdomains, _chunks(reader.third_parties))


def _chunks(read: Callable[..., tuple[Sequence[Any], int]]) -> list[Any]:
    found: list[Any] = []
    while True:
        chunk, _ = read(offset=len(found), limit=CHUNK)
        found += chunk
        if len(chunk) < CHUNK:
            return found


def _risks(found: Sequence[Row[Any]]) -> dict[str, str]:
    """The highest risk level of each domain."""
    highest: dict[str, str] = {}
    for item in found:
        known = highest.get(item.domain)
        if known is None or _RISK_ORDER[item.risk_level] > _RISK_ORDER[known]:
            highest[item.domain] = item.risk_level
    return highest
