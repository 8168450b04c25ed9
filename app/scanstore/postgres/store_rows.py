"""Reads the rows of one run."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from app.scanstore.postgres import dialect
from app.scanstore.postgres.characters import original_row
from app.scanstore.postgres.refusals import refusals
from app.scanstore.rows import Row


class StoreRows:
    """Fulfils `port.RowSource`. Has a connection until it is closed; every question sees what is committed by then."""

    def __init__(self, engine: Engine, task_id: str, run: int) -> None:
        """`engine` commits by itself. Raises StoreUnavailable."""
        with refusals():
            self._connection = engine.connect()
            try:
                found = self._connection.exec_driver_sql(
                    "SELECT id FROM scan_stores WHERE task_id = %s AND run = %s", (task_id, run)
                ).first()
            except BaseException:
                self._connection.close()
                raise
        # None: there is no such store, or it is closed.
        self._prefix = None if found is None else dialect.prefix(found[0])

    @property
    def present(self) -> bool:
        return self._prefix is not None

    def read(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        if self._prefix is None:
            return []
        with refusals():
            asked = self._connection.exec_driver_sql(
                self._prefix + dialect.translated(query), dialect.named(parameters)
            )
            return [original_row(tuple(row)) for row in asked]

    def close(self) -> None:
        self._prefix = None
        self._connection.close()
