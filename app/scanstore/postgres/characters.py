"""Texts as PostgreSQL can hold them, and back.

It has no place for the character U+0000, which pages may contain: it stands as U+0001 and "0", and U+0001 itself as
U+0001 and "1", so that texts that differ stay different. Half of a surrogate pair has no UTF-8 and becomes a question
mark, as in a file.
"""

from typing import Any, Final

from app.scanstore.rows import Row

_NUL: Final = "\x00"
_MARK: Final = "\x01"
_AS_NUL: Final = _MARK + "0"
_AS_MARK: Final = _MARK + "1"


def storable(value: Any) -> Any:
    """Return the value of a field as it is stored; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    if _MARK in value or _NUL in value:
        value = value.replace(_MARK, _AS_MARK).replace(_NUL, _AS_NUL)
    return value if value.isascii() else value.encode(errors="replace").decode()


def original(value: Any) -> Any:
    """Return what `storable` was given, but for half surrogates."""
    if isinstance(value, str) and _MARK in value:
        return value.replace(_AS_NUL, _NUL).replace(_AS_MARK, _MARK)
    return value


def original_row(row: Row) -> Row:
    return tuple(map(original, row))
