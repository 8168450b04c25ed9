"""What can go wrong with a scan's store.

ScanStoreError
├── StoreLocked      another process writes to it
├── StoreMismatch    written by another version
└── StoreUnavailable disk full, file gone, file damaged
"""


class ScanStoreError(Exception):
    """Root. `code` is stable; `retryable` says whether the same call may work later."""

    code = "scan_store"
    retryable = False


class StoreLocked(ScanStoreError):
    """Another process holds the store's lock. `lock.lock_holder` says which."""

    code = "scan_store_locked"
    retryable = True


class StoreMismatch(ScanStoreError):
    """The file was written by another version of the product."""

    code = "scan_store_mismatch"


class StoreUnavailable(ScanStoreError):
    """SQLite refused: the disk is full, the file is gone or damaged. What was not flushed is lost."""

    code = "scan_store_unavailable"
    retryable = True
