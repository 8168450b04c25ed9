"""Writes deliveries: what is to leave by channels now, and what became of test messages."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.ids import new_id
from app.domain.notifications import DeliveryStatus
from app.notifications.outcome import Failed, Outcome
from app.notifications.queries import deliveries

EXPIRES_AFTER: Final = timedelta(hours=24)
NO_CONTENTS: Final = {"items": [], "total": 0}  # of a test message
_TEST: Final = "test:"  # begins the source of a test message
_FINGERPRINT: Final = 16  # characters


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """`source`: what it is made of, a notification or a digest; a channel gets one of each source.

    `contents`: `items` and `total`.
    """

    channel_id: str
    source: str
    contents: Mapping[str, Any]


def deliver(connection: Connection, user_id: str, new: Sequence[NewDelivery], now: datetime) -> None:
    """Write deliveries by a user's channels, and let a sender look at these."""
    rows = [
        {
            "id": new_id(),
            "channel_id": one.channel_id,
            "user_id": user_id,
            "source": one.source,
            "contents": one.contents,
            "status": DeliveryStatus.WAITING.value,
            "attempts": 0,
            "created_at": now,
            "next_at": now,
            "expires_at": now + EXPIRES_AFTER,
        }
        for one in new
    ]
    deliveries.add(connection, rows)
    deliveries.wake(connection, {one.channel_id for one in new}, now)


def is_test(source: str) -> bool:
    """Return whether a delivery of this source is a test message."""
    return source.startswith(_TEST)


def record_test(
    connection: Connection, channel: Row[Any], delivery_id: str, outcome: Outcome, *, begun_at: datetime, now: datetime
) -> None:
    """Write a test message, which was sent at once, with its result. Nothing if the channel was deleted meanwhile."""
    if deliveries.lock(connection, channel.id) is None:
        return
    failed = outcome if isinstance(outcome, Failed) else None
    row = {
        "id": delivery_id,
        "channel_id": channel.id,
        "user_id": channel.user_id,
        "source": f"{_tests_of(channel)}{delivery_id}",
        "contents": NO_CONTENTS,
        "status": (DeliveryStatus.SENT if failed is None else DeliveryStatus.DEAD).value,
        "attempts": 1,
        "created_at": begun_at,
        "next_at": now,
        "expires_at": now,
        "sent_at": now if failed is None else None,
        "error": None if failed is None else failed.as_json(),
    }
    deliveries.add(connection, [row])


def last_tests(connection: Connection, channels: Sequence[Row[Any]]) -> dict[str, Row[Any]]:
    """Return the last test message of each channel that has one for its present URL or address, by channel."""
    prefixes = {channel.id: _tests_of(channel) for channel in channels}
    return {row.channel_id: row for row in deliveries.last_of_sources(connection, prefixes)}


def _tests_of(channel: Row[Any]) -> str:
    """Return what the sources of the channel's tests begin with. It changes with what is sealed: a test says nothing of
    a destination that was entered later.
    """
    fingerprint = hashlib.sha256(channel.sealed.encode()).hexdigest()[:_FINGERPRINT]
    return f"{_TEST}{fingerprint}:"
