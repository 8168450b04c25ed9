"""Sessions: one row for each login. Tokens carry its id as `sid`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, insert, select, update

from app.core.principal import Principal
from app.identity.tables import sessions, users

MOST_LISTED: Final = 200
# How a refresh token travels.
BODY: Final = "body"
COOKIE: Final = "cookie"


def find_with_user(connection: Connection, session_id: str) -> Row[Any] | None:
    """Return the session's columns with the user's under their own names; None when either is gone."""
    return connection.execute(_joined().where(sessions.c.id == session_id)).one_or_none()


def is_open(connection: Connection, principal: Principal, *, now: datetime) -> bool:
    """Return whether the principal's session goes on, and its user is active.

    Behind the lock of the user's row: who ends all that a user has holds it, and so nothing is made just after.
    """
    row = find_with_user(connection, principal.session_id)
    return row is not None and row.revoked_at is None and row.session_expires_at > now and row.is_active


def list_with_users(connection: Connection, session_ids: Sequence[str]) -> list[Row[Any]]:
    """Return what `find_with_user` does for many sessions, in one query."""
    return list(connection.execute(_MANY_WITH_USERS, {"ids": list(session_ids)}))


def open_of(connection: Connection, user_id: str, *, now: datetime) -> list[Row[Any]]:
    """Return the user's sessions that have not ended, at most MOST_LISTED."""
    mine = _open_of(user_id, now)
    return list(connection.execute(select(sessions).where(*mine).limit(MOST_LISTED)))


def revoke_some(
    connection: Connection, user_id: str, *, now: datetime, session_id: str | None = None, besides: str | None = None
) -> int:
    """End the user's open sessions: one, or all `besides` one; return how many were."""
    mine = _open_of(user_id, now)
    if session_id is not None:
        mine = (*mine, sessions.c.id == session_id)
    if besides is not None:
        mine = (*mine, sessions.c.id != besides)
    return connection.execute(update(sessions).where(*mine).values(revoked_at=now)).rowcount


def add(
    connection: Connection,
    *,
    session_id: str,
    user_id: str,
    now: datetime,
    expires_at: datetime,
    refresh_jti: str,
    address: str | None = None,
    agent: str | None = None,
    page_key: str | None = None,
) -> None:
    """Add a session, and remove the user's expired ones at the same time. `page_key`: it is a page's."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id, sessions.c.expires_at < now))
    connection.execute(
        insert(sessions).values(
            id=session_id,
            user_id=user_id,
            created_at=now,
            expires_at=expires_at,
            refresh_jti=refresh_jti,
            address=address,
            agent=agent,
            **_binding(page_key),
        )
    )


def rotate(
    connection: Connection,
    session_id: str,
    *,
    old_jti: str,
    new_jti: str,
    now: datetime,
    expires_at: datetime,
    page_key: str | None = None,
) -> bool:
    """Replace the refresh token by the next one, which travels as it did. False: the old one was used before."""
    changed = connection.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.refresh_jti == old_jti, sessions.c.revoked_at.is_(None))
        .values(refresh_jti=new_jti, previous_jti=old_jti, rotated_at=now, expires_at=expires_at, **_binding(page_key))
    )
    return changed.rowcount == 1


def revoke(connection: Connection, session_id: str, *, now: datetime) -> bool:
    """End the session. False: it had ended before, or is gone."""
    there = update(sessions).where(sessions.c.id == session_id, sessions.c.revoked_at.is_(None))
    return connection.execute(there.values(revoked_at=now)).rowcount == 1


def revoke_all(connection: Connection, user_id: str, *, now: datetime) -> None:
    connection.execute(
        update(sessions).where(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def _binding(page_key: str | None) -> dict[str, str | None]:
    return {"channel": BODY if page_key is None else COOKIE, "page_key": page_key}


def _open_of(user_id: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None), sessions.c.expires_at > now


def _joined() -> Any:
    return select(
        sessions.c.id.label("session_id"),
        sessions.c.revoked_at,
        sessions.c.expires_at.label("session_expires_at"),
        sessions.c.refresh_jti,
        sessions.c.previous_jti,
        sessions.c.rotated_at,
        sessions.c.channel,
        sessions.c.page_key,
        users,
    ).join(users, users.c.id == sessions.c.user_id)


# Asked for each connection: built once.
_MANY_WITH_USERS: Final = _joined().where(sessions.c.id.in_(bindparam("ids", expanding=True)))
