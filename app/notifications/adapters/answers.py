"""Interprets HTTP responses in the way that all receivers share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from app.core.redact import display_text
from app.notifications.outcome import Failed, FailureCode, Outcome, Sent
from app.notifications.ports import HttpAnswer

SHOWN: Final = 200  # characters of a response that users see
MAX_RETRY_AFTER_S: Final = 86_400.0
TOO_MANY: Final = 429
GONE: Final = 410
_RETRY_AFTER: Final = frozenset({TOO_MANY, 503})  # statuses for which `Retry-After` applies (RFC 9110, 10.2.3)
_SUCCESS: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)


def read_status(answer: HttpAnswer) -> Outcome:
    """Return the outcome according to the status of the response."""
    if answer.failure is not None:
        return Failed(answer.failure, {"detail": display_text(answer.detail)})
    if answer.status in _SUCCESS:
        return Sent()
    if answer.status in _REDIRECTS:
        return Failed(FailureCode.REDIRECT, {"status": answer.status})
    code = FailureCode.RATE_LIMITED if answer.status == TOO_MANY else FailureCode.HTTP_STATUS
    params = {"status": answer.status, "answer": beginning_of(answer.body)}
    wait_s = retry_after_s(answer.headers.get("retry-after", "")) if answer.status in _RETRY_AFTER else None
    return Failed(code, params, retry_after_s=wait_s, is_final=answer.status == GONE)


def read_object(answer: HttpAnswer) -> Mapping[str, Any]:
    """Return the JSON object of a response, or an empty one if the body is not a JSON object."""
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def beginning_of(body: bytes) -> str:
    """Return the first characters of a response, safe to be displayed."""
    return display_text(body[: 4 * SHOWN].decode("utf-8", "replace"))[:SHOWN]


def retry_after_s(value: str) -> float | None:
    """Return the seconds of a `Retry-After` (seconds or HTTP date), at most a day; None if it is not valid."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return min(max(0.0, (aware - datetime.now(UTC)).total_seconds()), MAX_RETRY_AFTER_S)
