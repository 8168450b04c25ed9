"""Identifiers: UUIDv7, so that keys made later sort later in an index. Order itself always comes from `seq`."""

from datetime import UTC, datetime, timedelta
from typing import Final

import uuid_utils

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_BEFORE_DASH: Final = 8  # digits of the time, of twelve


def new_id() -> str:
    """Return a new UUIDv7 in its canonical form (36 characters)."""
    return str(uuid_utils.uuid7())


def first_id_of(at: datetime) -> str:
    """Return the beginning of an id: those made at this moment or later sort behind it, and no earlier ones.

    RFC 9562, 5.7: the first 48 bits are milliseconds of the Unix epoch.
    """
    digits = f"{(at - _EPOCH) // _MILLISECOND:012x}"
    return f"{digits[:_BEFORE_DASH]}-{digits[_BEFORE_DASH:]}"
