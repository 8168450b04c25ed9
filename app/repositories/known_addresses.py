"""From where users have signed in. Addresses are networks as `core.limits.network_of` writes them."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from app.models import known_addresses, users

KEPT: Final = 20  # of one user; the newest

k = known_addresses.c


def knows(connection: Connection, username: str, address: str) -> bool:
    """Whether the user of that name has signed in from there. No such user: no, after the same work."""
    query = (
        select(k.user_id)
        .join(users, users.c.id == k.user_id)
        .where(func.lower(users.c.username) == username.lower(), k.address == address)
    )
    return connection.execute(query).first() is not None


def remember(connection: Connection, user_id: str, address: str, *, now: datetime) -> None:
    """The user has signed in from there."""
    row = update(known_addresses).where(k.user_id == user_id, k.address == address).values(last_login_at=now)
    if connection.execute(row).rowcount:
        return
    connection.execute(insert(known_addresses).values(user_id=user_id, address=address, last_login_at=now))
    newest = select(k.address).where(k.user_id == user_id).order_by(k.last_login_at.desc(), k.address).limit(KEPT)
    connection.execute(delete(known_addresses).where(k.user_id == user_id, k.address.not_in(newest)))
