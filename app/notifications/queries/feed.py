"""The feed: what users were notified of, by numbers that have no gaps and are never given twice."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from app.core.tables import insert_for
from app.notifications.tables import UNREAD, feeds, notifications

n = notifications.c
MAX_UNREAD: Final = 1_000  # more than that is said as this number


def lock(connection: Connection, user_id: str) -> int:
    """Return the last number of a user's feed, and keep it until the transaction ends."""
    statement = insert_for(connection, feeds).values(user_id=user_id, last_seq=0)
    kept = statement.on_conflict_do_update(index_elements=["user_id"], set_={"last_seq": feeds.c.last_seq})
    last: int = connection.execute(kept.returning(feeds.c.last_seq)).scalar_one()
    return last


def contents_of(connection: Connection, user_id: str, seqs: Collection[int]) -> list[tuple[str, dict[str, Any]]]:
    """Return id and content of these notifications of a user."""
    if not seqs:
        return []
    query = select(n.id, n.content).where(n.user_id == user_id, n.seq.in_(sorted(seqs))).order_by(n.seq)
    return [(row.id, row.content) for row in connection.execute(query)]


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write notifications of one user whose numbers were taken under `lock`, in their order."""
    connection.execute(insert(notifications), rows)
    newest = rows[-1]
    mine = update(feeds).where(feeds.c.user_id == newest["user_id"])
    connection.execute(mine.values(last_seq=newest["seq"]))


def last_seq(connection: Connection, user_id: str) -> int:
    """Return the number of the newest one; 0: there never was one."""
    return connection.execute(select(feeds.c.last_seq).where(feeds.c.user_id == user_id)).scalar_one_or_none() or 0


def after(connection: Connection, user_id: str, seq: int, *, limit: int) -> list[Row[Any]]:
    """Return the next ones behind a number, the oldest first."""
    query = select(notifications).where(n.user_id == user_id, n.seq > seq)
    return list(connection.execute(query.order_by(n.seq).limit(limit)))


def before(connection: Connection, user_id: str, seq: int | None, *, limit: int) -> list[Row[Any]]:
    """Return those before a number, the newest first; None: from the newest on."""
    query = select(notifications).where(n.user_id == user_id)
    if seq is not None:
        query = query.where(n.seq < seq)
    return list(connection.execute(query.order_by(n.seq.desc()).limit(limit)))


def count_unread(connection: Connection, user_id: str) -> int:
    """Count what is not read, up to MAX_UNREAD."""
    some = select(n.seq).where(n.user_id == user_id, UNREAD).limit(MAX_UNREAD).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def mark_read(
    connection: Connection, user_id: str, now: datetime, *, up_to: int | None, seqs: Collection[int] = ()
) -> None:
    """Mark these as read, and all up to a number."""
    mine = (n.user_id == user_id, UNREAD)
    if up_to is not None:
        connection.execute(update(notifications).where(*mine, n.seq <= up_to).values(read_at=now))
    if seqs:
        connection.execute(update(notifications).where(*mine, n.seq.in_(sorted(seqs))).values(read_at=now))


def last_told(connection: Connection, task_id: str, kind: str) -> datetime | None:
    """Return when anybody was last notified of that about a task."""
    found: datetime | None = connection.execute(
        select(func.max(n.created_at)).where(n.task_id == task_id, n.kind == kind)
    ).scalar_one()
    return found
