"""Sessions: one row for each login. Tokens carry its id as `sid`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from app.models import sessions, users


def find_with_user(connection: Connection, session_id: str) -> Row[Any] | None:
    """Return the session's columns with the user's under their own names; None when either is gone."""
    return connection.execute(_joined().where(sessions.c.id == session_id)).one_or_none()


def list_with_users(connection: Connection, session_ids: Sequence[str]) -> list[Row[Any]]:
    """Return what `find_with_user` does for many sessions, in one query."""
    return list(connection.execute(_MANY_WITH_USERS, {"ids": list(session_ids)}))


def add(
    connection: Connection, *, session_id: str, user_id: str, now: datetime, expires_at: datetime, refresh_jti: str
) -> None:
    """Add a session, and remove the user's expired ones at the same time."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id, sessions.c.expires_at < now))
    connection.execute(
        insert(sessions).values(
            id=session_id, user_id=user_id, created_at=now, expires_at=expires_at, refresh_jti=refresh_jti
        )
    )


def rotate(
    connection: Connection, session_id: str, *, old_jti: str, new_jti: str, now: datetime, expires_at: datetime
) -> bool:
    """Replace the refresh token by the next one. False: the old one was used before."""
    changed = connection.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.refresh_jti == old_jti, sessions.c.revoked_at.is_(None))
        .values(refresh_jti=new_jti, previous_jti=old_jti, rotated_at=now, expires_at=expires_at)
    )
    return changed.rowcount == 1


def revoke(connection: Connection, session_id: str, *, now: datetime) -> None:
    connection.execute(
        update(sessions).where(sessions.c.id == session_id, sessions.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def revoke_all(connection: Connection, user_id: str, *, now: datetime) -> None:
    connection.execute(
        update(sessions).where(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def _joined() -> Any:
    return select(
        sessions.c.id.label("session_id"),
        sessions.c.revoked_at,
        sessions.c.expires_at.label("session_expires_at"),
        sessions.c.refresh_jti,
        sessions.c.previous_jti,
        sessions.c.rotated_at,
        users,
    ).join(users, users.c.id == sessions.c.user_id)


# Asked for each connection: built once.
_MANY_WITH_USERS: Final = _joined().where(sessions.c.id.in_(bindparam("ids", expanding=True)))
