"""Queries over API keys. Rows are read with their users, whose rights limit those of the key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, func, insert, select, update

from app.identity.tables import api_keys, users

MOST_LISTED: Final = 200
k = api_keys.c


def list_by_digest(connection: Connection, digests: Sequence[str]) -> list[Row[Any]]:
    """Return the keys with these digests: columns of the key with its user's name, role and whether it is active."""
    return list(connection.execute(_BY_DIGEST, {"digests": list(digests)}))


def list_by_id(connection: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    """Return the keys with these ids, with the columns of `list_by_digest`."""
    return list(connection.execute(_BY_ID, {"ids": list(ids)}))


def list_of_user(connection: Connection, user_id: str) -> list[Row[Any]]:
    """Return the user's keys that were not revoked, the newest first, expired ones included; at most MOST_LISTED."""
    query = select(api_keys).where(k.user_id == user_id, k.revoked_at.is_(None))
    return list(connection.execute(query.order_by(k.created_at.desc(), k.id.desc()).limit(MOST_LISTED)))


def count_open(connection: Connection, user_id: str, *, now: datetime) -> int:
    """Count the user's valid keys."""
    mine = select(func.count()).select_from(api_keys).where(*_open_of(user_id, now))
    return connection.execute(mine).scalar_one()


def add(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(api_keys).values(**values))


def revoke(connection: Connection, user_id: str, *, now: datetime, key_id: str | None = None) -> list[str]:
    """Revoke the user's keys, or one of them, including expired ones; return the ids of the revoked keys."""
    mine = [k.user_id == user_id, k.revoked_at.is_(None)]
    if key_id is not None:
        mine.append(k.id == key_id)
    ids = list(connection.execute(select(k.id).where(*mine)).scalars())
    ended = case((k.expires_at < now, k.expires_at), else_=now)
    connection.execute(update(api_keys).where(*mine).values(revoked_at=now, expires_at=ended))
    return ids


def note_use(connection: Connection, key_id: str, *, at: datetime, networks: Sequence[str] | None) -> None:
    """Store the time of the last use, and the networks if there is a new one (`networks`: all that are kept)."""
    values: dict[str, Any] = {"last_used_at": at}
    if networks is not None:
        values["networks"] = list(networks)
    connection.execute(update(api_keys).where(k.id == key_id).values(**values))


def _open_of(user_id: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return k.user_id == user_id, k.revoked_at.is_(None), k.expires_at > now


def _with_users() -> Select[Any]:
    columns = (users.c.username, users.c.role, users.c.is_active)
    return select(api_keys, *columns).join(users, users.c.id == k.user_id)


# Run for each request with a key, so they are built once.
_BY_DIGEST: Final = _with_users().where(k.digest.in_(bindparam("digests", expanding=True)))
_BY_ID: Final = _with_users().where(k.id.in_(bindparam("ids", expanding=True)))
