"""What the operating system, or SQLite for a file that it cannot use, says of an error, as a text for people."""

import errno
import sqlite3
from typing import Final

from app.domain.messages import Text, english

_OTHER: Final = "other"
_BY_NUMBER: Final = {
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ENOENT: "missing",
    errno.EEXIST: "exists",
    errno.ENOTDIR: "no_folder",
    errno.EISDIR: "is_folder",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
    errno.EMFILE: "too_many_files",
    errno.ENFILE: "too_many_files",
    errno.EIO: "broken_disk",
    errno.ENAMETOOLONG: "too_long",
    errno.EADDRINUSE: "address_taken",
    errno.EADDRNOTAVAIL: "no_address",
    errno.ENETUNREACH: "no_route",
    errno.EHOSTUNREACH: "no_route",
    errno.ECONNRESET: "reset",
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "no_answer",
}
# By the lower byte of SQLite's result code (rescode.html).
_BY_RESULT: Final = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "denied",
    sqlite3.SQLITE_IOERR: "broken_disk",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "no_database",
    sqlite3.SQLITE_CANTOPEN: "not_opened",
}
_PRIMARY: Final = 0xFF


def reason_of(error: OSError | sqlite3.Error) -> Text:
    """Return why it failed, in English and with its key; what is not known here in the system's own words."""
    key = _key_of(error)
    if key != _OTHER:
        return english(f"system.{key}")
    return english("system.other", reason=(error.strerror if isinstance(error, OSError) else None) or error)


def _key_of(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError):
        return _BY_NUMBER.get(error.errno or 0, _OTHER)
    return _BY_RESULT.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY, _OTHER)
