"""The store of one run as the attempt's process writes it: batches in a thread, each fenced by the attempt."""

import os
import socket
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import psycopg
from sqlalchemy import Engine

from app.core.postgres import END_STUCK, IDLE_IN_TRANSACTION_S
from app.domain.coverage import Seen
from app.domain.scan_facts import Capture, FrontierUrl, Hop, HostFact, PageFact, Reference, ThirdParty, UrlState
from app.scanstore import rows
from app.scanstore.errors import ScanStoreError, StoreStale, StoreUnavailable
from app.scanstore.postgres import dialect
from app.scanstore.postgres.batch import Batch, NextIds, as_blob
from app.scanstore.postgres.characters import original_row
from app.scanstore.postgres.refusals import refusals
from app.scanstore.postgres.working_copy import WorkingCopy
from app.scanstore.rows import Row
from app.scanstore.schema import select
from app.scanstore.stored_facts import StoredFacts

CHUNK: Final = 2_000  # rows that are read at a time: some 20 ms
# Of one batch, which takes a tenth of a second. A server that stands still answers neither yes nor no.
PATIENCE_S: Final = 60.0
CLOSING_S: Final = 2.0  # how long closing waits for the writing thread, which was cut off
_WRITABLE: Final = "t.attempt = %s AND t.run = s.run AND t.status IN ('running', 'cancelling')"
_MAKE: Final = "INSERT INTO scan_stores (task_id, run) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_FIND: Final = "SELECT id, attempt FROM scan_stores WHERE task_id = %s AND run = %s"
# Waits for a batch of an earlier attempt that is just being committed, and shuts out every later one.
_TAKE: Final = (
    "UPDATE scan_stores AS s SET attempt = %s FROM scan_tasks AS t"
    f" WHERE s.id = %s AND s.attempt <= %s AND t.id = s.task_id AND {_WRITABLE}"
)
_FENCE: Final = (
    "SELECT s.id FROM scan_stores AS s JOIN scan_tasks AS t ON t.id = s.task_id"
    f" WHERE s.id = %s AND s.attempt = %s AND {_WRITABLE} FOR UPDATE OF s"
)
_LAST_IDS: Final = (
    "SELECT (SELECT coalesce(max(id), 0) FROM pages), (SELECT coalesce(max(id), 0) FROM hops),"
    " (SELECT coalesce(max(id), 0) FROM refs)"
)
_URLS: Final = f"{rows.URL_COLUMNS}, links"
_NEXT_URLS: Final = select("frontier", _URLS, f"WHERE id > ? ORDER BY id LIMIT {CHUNK}")
_URL: Final = select("frontier", _URLS, "WHERE id = ?")
_NEXT_REFERENCES: Final = select("refs", f"id, {rows.REFERENCE_COLUMNS}", f"WHERE id > ? ORDER BY id LIMIT {CHUNK}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who writes: an attempt of a task, in the run that it belongs to."""

    task_id: str
    run: int
    attempt: int


class PostgresScanStore(StoredFacts):
    """Fulfils `engines.ports.ScanStore`; its contract is there.

    Used by one thread at a time; one of its own carries the batches away, so that the crawl never waits for the
    network. What is written collects in memory until `flush`. A batch is one transaction. It begins by locking the
    store's row, where the attempt must be the one that took the store, and looking at the task, which must be running
    in that attempt: a process that was taken for dead writes nothing. The store is taken when it is first used, after
    the claim: that waits for what an earlier attempt is just committing, so that nothing comes in behind what is read.

    Raises from any call:
        StoreStale: the attempt may not write any more.
        StoreUnavailable: PostgreSQL refused or did not answer; what was not settled is lost, and the store is of no
            further use. A new one goes on from what is there.
    """

    def __init__(self, engine: Engine, attempt: Attempt, folder: Path | None = None) -> None:
        """Make the store when there is none. `folder`: for the working copy.

        Raises:
            StoreStale: a later attempt has taken the store.
        """
        self._attempt = attempt
        self._batch = Batch()
        self._ids: NextIds | None = None  # set when the store is taken
        self._writing: Future[None] | None = None  # the batch under way, or the last one until it was looked at
        self._last: Future[None] | None = None  # what the thread was given last
        self._began_at = 0.0  # when it was handed over
        self._failure: ScanStoreError | None = None  # the first; from then on every call raises it
        self._copy = WorkingCopy(folder)
        try:
            with refusals():
                self._connection = engine.raw_connection()
        except BaseException:
            self._copy.close()
            raise
        raw = self._connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        self._db: psycopg.Connection[Any] | None = raw  # None: closed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scan-store")
        try:
            with refusals():
                raw.autocommit = True  # what only reads has no COMMIT to lose; what writes says `transaction`
            self._id = self._find_or_make(raw)
        except BaseException:
            self._release()
            raise
        self._prefix = dialect.prefix(self._id)

    def _find_or_make(self, db: psycopg.Connection[Any]) -> int:
        attempt = self._attempt
        with refusals(), db.transaction():
            db.execute(_MAKE, (attempt.task_id, attempt.run))
            found = db.execute(_FIND, (attempt.task_id, attempt.run)).fetchone()
        if found is None:  # it was removed at this moment
            raise StoreStale("the store was removed")
        if found[1] > attempt.attempt:
            raise StoreStale("a later attempt has taken the store")
        return int(found[0])

    # What is written

    def put_host(self, host: HostFact) -> None:
        self._open_batch().put_host(host)

    def add_urls(self, urls: Iterable[FrontierUrl]) -> None:
        batch, found = self._open_batch(), list(urls)
        self._copy.add((*rows.url_row(url), None) for url in found)
        for url in found:
            batch.add_url(url)

    def finish_url(self, url_id: int, state: UrlState, links: Sequence[int] = (), *, seen: Seen | None = None) -> None:
        blob = as_blob(links)
        self._open_batch().end_url(url_id, state, seen, blob)
        self._copy.set_links(url_id, blob)

    def set_depths(self, depths: Mapping[int, int]) -> None:
        for url_id, depth in depths.items():
            url = self.url_of(url_id).url  # which may settle, and then there is another batch
            self._open_batch().set_depth(url_id, url, depth)

    def add_page(self, page: PageFact) -> None:
        self._open_batch().put_page(page)

    def add_hops(self, hops: Iterable[Hop], *, found_on: int = 0) -> None:
        self._open_batch().add_hops(hops, found_on)

    def add_references(self, references: Iterable[Reference]) -> None:
        self._open_batch().add_references(references)

    def put_third_party(self, party: ThirdParty) -> None:
        self._open_batch().put_party(party)

    def put_capture(self, capture: Capture) -> None:
        self._open_batch().put_capture(capture)

    def put_checkpoint(self, key: str, value: Any) -> None:
        self._open_batch().put_checkpoint(key, orjson.dumps(value).decode())

    # What is read

    def load_urls(self) -> Iterator[FrontierUrl]:
        last = 0
        while found := self._read(_NEXT_URLS, (last,)):
            last = found[-1][0]
            self._copy.add(found)
            yield from (rows.frontier_url(row[:-1]) for row in found)

    def url_of(self, url_id: int) -> FrontierUrl:
        return rows.frontier_url(self._url_row(url_id)[0][:-1])

    def links_of(self, url_id: int) -> Sequence[int]:
        found = self._url_row(url_id)
        return array("I", found[0][-1]) if found and found[0][-1] else ()

    def references(self) -> Iterator[Reference]:
        last = 0
        while found := self._read(_NEXT_REFERENCES, (last,)):
            last = found[-1][0]
            yield from (rows.reference_fact(row[1:]) for row in found)

    def _url_row(self, url_id: int) -> list[Row]:
        """Return the row when there is one; one that was not loaded comes from the database."""
        self._open_batch()
        found = self._copy.find(url_id)
        return [found] if found is not None else self._read(_URL, (url_id,))

    def _read(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self.settle()
        if self._ids is None:
            self._last = self._thread.submit(self._take)
            self._wait_for(self._last)
        db = self._require_open()
        with refusals():
            found = db.execute(self._prefix + dialect.translated(query), dialect.named(parameters)).fetchall()
        return [original_row(row) for row in found]

    # How it gets away

    def flush(self) -> None:
        self._open_batch()
        if self._writing is not None and not self._writing.done():
            if time.monotonic() - self._began_at > PATIENCE_S:
                self._fail(StoreUnavailable("the database does not answer"))
            return  # the next batch is the larger
        self._finish_writing()
        if self._batch:
            self._begin_writing()

    @property
    def writing(self) -> Future[None] | None:
        return self._writing

    def settle(self) -> None:
        self._open_batch()
        self._finish_writing()
        if self._batch:
            self._begin_writing()
            self._finish_writing()

    def close(self) -> None:
        if self._db is None:
            return
        try:
            if self._failure is None:
                self.settle()
        finally:
            self._release()

    def _begin_writing(self) -> None:
        batch, self._batch = self._batch, Batch()
        self._began_at = time.monotonic()
        self._writing = self._last = self._thread.submit(self._write, batch)

    def _finish_writing(self) -> None:
        """Wait for the batch under way; raises what it failed with."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            self._wait_for(writing)

    def _wait_for(self, work: Future[None]) -> None:
        try:
            work.result(PATIENCE_S)
        except ScanStoreError as error:
            self._fail(error)
        except FutureTimeoutError:
            self._fail(StoreUnavailable("the database does not answer"))

    def _fail(self, failure: ScanStoreError) -> None:
        self._failure = failure
        raise failure

    def _take(self) -> None:
        """Take the store for this attempt, also from one that froze in the middle of a COPY. In the writing thread."""
        with refusals():
            try:
                self._take_row()
            except psycopg.errors.LockNotAvailable:
                self._require_open().execute(END_STUCK, {"seconds": IDLE_IN_TRANSACTION_S})
                self._take_row()

    def _take_row(self) -> None:
        number, db = self._attempt.attempt, self._require_open()
        with db.transaction():
            if db.execute(_TAKE, (number, self._id, number, number)).rowcount != 1:
                raise StoreStale("the attempt does not run any more, or a later one has taken the store")
            last = db.execute(self._prefix + _LAST_IDS).fetchone()
            assert last is not None
            self._ids = NextIds(*(number + 1 for number in last))

    def _write(self, batch: Batch) -> None:
        """Write a batch. In the writing thread."""
        if self._ids is None:
            self._take()
        number, db = self._attempt.attempt, self._require_open()
        assert self._ids is not None
        with refusals(), db.transaction(), db.cursor() as cursor:
            if cursor.execute(_FENCE, (self._id, number, number)).fetchone() is None:
                raise StoreStale("the attempt does not run any more, or a later one has taken the store")
            batch.write(cursor, self._id, self._ids)

    def _open_batch(self) -> Batch:
        self._require_open()
        if self._failure is not None:
            raise self._failure
        return self._batch

    def _require_open(self) -> "psycopg.Connection[Any]":
        if self._db is None:
            raise StoreUnavailable("the store is closed")
        return self._db

    def _release(self) -> None:
        """Let go of the connection: in the writing thread, for libpq frees what a thread that still waits would use."""
        db, self._db = self._db, None
        if db is not None and self._is_writing():
            _cut(db)  # the thread waits no longer
        closing = self._thread.submit(self._close_connection)
        self._thread.shutdown(wait=False)
        self._copy.close()
        with suppress(FutureTimeoutError):
            closing.result(CLOSING_S)

    def _is_writing(self) -> bool:
        return self._last is not None and not self._last.done()

    def _close_connection(self) -> None:
        with suppress(Exception):  # it may be broken; the server rolls back what was open
            self._connection.invalidate()


def _cut(db: "psycopg.Connection[Any]") -> None:
    """End the connection, for the thread that waits for it."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(db.fileno())) as link:
        link.shutdown(socket.SHUT_RDWR)
