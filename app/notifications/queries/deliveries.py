"""Channels and what leaves by them.

A sender claims a channel, not a delivery: so each channel has one delivery under way at most, in the order in which
they became due, whatever the number of servers. The claim is a compare-and-set, and ends by itself when `due_at` has
come.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from app.core.tables import insert_for
from app.domain.notifications import DeliveryStatus
from app.identity.accounts import is_active
from app.notifications.tables import CHANNEL_DUE, WAITING, channels, crowded_items, deliveries

c, d = channels.c, deliveries.c
_LATER: Final = DeliveryStatus.WAITING.value
TRIES_PER_USER: Final = 4  # under way on all servers: those of others find a place
# Before what waits for a user who is disabled is looked at again: enabling the user wakes no channel.
INACTIVE_PAUSE: Final = timedelta(hours=1)
# What a list shows of a delivery: of its contents, which may be a hundred notifications, the first one.
_SHOWN: Final = (
    *(column for column in d if column is not d.contents),
    d.contents["items", 0].label("first"),
    d.contents["total"].label("total"),
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A channel that is ours, and what is to be sent by it."""

    channel: Row[Any]
    delivery: Row[Any]


# Channels


def of_user(connection: Connection, user_id: str) -> list[Row[Any]]:
    """Return a user's channels, the oldest first."""
    return list(connection.execute(select(channels).where(c.user_id == user_id).order_by(c.created_at, c.id)))


def find_channel(connection: Connection, channel_id: str, user_id: str) -> Row[Any] | None:
    return connection.execute(select(channels).where(c.id == channel_id, c.user_id == user_id)).one_or_none()


def count_channels(connection: Connection, user_id: str) -> int:
    return connection.execute(select(func.count()).select_from(channels).where(c.user_id == user_id)).scalar_one()


def add_channel(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(channels).values(**values))


def change_channel(connection: Connection, channel_id: str, user_id: str, values: Mapping[str, Any]) -> bool:
    """Return whether there is such a channel."""
    changed = update(channels).where(c.id == channel_id, c.user_id == user_id).values(**values)
    return connection.execute(changed).rowcount == 1


def remove_some(connection: Connection, channel_id: str, limit: int) -> int:
    """Remove some of what hangs on a channel, and return how many rows that were."""
    some = select(d.id).where(d.channel_id == channel_id).limit(limit).scalar_subquery()
    removed = connection.execute(delete(deliveries).where(d.id.in_(some))).rowcount
    if removed:
        return removed
    i = crowded_items.c
    names = select(i.notification_id).where(i.channel_id == channel_id).limit(limit).scalar_subquery()
    mine = delete(crowded_items).where(i.channel_id == channel_id, i.notification_id.in_(names))
    return connection.execute(mine).rowcount


def remove_channel(connection: Connection, channel_id: str, user_id: str) -> bool:
    """Remove it with what is left of its deliveries. Return whether there was such a channel."""
    return connection.execute(delete(channels).where(c.id == channel_id, c.user_id == user_id)).rowcount == 1


def enabled(connection: Connection, user_id: str, channel_ids: Collection[str]) -> list[str]:
    """Return which of these channels of a user take deliveries, by id."""
    mine = (c.user_id == user_id, c.id.in_(sorted(channel_ids)), c.is_enabled)
    return sorted(connection.execute(select(c.id).where(*mine)).scalars())


def wake(connection: Connection, channel_ids: Collection[str], at: datetime, *, in_trouble_too: bool = False) -> None:
    """Let a sender look at these channels at that time, or sooner; after their pauses, unless `in_trouble_too`.

    One that is under way is looked at when that is over.
    """
    named = c.id.in_(sorted(channel_ids))
    # One order, so that nobody waits in a circle.
    connection.execute(select(c.id).where(named).order_by(c.id).with_for_update(key_share=True))
    begin: ColumnElement[datetime] = literal(at, c.due_at.type)
    if not in_trouble_too:
        begin = case((c.not_before > at, c.not_before), else_=begin)
    sooner = or_(c.due_at.is_(None), c.due_at > begin)
    connection.execute(update(channels).where(named, c.claim.is_(None), sooner).values(due_at=begin))


# Claims


def has_due(connection: Connection, now: datetime, busy: Collection[str]) -> bool:
    """Return whether a channel may be claimed besides these."""
    return connection.execute(_due(now, busy).with_only_columns(c.id).limit(1)).first() is not None


def claim(
    connection: Connection, now: datetime, busy: Collection[str], *, token: str, until: datetime
) -> Claimed | None:
    """Claim a channel that is due, with its next delivery. None: there is nothing to send by one."""
    query = _due(now, busy).order_by(c.due_at).limit(1).with_for_update(skip_locked=True, key_share=True)
    while (channel := connection.execute(query).one_or_none()) is not None:
        mine = update(channels).where(c.id == channel.id)
        if not channel.is_enabled:
            connection.execute(mine.values(claim=None, due_at=None))
            continue
        if not is_active(connection, channel.user_id):
            connection.execute(mine.values(claim=None, due_at=now + INACTIVE_PAUSE))
            continue
        waiting = select(deliveries).where(d.channel_id == channel.id, WAITING, d.next_at <= now)
        delivery = connection.execute(waiting.order_by(d.next_at, d.id).limit(1)).one_or_none()
        if delivery is not None:
            connection.execute(mine.values(claim=token, due_at=until))
            connection.execute(update(deliveries).where(d.id == delivery.id).values(attempts=d.attempts + 1))
            return Claimed(channel, delivery)
        _settle(connection, channel.id, {"claim": None})
    return None


def _due(now: datetime, busy: Collection[str]) -> Select[Any]:
    """Select channels that are due, but for these and those of users who have enough tries under way."""
    others = channels.alias()
    mine = (others.c.user_id == c.user_id, others.c.claim.is_not(None), others.c.due_at > now)
    under_way = select(func.count()).select_from(others).where(*mine).scalar_subquery()
    due = (CHANNEL_DUE, c.due_at <= now, c.id.not_in(sorted(busy)))
    return select(channels).where(*due, under_way < TRIES_PER_USER)


def finish(
    connection: Connection,
    claimed: Claimed,
    token: str,
    *,
    delivery: Mapping[str, Any],
    channel: Mapping[str, Any],
    not_before: datetime,
) -> bool:
    """Write what became of a delivery, and give the channel back. False: the claim has ended, nothing was written."""
    mine = (c.id == claimed.channel.id, c.claim == token)
    if connection.execute(select(c.id).where(*mine).with_for_update(key_share=True)).first() is None:
        return False
    connection.execute(update(deliveries).where(d.id == claimed.delivery.id).values(**delivery))
    _settle(connection, claimed.channel.id, {**channel, "not_before": not_before, "claim": None})
    return True


def release(connection: Connection, claimed: Claimed, token: str, now: datetime) -> None:
    """Give a channel back, nothing being known of its delivery: the process ends."""
    connection.execute(
        update(channels).where(c.id == claimed.channel.id, c.claim == token).values(claim=None, due_at=now)
    )


def release_all(connection: Connection, now: datetime) -> None:
    """Give back what a process before this one had claimed. For the only process of a deployment, at its start."""
    connection.execute(update(channels).where(CHANNEL_DUE, c.claim.is_not(None)).values(claim=None, due_at=now))


def hurry(connection: Connection, channel_id: str, now: datetime) -> None:
    """Try at once what waits for another try: the channel works again."""
    connection.execute(
        update(deliveries).where(d.channel_id == channel_id, WAITING, d.next_at > now).values(next_at=now)
    )


def _settle(connection: Connection, channel_id: str, values: Mapping[str, Any]) -> None:
    """Write these values of a channel, and when it is to be looked at next."""
    row = lock(connection, channel_id)
    next_at = connection.execute(select(func.min(d.next_at)).where(d.channel_id == channel_id, WAITING)).scalar_one()
    not_before = values.get("not_before", None if row is None else row.not_before)
    if next_at is not None and not_before is not None:
        next_at = max(next_at, not_before)
    connection.execute(update(channels).where(c.id == channel_id).values(**values, due_at=next_at))


def lock(connection: Connection, channel_id: str) -> Row[*tuple[Any, ...]] | None:
    """Let nobody decide when the channel is looked at while this transaction does: it could not see what that adds.

    Return when that is; None: there is no such channel.
    """
    query = select(c.due_at, c.not_before, c.claim).where(c.id == channel_id)
    return connection.execute(query.with_for_update(key_share=True)).one_or_none()


# Deliveries


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write deliveries; one of the same source to the same channel stays the only one."""
    if rows:
        connection.execute(insert_for(connection, deliveries).on_conflict_do_nothing(), [dict(row) for row in rows])


def count_waiting(connection: Connection, user_id: str, channel_ids: Collection[str], *, limit: int) -> dict[str, int]:
    """Return those of these channels of a user that take deliveries, and how many wait in each, up to `limit`."""
    some = select(d.id).where(d.channel_id == c.id, WAITING).limit(limit).correlate(channels).subquery()
    waiting = select(func.count()).select_from(some).scalar_subquery()
    mine = (c.user_id == user_id, c.id.in_(sorted(channel_ids)), c.is_enabled)
    return {row[0]: row[1] for row in connection.execute(select(c.id, waiting).where(*mine))}


def page(
    connection: Connection,
    user_id: str,
    *,
    status: str | None,
    channel_id: str | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Row[Any]]:
    """Return a user's deliveries, the newest first, from behind the one with this time and id; of the contents of each
    the `first` and the `total`.
    """
    query = select(*_SHOWN).where(d.user_id == user_id)
    if status is not None:
        query = query.where(d.status == status)
    if channel_id is not None:
        query = query.where(d.channel_id == channel_id)
    if before is not None:
        query = query.where(tuple_(d.created_at, d.id) < before)
    return list(connection.execute(query.order_by(d.created_at.desc(), d.id.desc()).limit(limit)))


def last_of_sources(connection: Connection, prefixes: Mapping[str, str]) -> list[Row[Any]]:
    """Return of each channel the delivery with the greatest source that begins with a text, if it has one."""
    if not prefixes:
        return []
    found = []
    for channel_id, prefix in sorted(prefixes.items()):
        mine = (d.channel_id == channel_id, d.source >= prefix, d.source < f"{prefix}\x7f")
        newest = select(d.id).where(*mine).order_by(d.source.desc()).limit(1).subquery()
        found.append(select(newest.c.id))
    return list(connection.execute(select(*_SHOWN).where(d.id.in_(union_all(*found)))))


def find(connection: Connection, delivery_id: str, user_id: str) -> Row[Any] | None:
    """Return a delivery with the same columns."""
    return connection.execute(select(*_SHOWN).where(d.id == delivery_id, d.user_id == user_id)).one_or_none()


def resend(connection: Connection, delivery: Row[Any], *, now: datetime, expires_at: datetime) -> bool:
    """Let a delivery that is not waiting wait again, with the same id. False: it waits already."""
    again = update(deliveries).where(d.id == delivery.id, d.status != _LATER)
    values = {"status": _LATER, "next_at": now, "expires_at": expires_at, "error": None}
    return connection.execute(again.values(**values)).rowcount == 1
