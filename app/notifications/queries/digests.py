"""What is gathered to be sent together: for the next digest of a rule, and for a channel that is crowded.

Who gathers locks the rule or channel after its rows are written, who takes does so before looking: so none that is
written meanwhile is taken unseen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, bindparam, delete, or_, select, update

from app.core.tables import insert_for
from app.notifications.tables import GATHERED, channels, crowded_items, digest_items, rules

c, r, i = channels.c, rules.c, crowded_items.c
MAX_TAKEN: Final = 1_000  # notifications of one digest, which are removed in one transaction; others follow in the next


@dataclass(frozen=True, slots=True)
class Gathered:
    """`items`: contents of its first notifications, the oldest first. `first`: the id of the first one; "": of none."""

    items: Sequence[Mapping[str, Any]]
    total: int
    first: str

    @property
    def contents(self) -> Mapping[str, Any]:
        """Return them as deliveries have them."""
        return {"items": list(self.items), "total": self.total}


def gather_for_rules(connection: Connection, rows: Sequence[Mapping[str, Any]], times: Mapping[str, datetime]) -> None:
    """Write rows of `digest_items`. The next digest of each of these rules is at its time of `times`, or sooner."""
    if not rows:
        return
    connection.execute(insert_for(connection, digest_items).on_conflict_do_nothing(), [dict(row) for row in rows])
    named = select(r.id).where(r.id.in_(sorted(times))).order_by(r.id)
    connection.execute(named.with_for_update(key_share=True))
    at = bindparam("at", type_=r.digest_at.type)
    sooner = update(rules).where(r.id == bindparam("rule"), or_(r.digest_at.is_(None), r.digest_at > at))
    connection.execute(sooner.values(digest_at=at), [{"rule": rule_id, "at": time} for rule_id, time in times.items()])


def gather_for_channels(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of `crowded_items`: the first of a channel that is due takes all of them along."""
    if not rows:
        return
    connection.execute(insert_for(connection, crowded_items).on_conflict_do_nothing(), [dict(row) for row in rows])
    named = select(c.id).where(c.id.in_(sorted({row["channel_id"] for row in rows}))).order_by(c.id)
    connection.execute(named.with_for_update(key_share=True))


def due_of_rules(connection: Connection, now: datetime, *, limit: int) -> list[Row[Any]]:
    """Return the rules whose digest is due, the longest due first."""
    query = select(rules).where(GATHERED, r.digest_at <= now)
    return list(connection.execute(query.order_by(r.digest_at).limit(limit)))


def due_of_channels(connection: Connection, now: datetime, *, limit: int) -> list[str]:
    """Return channels of which something that was gathered is due, by id; at most `limit`, perhaps fewer than are."""
    query = select(i.channel_id).where(i.due_at <= now).order_by(i.due_at).limit(limit)
    return list(dict.fromkeys(connection.execute(query).scalars()))


def take_of_rule(connection: Connection, rule: Row[Any], *, limit: int) -> Gathered | None:
    """Return a rule's digest with `limit` contents at most; what it stands for is gathered no more.

    None: somebody else has taken it.
    """
    mine = (r.id == rule.id, r.digest_at == rule.digest_at)
    if connection.execute(select(r.id).where(*mine).with_for_update(key_share=True)).first() is None:
        return None
    digest = _take(connection, digest_items, "rule_id", rule.id, limit)
    if digest.total < MAX_TAKEN:
        connection.execute(update(rules).where(*mine).values(digest_at=None))
    return digest


def take_of_channel(
    connection: Connection, channel_id: str, *, limit: int
) -> tuple[Row[*tuple[Any, ...]], Gathered] | None:
    """Return the same of what came while a channel was crowded, with (user_id, is_enabled) of the channel.

    None: the channel is gone.
    """
    query = select(c.user_id, c.is_enabled).where(c.id == channel_id).with_for_update(key_share=True)
    channel = connection.execute(query).one_or_none()
    return None if channel is None else (channel, _take(connection, crowded_items, "channel_id", channel_id, limit))


def _take(connection: Connection, table: Table, owner: str, owner_id: str, limit: int) -> Gathered:
    mine, name = table.c[owner] == owner_id, table.c.notification_id
    ids = list(connection.execute(select(name).where(mine).order_by(name).limit(MAX_TAKEN)).scalars())
    if not ids:
        return Gathered([], 0, "")
    items = list(connection.execute(select(table.c.content).where(mine).order_by(name).limit(limit)).scalars())
    connection.execute(delete(table).where(mine, name <= ids[-1]))
    return Gathered(items, len(ids), ids[0])


def defer_of_rule(connection: Connection, rule: Row[Any], until: datetime) -> None:
    """Let nobody look at a rule's digest before."""
    connection.execute(update(rules).where(r.id == rule.id, r.digest_at == rule.digest_at).values(digest_at=until))


def defer_of_channel(connection: Connection, channel_id: str, until: datetime) -> None:
    """Let nobody look before at what was gathered for a channel."""
    connection.execute(update(crowded_items).where(i.channel_id == channel_id, i.due_at < until).values(due_at=until))
