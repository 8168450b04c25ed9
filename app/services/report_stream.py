"""The report as a stream: read, encoded and given out piece by piece, however many third parties a scan has met."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Unavailable
from app.domain.violations import RiskLevel
from app.events.state import WARNING_FIELDS
from app.repositories import violations
from app.scanstore.errors import ScanStoreError
from app.services.documents import array, encode
from app.services.ports import ScanReader
from app.services.views import coverage_view, fact_view, statistics_view, task_view, third_party_view, violation_view

CHUNK: Final = 500  # facts of one read
# A reader that takes a report more slowly than this keeps its place from others, and is cut off.
GRACE_S: Final = 60.0
LEAST_BYTES_PER_S: Final = 32_768
log = structlog.get_logger(__name__)
_RISK_ORDER: Final = {level.value: rank for rank, level in enumerate(RiskLevel)}


def report_pieces(db: Database, reader: ScanReader, row: Row[Any], *, language: str) -> Iterator[bytes]:
    """The document of `schemas.results.Report`. Blocking. Lists are read in chunks, each as it is then."""
    crawled, known = reader.coverage()
    head = {
        "task": task_view(row, language=language),
        "verdict": row.verdict,
        "statistics": statistics_view(row),
        "coverage": {"crawled": crawled, "known": known, **coverage_view(reader.seen())},
    }
    risks = db.read_sync(lambda connection: highest_risks(violations.risks(connection, row.id, row.run)))
    parties = _facts(reader.third_parties_after, "domain")
    yield encode(head)[:-1]
    yield b',"subdomains":'
    yield from array(fact_view(fact) for fact in _facts(reader.subdomains_after, "name"))
    yield b',"third_parties":'
    yield from array(third_party_view(party, risks) for party in parties)
    yield b',"violations":'
    yield from array(violation_view(item, language=language) for item in _violations(db, row))
    omitted = reader.omitted_third_parties()
    tail = {
        "warnings": [{name: said[name] for name in WARNING_FIELDS if name in said} for said in row.warnings],
        "truncated": omitted > 0,
        "omitted_references": omitted,
    }
    yield b"," + encode(tail)[1:]


def _facts(read: Callable[..., Sequence[Any]], key: str) -> Iterator[Any]:
    last = ""
    while chunk := read(last, limit=CHUNK):
        yield from chunk
        last = getattr(chunk[-1], key)


def _violations(db: Database, row: Row[Any]) -> Iterator[Row[Any]]:
    last: Row[Any] | None = None
    while chunk := db.read_sync(partial(_chunk, row=row, last=last)):
        yield from chunk
        last = chunk[-1]


def _chunk(connection: Connection, *, row: Row[Any], last: Row[Any] | None) -> list[Row[Any]]:
    return violations.chunk_after(connection, row.id, row.run, last)


def highest_risks(found: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The highest risk level of each domain."""
    highest: dict[str, str] = {}
    for domain, level in found:
        known = highest.get(domain)
        if known is None or _RISK_ORDER[level] > _RISK_ORDER[known]:
            highest[domain] = level
    return highest


class ReportStream:
    """A report on its way to one reader. `begin` before the answer begins, then iterate, and `close` in any case."""

    def __init__(
        self, pieces: Generator[bytes, None, None], *, executor: Executor, clock: Clock, on_close: Callable[[], None]
    ) -> None:
        self._pieces = pieces
        self._executor = executor
        self._clock = clock
        self._on_close = on_close
        self._turn = threading.Lock()  # a cancelled reader's last read may still run when it is closed
        self._first: bytes | None = None

    async def begin(self) -> None:
        """Reads the first piece, so that what is missing can still be a status. Raises as `report_pieces`."""
        self._first = await self._read()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        began_at, size, piece = self._clock.monotonic(), 0, self._first
        while piece is not None:
            yield piece
            size += len(piece)
            if self._clock.monotonic() - began_at > GRACE_S + size / LEAST_BYTES_PER_S:
                raise Unavailable("The report was read too slowly.")
            piece = await self._read()

    async def close(self) -> None:
        """Gives the place back. May be called twice."""
        self._on_close()
        await asyncio.get_running_loop().run_in_executor(self._executor, self._end)

    async def _read(self) -> bytes | None:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._next)

    def _next(self) -> bytes | None:
        with self._turn:
            try:
                return next(self._pieces, None)
            except ScanStoreError as error:
                raise unreadable(error) from error

    def _end(self) -> None:
        with self._turn:
            self._pieces.close()


def unreadable(error: ScanStoreError) -> Unavailable:
    """What a client is told."""
    return Unavailable("The scan's results cannot be read now.", code=error.code, retry_after_s=1)


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
