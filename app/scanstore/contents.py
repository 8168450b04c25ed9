"""Which captured contents a scan's file shows."""

import sqlite3
from pathlib import Path

from app.scanstore import schema
from app.scanstore.errors import StoreDamaged, StoreMismatch, refusal

_HASHES = "SELECT html_sha256, text_sha256, screenshot_sha256 FROM captures"


def contents_of(path: Path) -> set[str]:
    """Hashes of all contents that the captures in this file name. A missing file names none, a damaged one shows none.

    Raises:
        StoreUnavailable: it cannot be read now.
        StoreMismatch: another version wrote it: what it names is not known.
    """
    try:
        connection = schema.open_reader(path)
        if connection is None:
            return _refuse_other_version(path)
        try:
            return {sha256 for row in connection.execute(_HASHES) for sha256 in row if sha256}
        finally:
            connection.close()
    except sqlite3.Error as error:
        refused = refusal(error)
        if isinstance(refused, StoreDamaged):
            return set()
        raise refused from error


def _refuse_other_version(path: Path) -> set[str]:
    """A file that is just being made has no version yet, and shows nothing."""
    if path.is_file():
        with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True) as connection:
            version = schema.version_of(connection)
        connection.close()
        if version not in (0, schema.VERSION):
            raise StoreMismatch(f"{path.name} has version {version}")
    return set()
