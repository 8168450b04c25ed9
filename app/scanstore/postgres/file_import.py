"""Brings the file of a run into PostgreSQL, row by row as it is (`compliance import-embedded`)."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from psycopg import Connection

from app.scanstore import rows
from app.scanstore.errors import StoreMismatch
from app.scanstore.postgres.batch import MAX_NAME, text_identity
from app.scanstore.postgres.characters import storable
from app.scanstore.postgres.refusals import refusals
from app.scanstore.rows import Row
from app.scanstore.schema import FileRows

# By table: what is read of the file.
_READ: Final = MappingProxyType(
    {
        "hosts": rows.HOST_COLUMNS,
        "frontier": f"{rows.URL_COLUMNS}, links",
        "pages": f"id, {rows.PAGE_COLUMNS}",
        "hops": f"id, {rows.HOP_COLUMNS}, found_on",
        "refs": f"id, host, {rows.REFERENCE_COLUMNS}",
        "third_parties": rows.PARTY_COLUMNS,
        "captures": rows.CAPTURE_COLUMNS,
        "checkpoints": "key, value",
    }
)
# A large scan takes longer than any statement of the service, and its file is read between two of them.
# The name: it is not one of those that are ended as frozen (`core.postgres.END_STUCK`).
_PATIENCE: Final = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL application_name = 'compliance-import'",
)
_MAKE: Final = "INSERT INTO scan_stores (task_id, run) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id"


class CountsDiffer(Exception):
    """Not all rows have arrived, or more than there were. `table` and both numbers say where."""

    def __init__(self, table: str, before: int, after: int) -> None:
        super().__init__(f"{table}: {before} rows before, {after} after")
        self.table, self.before, self.after = table, before, after


def import_file(db: Connection[Any], path: Path, task_id: str, run: int) -> bool:
    """Copy the file in one transaction and compare the numbers of rows; False: the run is there already.

    Raises:
        StoreUnavailable: the file cannot be read, or PostgreSQL refused; nothing was written.
        StoreMismatch: it is a file of another kind or version.
        CountsDiffer: nothing was written.
    """
    with refusals(), closing(FileRows(path)) as file, db.transaction():
        for statement in _PATIENCE:
            db.execute(statement)
        made = db.execute(_MAKE, (task_id, run)).fetchone()
        if made is None:
            return False
        if not file.present:
            raise StoreMismatch(f"{path.name} is no file of a scan")
        for table, columns in _READ.items():
            copied = _copy(db, made[0], table, columns, file.stream(f"SELECT {columns} FROM {table}"))
            found = db.execute(f"SELECT count(*) FROM scan_{table} WHERE store = %s", (made[0],)).fetchone()
            if found is None or found[0] != copied:
                raise CountsDiffer(f"scan_{table}", copied, 0 if found is None else found[0])
    return True


def _copy(db: Connection[Any], store: int, table: str, columns: str, found: Iterable[Row]) -> int:
    """Copy the rows and return how many the file has."""
    written, make, number = _WRITTEN.get(table, columns), _MAKERS.get(table, _same), 0
    with db.cursor() as cursor, cursor.copy(f"COPY scan_{table} (store, {written}) FROM STDIN") as copy:
        for number, row in enumerate(found, start=1):  # noqa: B007 - how many there were
            copy.write_row((store, *map(storable, make(row))))
    return number


def _same(row: Row) -> Row:
    return row


def _named(row: Row) -> Row:
    """A name is cut as a scan on PostgreSQL cuts it, for the indexes."""
    name, *others = row
    return (name[:MAX_NAME], *others)


def _hop(row: Row) -> Row:
    number, url, status, address, kind, location, found_on = row
    return number, text_identity(url, kind, location), url, status, address, kind, location, found_on


def _reference(row: Row) -> Row:
    """Files of earlier versions told references apart by less, and had fewer fields: the row is one of today."""
    number, host, *fact = row
    identity, _, *columns = rows.reference_row(rows.reference_fact(tuple(fact)))
    return number, identity, host[:MAX_NAME], *columns


def _capture(row: Row) -> Row:
    host, url, domain, *others = row  # the body is JSON by the standard library (`rows.capture_row`)
    source = json.loads(row[-1]).get("source_sha256") or ""
    return text_identity(host, url), host[:MAX_NAME], url, domain[:MAX_NAME], *others, source


_MAKERS: Final[Mapping[str, Callable[[Row], Row]]] = MappingProxyType(
    {"hosts": _named, "third_parties": _named, "hops": _hop, "refs": _reference, "captures": _capture}
)
_WRITTEN: Final = MappingProxyType(
    {
        "hops": f"id, identity, {rows.HOP_COLUMNS}, found_on",
        "refs": f"id, identity, host, {rows.REFERENCE_COLUMNS}",
        "captures": f"identity, {rows.CAPTURE_COLUMNS}, source_sha256",
    }
)


def files_in(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """Yield (task, run, path) of all files of runs in a folder of scans."""
    for path in sorted(folder.glob("*.db")):
        task_id, _, run = path.stem.rpartition("-")
        if task_id and run.isdecimal():
            yield task_id, int(run), path
