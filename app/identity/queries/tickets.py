"""Open tickets of a deployment with several servers, on PostgreSQL. Their end is the database's own clock's."""

from datetime import timedelta

from sqlalchemy import Connection, delete, func, insert, select

from app.core.principal import Principal
from app.identity.tables import tickets

t = tickets.c
_OPEN = t.ends_at > func.now()


def add(connection: Connection, digest: str, principal: Principal, *, ttl_s: float) -> None:
    connection.execute(
        insert(tickets).values(
            digest=digest,
            user_id=principal.user_id,
            session_id=principal.session_id,
            username=principal.username,
            role=principal.role,
            token_expires_at=principal.expires_at,
            ends_at=func.now() + timedelta(seconds=ttl_s),
            key_id=principal.key_id or None,
        )
    )


def take(connection: Connection, digest: str) -> Principal | None:
    """Remove the ticket and return its principal as of then; of several at the same time one gets it."""
    columns = (t.user_id, t.username, t.role, t.session_id, t.token_expires_at, t.key_id)
    row = connection.execute(delete(tickets).where(t.digest == digest, _OPEN).returning(*columns)).one_or_none()
    return None if row is None else Principal(*row[:-1], key_id=row.key_id or "")


def forget_expired(connection: Connection) -> None:
    connection.execute(delete(tickets).where(t.ends_at <= func.now()))


def forget_oldest(connection: Connection, user_id: str, *, keep: int) -> None:
    """Keep the user's newest `keep`."""
    rest = select(t.digest).where(t.user_id == user_id).order_by(t.ends_at.desc(), t.digest).offset(keep)
    connection.execute(delete(tickets).where(t.digest.in_(rest)))


def are_as_many(connection: Connection, total: int) -> bool:
    """Whether at least so many are open."""
    open_ones = select(t.digest).where(_OPEN).limit(total).subquery()
    return connection.execute(select(func.count()).select_from(open_ones)).scalar_one() >= total
