"""Counters of sign-ins that several servers share, on PostgreSQL. All times are seconds from the database's own now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from app.core.tables import UtcDateTime
from app.identity.tables import sign_in_counters

s = sign_in_counters.c
_NOW = func.now(type_=UtcDateTime)


@dataclass(frozen=True, slots=True)
class Counter:
    """`amount`: what is left of a rate, or the number of tries; `at_s`: when it was counted, or must be waited for."""

    amount: float
    at_s: float


def find(connection: Connection, digest: str) -> Counter | None:
    """Return the counter and hold its row until the transaction ends; of one that is new only the first is kept."""
    query = select(s.amount, s.at, _NOW.label("now")).where(s.digest == digest).with_for_update()
    row = connection.execute(query).one_or_none()
    return None if row is None else Counter(row.amount, (row.at - row.now).total_seconds())


def keep(connection: Connection, digest: str, amount: float, *, at_s: float, ends_s: float, is_new: bool) -> None:
    """Store what was made of `find`. `ends_s`: when the row means nothing any more."""
    values: dict[str, Any] = {
        "amount": amount,
        "at": func.now() + timedelta(seconds=at_s),
        "ends_at": func.now() + timedelta(seconds=ends_s),
    }
    if is_new:
        connection.execute(insert(sign_in_counters).values(digest=digest, **values))
    else:
        connection.execute(update(sign_in_counters).where(s.digest == digest).values(**values))


def remove(connection: Connection, digest: str) -> None:
    connection.execute(delete(sign_in_counters).where(s.digest == digest))


def forget_ended(connection: Connection, *, limit: int) -> None:
    """Remove rows that mean nothing any more; not those that somebody looks at."""
    ended = select(s.digest).where(s.ends_at <= func.now()).order_by(s.ends_at).limit(limit)
    connection.execute(delete(sign_in_counters).where(s.digest.in_(ended.with_for_update(skip_locked=True))))
