"""What can go wrong with a scan's store.

ScanStoreError
├── StoreLocked      another process writes to it
├── StoreStale       the attempt has ended, or a later one writes to it
├── StoreMismatch    written by another version
├── StoreDamaged     the file is no store, or parts of it are destroyed
└── StoreUnavailable disk full, no descriptor left, file gone
"""

import sqlite3
from typing import Final

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY: Final = 0xFF  # the lower byte of an extended result code


class ScanStoreError(Exception):
    """Root. `code` is stable; `retryable` says whether the same call may work later."""

    code = "scan_store"
    retryable = False


class StoreLocked(ScanStoreError):
    """Another process holds the store's lock. `lock.lock_holder` says which."""

    code = "scan_store_locked"
    retryable = True


class StoreStale(ScanStoreError):
    """The attempt may not write any more: it has ended, or a later one has taken over. Nothing was written."""


class StoreMismatch(ScanStoreError):
    """The file was written by another version of the product."""

    code = "scan_store_mismatch"


class StoreDamaged(ScanStoreError):
    """Waiting does not mend the file."""

    code = "scan_store_damaged"


class StoreUnavailable(ScanStoreError):
    """SQLite or the system refused: the disk is full, the file is gone. What was not flushed is lost."""

    code = "scan_store_unavailable"
    retryable = True


def refusal(error: sqlite3.Error | OSError) -> ScanStoreError:
    """Return what a refusal of SQLite or of the system means for the store."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY in _DAMAGE:
        return StoreDamaged(str(error))
    return StoreUnavailable(str(error))
