"""Writes deliveries: what is to leave by channels now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from app.core.ids import new_id
from app.domain.notifications import DeliveryStatus
from app.notifications.queries import deliveries

EXPIRES_AFTER: Final = timedelta(hours=24)


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
