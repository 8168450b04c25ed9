"""Reading the audit log, for administrators: a page of it, or all that a filter keeps, piece by piece."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row

from app.core.clock import to_wire
from app.core.db import Database
from app.core.errors import InvalidInput
from app.core.json_chunks import Json
from app.core.list_cursor import moment_of, read_cursor, write_cursor
from app.core.redact import display_value
from app.core.spreadsheet import table_pieces
from app.identity.queries import audit, users
from app.identity.queries.audit import AuditFilter

CHUNK: Final = 500  # rows of one read of an export
COLUMNS: Final = ("id", "at", "action", "outcome", "user_id", "username", "address", "object_id", "detail")
MAX_ID: Final = 2**63 - 1
Encode = Callable[[Sequence[Json], bool], bytes]  # some rows, and whether they are the first


class AuditReader:
    """Every method is for administrators: the borders see to it."""

    def __init__(self, *, db: Database) -> None:
        self._db = db

    async def page(
        self, wanted: AuditFilter, *, actor: str | None, cursor: str | None, limit: int
    ) -> tuple[list[Json], str | None]:
        """Return rows as `identity.schemas.audit.AuditItem`, the newest first, and where to go on; None: that was all.

        `actor`: the id or the name of a user. Raises InvalidInput (`invalid_cursor`).
        """
        after = None if cursor is None else _position(cursor)
        rows = await self._db.read(lambda c: _read(c, wanted, actor, after, limit))
        more = rows[-1] if len(rows) == limit else None
        return [row for row, _ in rows], None if more is None else write_cursor(_key_of(more[1]))

    async def export(self, wanted: AuditFilter, *, actor: str | None, encode: Encode) -> AsyncIterator[bytes]:
        """Yield all rows up to now, the newest first, in pieces: each a short read of its own."""
        after: tuple[datetime, int] | None = None
        is_first = True
        while is_first or after is not None:
            rows = await self._db.read(partial(_read, wanted=wanted, actor=actor, after=after, limit=CHUNK))
            yield encode([row for row, _ in rows], is_first)
            is_first = False
            after = (rows[-1][1].at, rows[-1][1].id) if len(rows) == CHUNK else None


def as_lines(rows: Sequence[Json], is_first: bool) -> bytes:
    """JSON, a line for each row."""
    del is_first
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def as_table(rows: Sequence[Json], is_first: bool) -> bytes:
    """CSV; no cell of it is a formula."""
    told = ({**row, "detail": orjson.dumps(row["detail"]).decode()} for row in rows)
    pieces = list(table_pieces(COLUMNS, ([row[name] for name in COLUMNS] for row in told)))
    return b"".join(pieces if is_first else pieces[1:])


def _read(
    connection: Connection, wanted: AuditFilter, actor: str | None, after: tuple[datetime, int] | None, limit: int
) -> list[tuple[Json, Row[Any]]]:
    if actor is not None:
        known = users.find_by_name(connection, actor)
        wanted = replace(wanted, user_id=actor if known is None else known.id)
    rows = audit.page(connection, wanted, after=after, limit=limit)
    names = audit.names_of(connection, [row.user_id for row in rows if row.user_id is not None])
    return [(_item(row, names), row) for row in rows]


def _item(row: Row[Any], names: dict[str, str]) -> Json:
    return {
        "id": row.id,
        "at": to_wire(row.at),
        "action": row.action,
        "outcome": row.outcome,
        "user_id": row.user_id,
        "username": names.get(row.user_id),
        "address": row.address,
        "object_id": row.object_id,
        "detail": display_value(row.detail),
    }


def _key_of(row: Row[Any]) -> tuple[str, int]:
    return row.at.isoformat(), row.id


def _position(cursor: str) -> tuple[datetime, int]:
    """Raises InvalidInput (`invalid_cursor`)."""
    try:
        moment, number = read_cursor(cursor)
        if not isinstance(number, int) or abs(number) > MAX_ID:
            raise TypeError("no id")  # noqa: TRY301 - refused below, with all else
        return moment_of(moment), number
    except (ValueError, TypeError) as error:
        raise InvalidInput(code="invalid_cursor") from error
