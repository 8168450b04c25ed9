"""Which captured contents a scan's file shows."""

import sqlite3
from pathlib import Path

from app.scanstore import schema
from app.scanstore.errors import StoreDamaged, refusal

_HASHES = "SELECT html_sha256, text_sha256, screenshot_sha256 FROM captures"


def contents_of(path: Path) -> set[str]:
    """Hashes of all contents that the captures in this file name. A missing file names none, a damaged one shows none.

    Raises:
        StoreUnavailable: it cannot be read now.
        StoreMismatch: a newer version wrote it: what it names is not known.
    """
    try:
        connection = schema.open_reader(path)
        if connection is None:
            return set()
        try:
            return {sha256 for row in connection.execute(_HASHES) for sha256 in row if sha256}
        finally:
            connection.close()
    except sqlite3.Error as error:
        refused = refusal(error)
        if isinstance(refused, StoreDamaged):
            return set()
        raise refused from error
