"""The servers of a deployment on PostgreSQL, and who is connected to each. All times are by the database's clock."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from app.identity.tables import users
from app.websocket.tables import EXCESS, open_connections, servers

s, o = servers.c, open_connections.c
MAX_LISTED: Final = 1_000


def beat(connection: Connection, server_id: str, values: dict[str, Any], now: datetime) -> None:
    """Renew the server's row, or make it. `values`: what it says of itself."""
    changed = update(servers).where(s.id == server_id).values(heartbeat_at=now, numbers=values["numbers"])
    if not connection.execute(changed).rowcount:
        connection.execute(insert(servers).values(id=server_id, started_at=now, heartbeat_at=now, **values))


def leave(connection: Connection, server_id: str) -> None:
    """Remove the row of a server that ends, and the rows of its connections."""
    connection.execute(delete(open_connections).where(o.server_id == server_id))
    connection.execute(delete(servers).where(s.id == server_id))


def known(connection: Connection) -> Sequence[Row[Any]]:
    """Return the servers that have a row, at most MAX_LISTED."""
    return connection.execute(select(servers).order_by(s.id).limit(MAX_LISTED)).all()


def forget_silent(connection: Connection, gone: Collection[str], before: datetime) -> None:
    """Remove the connections of servers that have gone, and the rows of those that were last heard of before then."""
    connection.execute(delete(open_connections).where(o.server_id.in_(gone)))
    connection.execute(delete(servers).where(s.id.in_(gone), s.heartbeat_at < before))


def open_ids(connection: Connection, server_id: str) -> set[str]:
    """Return the ids of the server's connections."""
    return set(connection.execute(select(o.id).where(o.server_id == server_id)).scalars())


def to_close(connection: Connection, server_id: str) -> list[Row[Any]]:
    """Return `id` and `is_closed_by_admin` of those of its connections that it is to close."""
    return list(connection.execute(select(o.id, o.is_closed_by_admin).where(o.server_id == server_id, EXCESS)))


def add(connection: Connection, server_id: str, rows: Sequence[dict[str, Any]]) -> None:
    """Add connections: `id`, `user_id`, `network`, `is_stream`, `opened_at`."""
    values = [{**row, "server_id": server_id, "is_excess": False, "is_closed_by_admin": False} for row in rows]
    connection.execute(insert(open_connections), values)


def remove(connection: Connection, ids: Collection[str]) -> None:
    connection.execute(delete(open_connections).where(o.id.in_(ids)))


def mark_excess(connection: Connection, user_ids: Collection[str], most: int) -> Sequence[Row[Any]]:
    """Mark the oldest sockets of users who have more than `most`; return `server_id` and `user_id` of those marked."""
    number = func.row_number().over(partition_by=o.user_id, order_by=(o.opened_at.desc(), o.id.desc())).label("number")
    sockets = select(o.id, number).where(o.user_id.in_(user_ids), o.is_stream.is_(False)).subquery()
    excess = select(sockets.c.id).where(sockets.c.number > most)
    marked = update(open_connections).where(o.id.in_(excess), o.is_excess.is_(False)).values(is_excess=True)
    return connection.execute(marked.returning(o.server_id, o.user_id)).all()


def sockets_of_peers(connection: Connection, server_id: str) -> list[Row[Any]]:
    """Return WebSockets of other servers with their users' names and their servers' hosts, at most MAX_LISTED."""
    columns = (o.id, o.user_id, o.network, o.opened_at, s.host, users.c.username)
    joined = open_connections.join(servers, s.id == o.server_id).outerjoin(users, users.c.id == o.user_id)
    others = (o.server_id != server_id, o.is_stream.is_(False))
    query = select(*columns).select_from(joined).where(*others).order_by(o.id.desc())
    return list(connection.execute(query.limit(MAX_LISTED)))


def mark_socket(connection: Connection, connection_id: str) -> str | None:
    """Mark a WebSocket as one that an administrator has closed; return whose it is, None when there is none."""
    there = update(open_connections).where(o.id == connection_id, o.is_stream.is_(False))
    marked = there.values(is_excess=True, is_closed_by_admin=True)
    return connection.execute(marked.returning(o.user_id)).scalar_one_or_none()


def count_networks(connection: Connection, networks: Collection[str], others: Collection[str]) -> dict[str, int]:
    """Return how many connections these networks have at the servers `others`."""
    query = select(o.network, func.count()).where(o.network.in_(networks), o.server_id.in_(others))
    return _counts(connection, query.group_by(o.network))


def count_streams(connection: Connection, user_ids: Collection[str], others: Collection[str]) -> dict[str, int]:
    """Return how many event streams these users have at the servers `others`."""
    query = select(o.user_id, func.count()).where(
        o.user_id.in_(user_ids), o.is_stream.is_(True), o.server_id.in_(others)
    )
    return _counts(connection, query.group_by(o.user_id))


def _counts(connection: Connection, query: Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}
