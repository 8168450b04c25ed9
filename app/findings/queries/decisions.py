"""Decisions about findings, by the owner and the target of the scans."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, literal, select, tuple_, update

from app.core.tables import insert_for
from app.domain.decisions import DecisionState
from app.domain.findings import FindingId
from app.events.tables import COMPLETED_VISIBLE, scan_tasks
from app.findings.tables import EXPIRES, WITH_LOOK, decisions

d = decisions.c
t = scan_tasks.c
# Without `matched_rules`, which can have hundreds of terms and is compared, never shown.
_SHOWN: Final[Sequence[Any]] = tuple(column for column in decisions.c if column is not d.matched_rules)


def of_target(connection: Connection, user_id: str, target_domain: str) -> list[Row[Any]]:
    """Return all decisions about one target."""
    query = select(*_SHOWN).where(d.user_id == user_id, d.target_domain == target_domain)
    return list(connection.execute(query))


def of_domains(connection: Connection, user_id: str, target_domain: str, domains: Sequence[str]) -> list[Row[Any]]:
    """Return the decisions about findings of these domains."""
    query = select(*_SHOWN).where(
        d.user_id == user_id, d.target_domain == target_domain, d.domain.in_(list(dict.fromkeys(domains)))
    )
    return list(connection.execute(query))


def find(connection: Connection, user_id: str, target_domain: str, finding: FindingId) -> Row[Any] | None:
    """Return what is decided about one finding, with its matched rules; None: nothing ever was."""
    key = (d.user_id == user_id, d.target_domain == target_domain, d.domain == finding.domain)
    return connection.execute(select(decisions).where(*key, d.cause == finding.cause.value)).one_or_none()


def chunk_after(connection: Connection, after: Sequence[str] | None, *, limit: int) -> list[Row[Any]]:
    """Return the next decisions of everybody, all of a target side by side; `after`: the key of the last one before."""
    key = (d.user_id, d.target_domain, d.domain, d.cause)
    query = select(*key, d.kinds, d.state).order_by(*key).limit(limit)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*map(literal, after)))
    return list(connection.execute(query))


def scans_of_target(connection: Connection, user_id: str, target_domain: str, *, limit: int) -> list[Row[Any]]:
    """Return (id, run) of the newest completed scans of a target, the newest first."""
    query = select(t.id, t.run).where(t.user_id == user_id, t.target_domain == target_domain, COMPLETED_VISIBLE)
    return list(connection.execute(query.order_by(t.completed_at.desc(), t.id.desc()).limit(limit)))


def looks(connection: Connection, *, limit: int) -> list[Row[Any]]:
    """Return (look, icon, cause, domain, user_id) of the newest decisions of everybody that have a look."""
    query = select(d.look, d.icon, d.cause, d.domain, d.user_id).where(WITH_LOOK)
    return list(connection.execute(query.order_by(d.decided_at.desc()).limit(limit)))


def expired(connection: Connection, today: date, *, limit: int) -> list[Row[Any]]:
    """Return dismissals of everybody whose day has come and whose findings were not opened again yet, the oldest first:
    their key, version and day.
    """
    columns = (d.user_id, d.target_domain, d.domain, d.cause, d.version, d.expires_on)
    due = (EXPIRES, d.expires_on <= today, d.state == DecisionState.DISMISSED.value)
    return list(connection.execute(select(*columns).where(*due).order_by(d.expires_on).limit(limit)))


def expired_of_target(connection: Connection, user_id: str, target_domain: str, since: date) -> list[Row[Any]]:
    """Return dismissals of one target that have expired after this day and whose findings are open again, with their
    matched rules.
    """
    mine = (d.user_id == user_id, d.target_domain == target_domain, d.state == DecisionState.DISMISSED.value)
    query = select(decisions).where(*mine, d.expired_at.is_not(None), d.expires_on > since)
    return list(connection.execute(query))


def mark_expired(
    connection: Connection, site: tuple[str, str], finding: FindingId, version: int, now: datetime
) -> bool:
    """Note that the findings of a dismissal are opened again. False: it was changed, or somebody else has done so."""
    key = (d.user_id == site[0], d.target_domain == site[1], d.domain == finding.domain, d.cause == finding.cause.value)
    unchanged = (d.version == version, d.expired_at.is_(None))
    return connection.execute(update(decisions).where(*key, *unchanged).values(expired_at=now)).rowcount == 1


def put(
    connection: Connection,
    user_id: str,
    target_domain: str,
    finding: FindingId,
    values: Mapping[str, Any],
    *,
    version: int,
) -> bool:
    """Write a decision over the one of this version, 0 when there is none. False: there is another one by now."""
    key = {
        "user_id": user_id,
        "target_domain": target_domain,
        "domain": finding.domain,
        "cause": finding.cause.value,
    }
    if version == 0:
        first = insert_for(connection, decisions).values(**key, **values, version=1)
        statement = first.on_conflict_do_nothing().returning(d.version)
        return connection.execute(statement).first() is not None  # PostgreSQL's driver counts no such rows
    same = [decisions.c[name] == value for name, value in key.items()]
    changed = update(decisions).where(*same, d.version == version).values(**values, version=version + 1)
    return connection.execute(changed).rowcount == 1
