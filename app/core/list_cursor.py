"""Position in a list as an opaque token: JSON in base64 without padding."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson


def write_cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).rstrip(b"=").decode()


def read_cursor(text: str) -> list[Any]:
    """Return the values of a cursor, which may be of anybody's making. Raises ValueError."""
    try:
        values = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except binascii.Error as error:
        raise ValueError("no cursor") from error
    if not isinstance(values, list):
        raise ValueError("no cursor")  # noqa: TRY004 - all that is wrong with a cursor is refused alike
    return values


def moment_of(value: Any) -> datetime:
    """Return a time in UTC. Raises ValueError, TypeError."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("before the first or after the last moment in UTC") from error


def text_of(value: Any) -> str:
    """Return a text that any database takes. Raises ValueError."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no text")
    return value
