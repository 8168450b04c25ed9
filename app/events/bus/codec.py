"""Hints as bytes, for a bus between processes (`signature` says who has written them).

A message that is not what we would have written is dropped.
"""

from datetime import datetime
from typing import Any, Final

import orjson

from app.core.clock import to_wire
from app.events.bus.base import AccessHint, BroadcastHint, FeedHint, Hint, TaskHint
from app.events.event import Event

VERSION: Final = 1  # a process of another version drops what it cannot read; the sweep tells it the rest
MAX_BYTES: Final = 65_536


class UnreadableHint(ValueError):
    """The message was not written by a process of this version."""


def encode(hint: Hint, *, sender: str) -> bytes:
    """Write a hint and who sent it."""
    match hint:
        case TaskHint():
            events = [[e.seq, e.attempt, e.type, e.body, to_wire(e.created_at)] for e in hint.events]
            fields = [hint.task_id, hint.user_id, hint.seq, hint.status, events, hint.commits]
            if hint.trace:
                fields.append(hint.trace)
            return orjson.dumps([VERSION, sender, "task", *fields])
        case AccessHint():
            return orjson.dumps([VERSION, sender, "access", hint.user_id, hint.session_id])
        case BroadcastHint():
            return orjson.dumps([VERSION, sender, "broadcast"])
        case FeedHint():
            return orjson.dumps([VERSION, sender, "feed", hint.user_id])


def decode(message: bytes) -> tuple[str, Hint]:
    """Return the sender and the hint. Raises UnreadableHint."""
    if len(message) > MAX_BYTES:
        raise UnreadableHint("too long")
    try:
        version, sender, kind, *fields = orjson.loads(message)
        if version != VERSION or not isinstance(sender, str):
            raise UnreadableHint("another version")
        match kind:
            case "task":
                return sender, _task_hint(*fields)
            case "access":
                return sender, _access_hint(*fields)
            case "broadcast":
                return sender, BroadcastHint(*fields)
            case "feed":
                return sender, _feed_hint(*fields)
    except (ValueError, TypeError) as error:
        raise UnreadableHint(str(error)) from error
    raise UnreadableHint("an unknown kind")


def _task_hint(
    task_id: Any, user_id: Any, seq: Any, status: Any, events: Any, commits: Any, trace: Any = ""
) -> TaskHint:
    if not (_are(str, task_id, user_id, status, trace) and _are(int, seq, commits)):
        raise UnreadableHint("not a hint")
    bodies = tuple(_event(task_id, *fields) for fields in events)
    return TaskHint(task_id, user_id, seq, status, bodies, commits, trace)


def _event(task_id: str, seq: Any, attempt: Any, kind: Any, body: Any, created_at: Any) -> Event:
    if not (_are(str, kind, body) and _are(int, seq, attempt)):
        raise UnreadableHint("not an event")
    return Event(task_id, seq, attempt, kind, body, datetime.fromisoformat(created_at))


def _access_hint(user_id: Any, session_id: Any) -> AccessHint:
    if not (isinstance(user_id, str) and isinstance(session_id, str | None)):
        raise UnreadableHint("not a hint")
    return AccessHint(user_id, session_id)


def _feed_hint(user_id: Any) -> FeedHint:
    if not _are(str, user_id):
        raise UnreadableHint("not a hint")
    return FeedHint(user_id)


def _are(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) and not isinstance(value, bool) for value in values)
