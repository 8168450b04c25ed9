"""The plans of sites: which runs are due, and who takes one. Each change is a compare-and-set on the planned start."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from app.core.clock import to_wire
from app.events import outbox
from app.identity import accounts
from app.sites.tables import PLANNED, managed_sites

m = managed_sites.c


def due(connection: Connection, now: datetime, limit: int) -> list[Row[Any]]:
    """Return the sites whose run is to be tried by now, of those put off to the same moment the earliest first.

    Those of users who are disabled wait until they no longer are.
    """
    may_start = (m.paused.is_(False), accounts.owner_is_active(m.user_id))
    query = select(managed_sites).where(PLANNED, m.try_at <= now, *may_start)
    return list(connection.execute(query.order_by(m.try_at, m.next_run_at, m.id).limit(limit)))


def move_on(connection: Connection, site: Row[Any], values: Mapping[str, Any]) -> bool:
    """Write `values` if the site's plan is still the one that was read. False: it was changed, or another was first."""
    mine = (m.id == site.id, m.next_run_at == site.next_run_at, m.try_at == site.try_at)
    return connection.execute(update(managed_sites).where(*mine).values(**values)).rowcount > 0


def put_off(connection: Connection, user_id: str, *, now: datetime, until: datetime, reason: str) -> int:
    """Have all runs of this user that are to be tried by now tried later; return how many."""
    theirs = (m.user_id == user_id, PLANNED, m.try_at <= now)
    return connection.execute(update(managed_sites).where(*theirs).values(try_at=until, waits_for=reason)).rowcount


def note_overdue(
    connection: Connection, site: Row[Any], since: datetime | None, *, conclusive_at: datetime | None, now: datetime
) -> bool:
    """Note since when the site is overdue, unless somebody has noted something else meanwhile. When it begins to be,
    that is noted in the outbox, too, for those who want to be told.
    """
    same = m.overdue_since.is_(None) if site.overdue_since is None else m.overdue_since == site.overdue_since
    noted = update(managed_sites).where(m.id == site.id, same).values(overdue_since=since)
    if connection.execute(noted).rowcount == 0:
        return False
    if since is not None and site.overdue_since is None:
        detail = {
            "user_id": site.user_id,
            "target_domain": site.target_domain,
            "since": None if conclusive_at is None else to_wire(conclusive_at),
            "days": (now - (conclusive_at or site.created_at)).days,
        }
        outbox.put(connection, outbox.Kind.OVERDUE, site.id, 0, now=now, detail=detail)
    return True
