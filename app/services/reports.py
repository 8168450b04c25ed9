"""What a scan found: paged results, the report, and the log lines. Complete while it still runs, as far as it got.

Everything is read and encoded in threads; what comes back are pieces of JSON documents.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.domain.parties import Outcome
from app.repositories import tasks, violations
from app.repositories.listing import MAX_COUNTED
from app.repositories.tasks import Viewer
from app.scanstore.errors import ScanStoreError
from app.services.documents import Document, Json, encode, gather, list_document
from app.services.ports import ScanReader, ScanReaders
from app.services.report_stream import ReportStream, highest_risks, report_pieces, require_results, unreadable
from app.services.scans import find_seen
from app.services.turns import Places, Turns
from app.services.views import fact_view, listed_party_view, log_view, violation_view

T = TypeVar("T")
Lines = Callable[[Json], bytes]  # encodes one log line

THREADS: Final = 4  # that read scans' files
LISTS_AT_ONCE: Final = 2  # of one user: the others' lists find a thread
LOG_CHUNK: Final = 500  # lines of one read of a whole log


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
    """Reads the violations from the database, all else from the scan's own file. Every method raises NotFound.

    Lists come as the documents of `schemas.results`.
    """

    def __init__(
        self, *, db: Database, readers: ScanReaders, scans_dir: Path, language: str, clock: Clock, reports_at_once: int
    ) -> None:
        self._db = db
        self._readers = readers
        self._scans_dir = scans_dir
        self._language = language
        self._clock = clock
        self._places = Places(in_all=reports_at_once)
        self._turns = Turns(at_once=LISTS_AT_ONCE)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="results")
        # Slow disks and slow readers of reports keep nobody from the lists.
        self._report_threads = ThreadPoolExecutor(min(reports_at_once, THREADS), thread_name_prefix="report")

    def close(self) -> None:
        """Waits for what is being read."""
        self._threads.shutdown()
        self._report_threads.shutdown()

    async def subdomains(self, viewer: Viewer, task_id: str, piece: Slice) -> Document:
        def work(_row: Row[Any], reader: ScanReader) -> Document:
            facts, total = reader.subdomains(offset=piece.offset, limit=piece.page_size, q=piece.q)
            return list_document(map(fact_view, facts), total=total, truncated=False)

        return await self._collected(viewer, task_id, work)

    async def pages(
        self, viewer: Viewer, task_id: str, piece: Slice, *, status: int | None = None, parsed: bool | None = None
    ) -> Document:
        def work(_row: Row[Any], reader: ScanReader) -> Document:
            facts, total = reader.pages(
                offset=piece.offset, limit=piece.page_size, q=piece.q, status=status, parsed=parsed
            )
            return list_document(map(fact_view, facts), total=total, truncated=False)

        return await self._collected(viewer, task_id, work)

    async def third_parties(
        self,
        viewer: Viewer,
        task_id: str,
        piece: Slice,
        *,
        category: str | None = None,
        outcome: Outcome | None = None,
    ) -> Document:
        """`truncated`: the scan met more domains than it keeps. Each with its first hosts alone."""

        def work(row: Row[Any], reader: ScanReader) -> Document:
            found, total = reader.third_parties(
                offset=piece.offset, limit=piece.page_size, q=piece.q, category=category, outcome=outcome
            )
            domains = [party.domain for party in found]
            risks = self._db.read_sync(lambda c: highest_risks(violations.risks(c, row.id, row.run, among=domains)))
            views = (listed_party_view(party, risks) for party in found)
            return list_document(views, total=total, truncated=reader.omitted_third_parties() > 0)

        return await self._collected(viewer, task_id, work)

    async def violations(
        self,
        viewer: Viewer,
        task_id: str,
        piece: Slice,
        *,
        key: str | None = None,
        risk: str | None = None,
        needs_review: bool | None = None,
    ) -> Document:
        """`truncated`: there are more than are counted."""

        def work(connection: Connection) -> Document:
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
            views = (violation_view(item, language=self._language) for item in found)
            return list_document(views, total=total, truncated=total >= MAX_COUNTED)

        return await self._db.read(work)

    async def open_report(self, viewer: Viewer, task_id: str) -> ReportStream:
        """The report as a stream that has begun; the caller closes it.

        Raises:
            LimitReached, Unavailable: as `Places.take`.
        """
        self._places.take(viewer.user_id)
        try:
            stream = await self._stream(viewer, task_id, on_close=lambda: self._places.leave(viewer.user_id))
        except BaseException:
            self._places.leave(viewer.user_id)
            raise
        try:
            await stream.begin()
        except BaseException:
            await stream.close()
            raise
        return stream

    async def report(self, viewer: Viewer, task_id: str) -> Json:
        """The whole document at once, for `compliance scan`, which has nobody beside it."""
        stream = await self._stream(viewer, task_id, on_close=lambda: None)
        try:
            await stream.begin()
            found: Json = orjson.loads(b"".join([piece async for piece in stream]))
        finally:
            await stream.close()
        return found

    async def logs(
        self,
        viewer: Viewer,
        task_id: str,
        *,
        after: int = 0,
        limit: int = 200,
        levels: Sequence[str] = (),
        q: str | None = None,
    ) -> Document:
        """Lines above `after` in order, and where to go on: behind the last line looked at."""

        def work(connection: Connection) -> Document:
            found, end, _ = _lines(connection, viewer, task_id, after, limit, levels, q)
            return list_document(found, next_after_log_seq=end)

        return await self._db.read(work)

    async def all_logs(
        self,
        viewer: Viewer,
        task_id: str,
        encode_line: Lines = encode,
        *,
        after: int = 0,
        levels: Sequence[str] = (),
        q: str | None = None,
    ) -> AsyncIterator[bytes]:
        """All lines above `after`, each with a line's end, in pieces: each a short read of its own. Ends at what is
        the end then; the first piece may be empty.
        """

        def work(connection: Connection) -> tuple[bytes, int, bool]:
            found, end, more = _lines(connection, viewer, task_id, after, LOG_CHUNK, levels, q)
            return b"".join(encode_line(line) + b"\n" for line in found), end, more

        more = True
        while more:
            piece, after, more = await self._db.read(work)
            yield piece

    async def _stream(self, viewer: Viewer, task_id: str, *, on_close: Callable[[], None]) -> ReportStream:
        row = await self._db.read(lambda connection: find_seen(connection, task_id, viewer))
        return ReportStream(self._open_report(row), executor=self._report_threads, clock=self._clock, on_close=on_close)

    def _open_report(self, row: Row[Any]) -> Generator[bytes, None, None]:
        with self._readers(self._path_of(row)) as reader:
            require_results(row, reader)
            yield from gather(report_pieces(self._db, reader, row, language=self._language))

    async def _collected(self, viewer: Viewer, task_id: str, work: Callable[[Row[Any], ScanReader], T]) -> T:
        """In a thread: the file may be large, and its disk slow."""
        row = await self._db.read(lambda connection: find_seen(connection, task_id, viewer))
        async with self._turns.turn(viewer.user_id):
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._read_store, row, work)

    def _read_store(self, row: Row[Any], work: Callable[[Row[Any], ScanReader], T]) -> T:
        try:
            with self._readers(self._path_of(row)) as reader:
                require_results(row, reader)
                return work(row, reader)
        except ScanStoreError as error:
            raise unreadable(error) from error

    def _path_of(self, row: Row[Any]) -> Path:
        return self._scans_dir / f"{row.id}-{row.run}.db"


def _lines(
    connection: Connection, viewer: Viewer, task_id: str, after: int, limit: int, levels: Sequence[str], q: str | None
) -> tuple[list[Json], int, bool]:
    """Lines, the last line looked at, and whether there may be more."""
    row = find_seen(connection, task_id, viewer)
    page = tasks.logs_after(connection, task_id, after, limit, levels=levels, text=q)
    end = page.end if page.more else max(after, row.last_log_seq)
    return [log_view(line) for line in page.rows], end, page.more
