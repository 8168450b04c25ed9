"""How an error is written to the log: with its traceback and its causes, never with what a client sent, and bounded."""

import logging
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from app.core.limits import KeyedTokenBuckets

MAX_FRAMES: Final = 40  # of one error, the innermost ones
MAX_LINKS: Final = 6  # errors of a chain or of a group
MAX_MESSAGE: Final = 1_000  # characters
# Of one place: a client that has found how to make it fail must not fill the disk with it.
BURST: Final = 10
PER_S: Final = 0.1
_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"
_GROUPED: Final = "\nIt holds, among others:\n\n"


def format_traceback(exc_info: Any) -> str:
    """Return an error as the log shows it; `exc_info` is the triple of `sys.exc_info`. For structlog's renderers."""
    error = exc_info[1]
    return "" if error is None else "".join(_describe(error, set())).rstrip("\n")


def _describe(error: BaseException, seen: set[int]) -> Iterator[str]:
    """Return the errors, oldest first, as Python prints them."""
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen and len(seen) < MAX_LINKS:
        yield from _describe(before, seen)
        yield _CAUSE if error.__cause__ is not None else _CONTEXT
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__, limit=-MAX_FRAMES)
    yield f"{type(error).__qualname__}: {message_of(error)}\n"
    for part in getattr(error, "exceptions", ()):
        if len(seen) < MAX_LINKS:
            yield _GROUPED
            yield from _describe(part, seen)


def message_of(error: BaseException) -> str:
    """Return the message of the error. Validation errors (pydantic's, FastAPI's) contain the input,
    in its names too: of that only the kinds are told.
    """
    listed = getattr(error, "errors", None)
    if not callable(listed):
        return str(error)[:MAX_MESSAGE]
    kinds = Counter(str(item.get("type")) for item in listed() if isinstance(item, dict))
    return ", ".join(f"{kind} ({count})" for kind, count in kinds.most_common(MAX_LINKS)) or "not valid"


class RepeatLimit(logging.Filter):
    """Drops the records of an error that comes again and again from one place; the next one that passes tells how many
    (`repeated`).
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._buckets = KeyedTokenBuckets(burst=BURST, per_s=PER_S, max_keys=1_000)
        self._dropped: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        error = _error_of(record)
        if error is None:
            return True
        location = _location_of(error)
        if not self._buckets.take(location, self._now()):
            self._dropped[location] += 1
            return False
        repeated = self._dropped.pop(location, 0)
        if repeated and isinstance(record.msg, dict):
            record.msg["repeated"] = repeated
        elif repeated:
            record.msg = f"{str(record.msg).rstrip()} (and {repeated} times before)"
        return True


def _error_of(record: logging.LogRecord) -> BaseException | None:
    """Return the error of a record: the standard library's, or structlog's, whose message is a dictionary."""
    found: Any = record.exc_info or (record.msg.get("exc_info") if isinstance(record.msg, dict) else None)
    if isinstance(found, tuple):
        found = found[1]
    if found is True or found == 1:
        found = sys.exc_info()[1]
    return found if isinstance(found, BaseException) else None


def _location_of(error: BaseException) -> str:
    """Return the type of the error, and the line that raised it."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = "" if last is None else f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}"
    return f"{type(error).__qualname__} {where}"
