"""The report as a JSON document, read and encoded piece by piece, however many third parties a scan has met."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.db import Database
from app.core.json_chunks import encode, encode_array
from app.domain.task_row import TaskRow
from app.findings import summary as findings
from app.findings.annotations import Annotations
from app.findings.queries import violations
from app.findings.violation_mapping import serialise_violation
from app.scans.serialisers import (
    serialise_coverage,
    serialise_fact,
    serialise_reported_third_party,
    serialise_statistics,
    serialise_task,
    serialise_used_list,
    serialise_verdict,
    serialise_warnings,
)
from app.scanstore.reader import ScanReader
from app.site_counts.summary import open_counts_of_tasks

CHUNK: Final = 500  # facts of one read


def report_pieces(db: Database, reader: ScanReader, row: TaskRow, *, language: str, is_shared: bool) -> Iterator[bytes]:
    """The document of `findings.schemas.results.Report`. Blocking. Lists are read in chunks, each as it is then."""
    crawled, known = reader.coverage()
    open_counts = db.read_sync(lambda connection: open_counts_of_tasks(connection, [row]))[row.id]
    head = {
        "task": serialise_task(row, row.attempt, open_counts=open_counts, language=language, is_outside=True),
        "verdict": serialise_verdict(row.verdict),
        "statistics": serialise_statistics(row),
        "coverage": {"crawled": crawled, "known": known, **serialise_coverage(reader.seen())},
    }
    yield encode(head)[:-1]
    yield b',"subdomains":'
    yield from encode_array(serialise_fact(fact) for fact in _facts(reader.subdomains_after, "name"))
    yield b',"third_parties":'
    parties, hops = _facts(reader.third_parties_after, "domain"), reader.hops_by_host()
    worst = db.read_sync(lambda connection: findings.levels_of(connection, row.id, row.run))
    yield from encode_array(serialise_reported_third_party(party, worst, hops) for party in parties)
    yield b',"violations":'
    said = db.read_sync(lambda c: Annotations.read(c, row, is_shared=is_shared))
    yield from encode_array(
        serialise_violation(item, language=language, said=said.of(item)) for item in _violations(db, row)
    )
    omitted = reader.omitted_third_parties()
    tail = {
        "warnings": serialise_warnings(row, language),
        "truncated": omitted > 0,
        "omitted_references": omitted,
        "reading_model": reader.reading(),
        "local_reader": reader.local_reading(),
        "discovery": reader.discovery(),
        "possibly_own": reader.possibly_own(),
        "lists": [serialise_used_list(used) for used in reader.lists()],
    }
    yield b"," + encode(tail)[1:]


def _facts(read: Callable[..., Sequence[Any]], key: str) -> Iterator[Any]:
    last = ""
    while chunk := read(last, limit=CHUNK):
        yield from chunk
        last = getattr(chunk[-1], key)


def _violations(db: Database, row: TaskRow) -> Iterator[Row[Any]]:
    last: Row[Any] | None = None
    while chunk := db.read_sync(partial(_chunk, row=row, last=last)):
        yield from chunk
        last = chunk[-1]


def _chunk(connection: Connection, *, row: TaskRow, last: Row[Any] | None) -> list[Row[Any]]:
    return violations.chunk_after(connection, row.id, row.run, last)
