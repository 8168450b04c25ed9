"""The rows of one run in the file that it has of its own."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.scanstore import schema
from app.scanstore.errors import StoreUnavailable
from app.scanstore.rows import Row
from app.scanstore.schema import in_json


class FileRows:
    """Fulfils `port.RowSource`. A missing file is an empty one."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            StoreUnavailable: SQLite refused.
            StoreMismatch: a newer version wrote the file.
        """
        try:
            # None: no file with our tables, or closed.
            self._db = schema.open_reader(path)
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error

    @property
    def present(self) -> bool:
        return self._db is not None

    def read(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        if self._db is None:
            return []
        try:
            return self._db.execute(query, [in_json(value) for value in parameters]).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error

    def stream(self, query: str) -> Iterator[Row]:
        """Yield rows as they are read. Raises StoreUnavailable."""
        try:
            yield from self._db.execute(query) if self._db is not None else ()
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
