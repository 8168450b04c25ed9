"""The feed: what users were notified of, by numbers that have no gaps and are never given twice."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from app.core.tables import insert_for
from app.domain.notifications import FeedHead
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


def heads(connection: Connection, user_ids: Collection[str]) -> dict[str, FeedHead]:
    """Return the heads of these users' feeds; users without a notification are left out."""
    query = select(feeds).where(feeds.c.user_id.in_(sorted(user_ids)))
    return {row.user_id: FeedHead(row.last_seq, row.read_revision) for row in connection.execute(query)}


def head(connection: Connection, user_id: str) -> FeedHead:
    return heads(connection, [user_id]).get(user_id, FeedHead())


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
) -> bool:
    """Mark these as read, and all up to a number. Return whether one of them was unread: that is a new revision."""
    lock(connection, user_id)  # as those who add some: the order of revisions is that of commits
    mine, marked = (n.user_id == user_id, UNREAD), 0
    if up_to is not None:
        marked += connection.execute(update(notifications).where(*mine, n.seq <= up_to).values(read_at=now)).rowcount
    if seqs:
        some = update(notifications).where(*mine, n.seq.in_(sorted(seqs)))
        marked += connection.execute(some.values(read_at=now)).rowcount
    if marked:
        raised = update(feeds).where(feeds.c.user_id == user_id)
        connection.execute(raised.values(read_revision=feeds.c.read_revision + 1))
    return marked > 0


def last_told(connection: Connection, task_id: str, kind: str) -> datetime | None:
    """Return when anybody was last notified of that about a task."""
    found: datetime | None = connection.execute(
        select(func.max(n.created_at)).where(n.task_id == task_id, n.kind == kind)
    ).scalar_one()
    return found
