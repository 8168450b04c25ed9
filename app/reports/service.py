"""What a scan found: paged results, the report, and the log lines. Complete while it still runs, as far as it got.

Everything is read and encoded in threads; what comes back are pieces of JSON documents.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from typing import Any, Final, TypedDict, Unpack

import orjson
from sqlalchemy import Connection, Row

from app.core.db import Database
from app.core.json_chunks import Json, JsonChunks, encode, encode_list
from app.core.listing import MAX_COUNTED
from app.core.paging import Paging
from app.core.principal import Principal
from app.domain.messages import Language
from app.domain.stages import StageKey
from app.domain.targets import TargetParser
from app.domain.task_row import TaskRow
from app.domain.third_parties import Outcome
from app.findings import summary as findings
from app.findings.annotations import Annotations
from app.findings.evidence.accused_hosts import AccusedHosts
from app.findings.queries import violations
from app.findings.violation_mapping import serialise_violation
from app.reports.report_document import report_pieces
from app.scans.queries import runs, tasks
from app.scans.result_reader import ResultReader
from app.scans.serialisers import serialise_fact, serialise_listed_third_party, serialise_log_line
from app.scans.shown_run import RunRef, find_run, find_seen, find_shown
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.port import ScanStores
from app.scanstore.reader import ScanReader

Lines = Callable[[Json], bytes]  # encodes one log line

THREADS: Final = 4  # that read scans' files
LOG_CHUNK: Final = 500  # lines of one read of a whole log


class ReportService:
    """Reads the violations from the database, all else from the scan's own file. Every method raises NotFound.

    Lists are the documents of `findings.schemas.results`, and name their attempt. `wanted`: see `shown_run`.
    """

    def __init__(
        self,
        *,
        db: Database,
        stores: ScanStores,
        targets: TargetParser,
        language: str,
    ) -> None:
        self._db = db
        self._targets = targets
        self._language = language
        self._results = ResultReader(db=db, stores=stores, threads=THREADS, name="results")

    def close(self) -> None:
        """Waits for what is being read."""
        self._results.close()

    async def subdomains(self, principal: Principal, wanted: RunRef, paging: Paging) -> JsonChunks:
        def work(row: TaskRow, reader: ScanReader) -> JsonChunks:
            facts, total = reader.subdomains(offset=paging.offset, limit=paging.page_size, q=paging.q)
            summary = reader.discovery()
            zones = [] if summary is None else [asdict(server) for server in summary.open_zones]
            said = {"total": total, "truncated": False, "attempt": row.attempt, "open_zones": zones}
            return encode_list(map(serialise_fact, facts), **said)

        return await self._results.read(principal, wanted, work)

    async def pages(
        self,
        principal: Principal,
        wanted: RunRef,
        paging: Paging,
        *,
        status: int | None = None,
        parsed: bool | None = None,
    ) -> JsonChunks:
        def work(row: TaskRow, reader: EvidenceReader) -> JsonChunks:
            pages, total = reader.pages(
                offset=paging.offset, limit=paging.page_size, q=paging.q, status=status, parsed=parsed
            )
            found = AccusedHosts(reader, self._db.read_sync(lambda c: findings.of_run(c, row.id, row.run)))
            counts = found.counts_on([page.url for page in pages])
            views = ({**serialise_fact(page), "findings": counts.get(page.url, 0)} for page in pages)
            return encode_list(views, total=total, truncated=False, attempt=row.attempt)

        return await self._results.read(principal, wanted, work)

    async def third_parties(
        self,
        principal: Principal,
        wanted: RunRef,
        paging: Paging,
        *,
        category: str | None = None,
        outcome: Outcome | None = None,
    ) -> JsonChunks:
        """`truncated`: the scan met more domains than it keeps. Each with its first hosts alone."""

        def work(row: TaskRow, reader: EvidenceReader) -> JsonChunks:
            found, total = reader.third_parties(
                offset=paging.offset, limit=paging.page_size, q=paging.q, category=category, outcome=outcome
            )
            domains = [party.domain for party in found]
            levels = self._db.read_sync(lambda c: findings.levels_of(c, row.id, row.run, domains))
            causes = self._db.read_sync(lambda c: findings.content_causes_of(c, row.id, row.run, domains))
            views = (serialise_listed_third_party(party, levels, causes) for party in found)
            truncated = reader.omitted_third_parties() > 0
            more = {"possibly_own": reader.possibly_own()}
            return encode_list(views, total=total, truncated=truncated, attempt=row.attempt, **more)

        return await self._results.read(principal, wanted, work)

    async def violations(
        self,
        principal: Principal,
        wanted: RunRef,
        paging: Paging,
        *,
        key: str | None = None,
        risk: str | None = None,
        needs_review: bool | None = None,
        language: Language | None = None,
    ) -> JsonChunks:
        """`truncated`: there are more than are counted."""
        chosen = language or self._language

        def work(connection: Connection) -> JsonChunks:
            row = find_shown(connection, wanted, principal)
            found, total = violations.list_page(
                connection,
                row.id,
                row.run,
                offset=paging.offset,
                limit=paging.page_size,
                key=key,
                risk=risk,
                needs_review=needs_review,
                q=paging.q,
            )
            domains = [item.domain for item in found]
            said = Annotations.read(connection, row, domains, is_shared=principal.is_link)
            views = (serialise_violation(item, language=chosen, said=said.of(item)) for item in found)
            return encode_list(views, total=total, truncated=total >= MAX_COUNTED, attempt=row.attempt)

        return await self._db.read(work)

    async def report(self, principal: Principal, wanted: RunRef, language: Language | None = None) -> Json:
        """The whole document at once, for `compliance scan`, which serves no other users."""

        def work(row: TaskRow, reader: EvidenceReader) -> Json:
            pieces = report_pieces(
                self._db, reader, row, language=language or self._language, is_shared=principal.is_link
            )
            document: Json = orjson.loads(b"".join(pieces))
            return document

        return await self._results.read(principal, wanted, work)

    async def logs(
        self,
        principal: Principal,
        wanted: RunRef,
        *,
        after: int = 0,
        limit: int = 200,
        levels: Sequence[str] = (),
        stage: StageKey | None = None,
        q: str | None = None,
        language: Language | None = None,
    ) -> JsonChunks:
        """Lines above `after` in order, and where to go on: behind the last line looked at. `q` is looked for in them
        as the reader of `language` reads them.
        """
        filters: _Filters = {"levels": levels, "module": stage, "text": q, "language": self._chosen(language)}

        def work(connection: Connection) -> JsonChunks:
            rows, end, _ = _lines(connection, principal, wanted, after, limit, **filters)
            return encode_list(self._told(rows, language), next_after_log_seq=end)

        return await self._db.read(work)

    async def all_logs(
        self,
        principal: Principal,
        wanted: RunRef,
        encode_line: Lines = encode,
        *,
        after: int = 0,
        levels: Sequence[str] = (),
        stage: StageKey | None = None,
        q: str | None = None,
        language: Language | None = None,
    ) -> AsyncIterator[bytes]:
        """All lines above `after`, each with a line's end, in pieces: each a short read of its own. Ends at what is
        the end then; the first piece may be empty.
        """
        filters: _Filters = {"levels": levels, "module": stage, "text": q, "language": self._chosen(language)}

        def work(connection: Connection) -> tuple[bytes, int, bool]:
            rows, end, more = _lines(connection, principal, wanted, after, LOG_CHUNK, **filters)
            return b"".join(encode_line(line) + b"\n" for line in self._told(rows, language)), end, more

        more = True
        while more:
            piece, after, more = await self._db.read(work)
            yield piece

    def _told(self, rows: Sequence[Row[Any]], language: Language | None) -> list[Json]:
        return [serialise_log_line(row, self._chosen(language)) for row in rows]

    def _chosen(self, language: Language | None) -> Language:
        return Language(language or self._language)


class _Filters(TypedDict):
    """What `scans.queries.tasks.logs_after` leaves out."""

    levels: Sequence[str]
    module: str | None
    text: str | None
    language: Language


def _lines(
    connection: Connection,
    principal: Principal,
    wanted: RunRef,
    after: int,
    limit: int,
    **filters: Unpack[_Filters],
) -> tuple[list[Row[Any]], int, bool]:
    """Lines, the last line looked at, and whether there may be more. Without an attempt those of all attempts: a log
    is one, and its readers go on in it.
    """
    row = find_seen(connection, wanted.task_id, principal)
    if wanted.attempt is not None:
        row = find_run(connection, row, wanted.attempt).task
        after = max(after, runs.first_log_seq(connection, row) - 1)
    page = tasks.logs_after(connection, row.id, after, limit, upto=row.last_log_seq, **filters)
    end = page.end if page.more else max(after, row.last_log_seq)
    return page.rows, end, page.more
