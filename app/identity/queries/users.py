"""Users: finding, listing and changing their rows, and from where they have signed in.

Addresses are networks as `core.limits.network_of` writes them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, delete, func, insert, select, update

from app.core.listing import count_up_to
from app.identity.tables import ADMINS, CAN_BE_ASSIGNED, known_addresses, users

KEPT_ADDRESSES: Final = 20  # of one user; the newest
k = known_addresses.c


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users a list has. `q` is a part of the name; `is_assignable`: active ones of `principal.ASSIGNABLE`."""

    q: str = ""
    is_assignable: bool = False


ALL: Final = UserFilter()


def find(connection: Connection, user_id: str) -> Row[Any] | None:
    return connection.execute(select(users).where(users.c.id == user_id)).one_or_none()


def lock(connection: Connection, user_id: str) -> None:
    """Let other transactions that decide something about this user wait until this one has ended.

    SQLite has one writer anyway. Foreign keys to the user are not held up.
    """
    connection.execute(select(users.c.id).where(users.c.id == user_id).with_for_update(key_share=True))


def is_active(connection: Connection, user_id: str) -> bool:
    """Return whether the user is there and not disabled."""
    found = connection.execute(select(users.c.is_active).where(users.c.id == user_id)).scalar_one_or_none()
    return bool(found)


def owner_is_active(user_id: ColumnElement[str]) -> ScalarSelect[bool]:
    """Return a condition for rows with such a column: their user is not disabled. Found by its key for each row."""
    return select(users.c.is_active).where(users.c.id == user_id).correlate_except(users).scalar_subquery()


def find_active(connection: Connection, user_id: str) -> Row[Any] | None:
    """Return (id, username, role) of a user who is there and not disabled, else None."""
    found: Any = select(users.c.id, users.c.username, users.c.role).where(users.c.id == user_id, users.c.is_active)
    row: Row[Any] | None = connection.execute(found).one_or_none()
    return row


def roles_of_active(connection: Connection, user_ids: Collection[str]) -> dict[str, str]:
    """Return the roles of those of these users who are active, by id."""
    found = select(users.c.id, users.c.role).where(users.c.id.in_(sorted(user_ids)), users.c.is_active)
    return {row.id: row.role for row in connection.execute(found)}


def lock_admins(connection: Connection) -> None:
    """Let other transactions that may take away an administrator wait until this one has ended."""
    connection.execute(select(users.c.id).where(ADMINS).order_by(users.c.id).with_for_update(key_share=True))


def find_by_name(connection: Connection, username: str) -> Row[Any] | None:
    """Return the user's row, without regard to (ASCII) case, as the unique index has it."""
    return connection.execute(select(users).where(func.lower(users.c.username) == username.lower())).one_or_none()


def taken(connection: Connection, *, username: str | None, email: str | None, besides: str | None = None) -> str | None:
    """Return `username` or `email` when another user has that one already."""
    for name, column, value in (("username", users.c.username, username), ("email", users.c.email, email)):
        if value is None:
            continue
        query = select(users.c.id).where(func.lower(column) == value.lower(), users.c.id != (besides or ""))
        if connection.execute(query).first():
            return name
    return None


def list_page(
    connection: Connection, wanted: UserFilter = ALL, *, offset: int, limit: int
) -> tuple[list[Row[Any]], int]:
    """Return one page of those that match, in the order of creation, and their number (up to MAX_COUNTED)."""
    query = select(users)
    if wanted.q:
        query = query.where(func.lower(users.c.username).contains(wanted.q.lower(), autoescape=True))
    if wanted.is_assignable:
        query = query.where(CAN_BE_ASSIGNED)
    query = query.order_by(users.c.created_at, users.c.id)  # of the index, also for the count
    total = count_up_to(connection, query.with_only_columns(users.c.id))
    return list(connection.execute(query.offset(offset).limit(limit))), total


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(users).values(**values))


def change(connection: Connection, user_id: str, values: Mapping[str, Any]) -> None:
    connection.execute(update(users).where(users.c.id == user_id).values(**values))


def remove(connection: Connection, user_id: str) -> None:
    """Remove the user with sessions, and with what is left of tasks (foreign keys cascade)."""
    connection.execute(delete(users).where(users.c.id == user_id))


def count_other_admins(connection: Connection, user_id: str) -> int:
    """Count the active administrators besides this user."""
    query = select(func.count()).select_from(users).where(ADMINS, users.c.id != user_id)
    return connection.execute(query).scalar_one()


def any_exists(connection: Connection) -> bool:
    return connection.execute(select(users.c.id).limit(1)).first() is not None


def knows_address(connection: Connection, username: str, address: str) -> bool:
    """Whether the user of that name has signed in from there. No such user: no, after the same work."""
    query = (
        select(k.user_id)
        .join(users, users.c.id == k.user_id)
        .where(func.lower(users.c.username) == username.lower(), k.address == address)
    )
    return connection.execute(query).first() is not None


def remember_address(connection: Connection, user_id: str, address: str, *, now: datetime) -> None:
    """Keep that the user has signed in from there."""
    row = update(known_addresses).where(k.user_id == user_id, k.address == address).values(last_login_at=now)
    if connection.execute(row).rowcount:
        return
    connection.execute(insert(known_addresses).values(user_id=user_id, address=address, last_login_at=now))
    newest = select(k.address).where(k.user_id == user_id).order_by(k.last_login_at.desc(), k.address)
    kept = newest.limit(KEPT_ADDRESSES)
    connection.execute(delete(known_addresses).where(k.user_id == user_id, k.address.not_in(kept)))
