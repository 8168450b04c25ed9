"""Queries over the third parties of all sites, and over sites whose current results are not listed yet."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from app.core.principal import Principal
from app.core.tables import insert_for
from app.events.tables import scan_runs
from app.inventory.tables import site_inventories, site_parties, site_services
from app.site_counts.summary import SiteKey, site_runs

i, p, r, s = site_inventories.c, site_parties.c, scan_runs.c, site_services.c
SITES: Final = 1_000  # looked at in one go
FORGOTTEN: Final = 40_000  # absent third parties of a site at once; each scan adds half as many at most
# Of what is listed of a site. 1: services of third parties; 2: pages that refer to them, and the run.
VERSION: Final = 2
_WITH_SERVICES: Final = 1
_BEGUN: Final = -1  # in place of the version: some third parties are listed, and never were all
_KEY: Final = ("user_id", "target_domain", "domain")
_KEPT: Final = (*_KEY, "first_seen_at")  # columns that a later scan does not change
_REMEMBERED: Final = (p.domain, p.category, p.relation, p.registrar, p.registered_on, p.last_seen_at, p.memory)


def sites_with(
    connection: Connection, principal: Principal, domain: str, *, q: str, offset: int, limit: int
) -> tuple[list[Row[Any]], int, int]:
    """Return rows of the sites that use or used this third party, current ones first; their number, and the number of
    sites that currently use it.
    """
    wanted = [p.domain == domain, *_visible(principal)]
    if q:
        wanted.append(p.target_domain.contains(q, autoescape=True))
    query = select(site_parties).where(*wanted)
    rows = connection.execute(
        query.order_by(p.is_present.desc(), p.target_domain, p.user_id).offset(offset).limit(limit)
    )
    counted = connection.execute(
        select(func.count(), func.count().filter(p.is_present)).where(*wanted).select_from(site_parties)
    ).one()
    return list(rows), counted[0], counted[1]


def facts_of(connection: Connection, principal: Principal, domain: str) -> Row[Any] | None:
    """Return the facts about a third party: (first_seen_at, last_seen_at) over all sites of the principal, and
    category, registrar, registered_on and title from the newest scan. None: no site has ever used it.
    """
    wanted = (p.domain == domain, *_visible(principal))
    span = select(func.min(p.first_seen_at).label("first_seen_at"), func.max(p.last_seen_at).label("last_seen_at"))
    spans = span.where(*wanted).subquery()
    newest = select(p.category, p.registrar, p.registered_on, p.title, spans.c.first_seen_at, spans.c.last_seen_at)
    query: Select[Any] = newest.where(*wanted, p.last_seen_at == spans.c.last_seen_at)
    return connection.execute(query.order_by(p.registered_on.desc()).limit(1)).first()


def seen_times(connection: Connection, site: SiteKey, domains: Collection[str]) -> dict[str, Row[Any]]:
    """Return (domain, first_seen_at, last_seen_at) of those of the third parties that the site's list has."""
    query: Select[Any] = select(p.domain, p.first_seen_at, p.last_seen_at).where(*_of(site), p.domain.in_(domains))
    return {row.domain: row for row in connection.execute(query)} if domains else {}


def remembered(connection: Connection, site: SiteKey, domains: Sequence[str]) -> list[Row[Any]]:
    """Return the rows of those of these third parties that the site's list has, with what is remembered of them."""
    return _rows_of(connection, select(*_REMEMBERED, p.is_present, p.task_id, p.attempt), site, domains)


def known_before(connection: Connection, site: SiteKey, domains: Sequence[str], before: datetime) -> list[Row[Any]]:
    """Return what is remembered of those of these third parties that the site had at that time."""
    return _rows_of(connection, select(*_REMEMBERED).where(p.first_seen_at <= before), site, domains)


def memories(connection: Connection, site: SiteKey, domains: Sequence[str]) -> list[Row[Any]]:
    """Return (domain, memory) of those of these third parties of which something is remembered."""
    return _rows_of(connection, select(p.domain, p.memory).where(p.memory.is_not(None)), site, domains)


def _rows_of(connection: Connection, query: Select[Any], site: SiteKey, domains: Sequence[str]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for start in range(0, len(domains), SITES):
        some = domains[start : start + SITES]
        found += connection.execute(query.where(*_of(site), p.domain.in_(some))).all()
    return found


def shown_before(connection: Connection, site: SiteKey, limit: int) -> tuple[str | None, list[Row[Any]]]:
    """Return what pages of the site showed in its listed run, and (domain, memory) of present third parties."""
    own = connection.execute(select(i.own).where(i.user_id == site[0], i.target_domain == site[1])).scalar()
    query = select(p.domain, p.memory).where(*_of(site), p.is_present, p.memory.is_not(None))
    return own, list(connection.execute(query.order_by(p.domain).limit(limit)))


# Keeping


@dataclass(frozen=True, slots=True)
class Stale:
    """A site whose current results are not the listed ones. `run`: (user_id, target_domain, task_id, attempt, run,
    completed_at) of the current results. `earlier`: (task, attempt) of the listed results if they are older; None:
    they are not older, or nothing is listed, so there are no changes to notify of. `is_first`: no version that knows
    services and changes has listed the site yet.
    """

    run: Row[Any]
    earlier: tuple[str, int] | None
    is_first: bool


def stale(connection: Connection, after: SiteKey | None) -> tuple[list[Stale], SiteKey | None]:
    """Return the stale ones of the sites after this one, and where to continue; None: these were the last sites."""
    rows = site_runs(connection, after, SITES)
    keys = [(row.user_id, row.target_domain) for row in rows]
    known = {}
    if keys:
        query = select(site_inventories).where(tuple_(i.user_id, i.target_domain).in_(keys))
        known = {(row.user_id, row.target_domain): row for row in connection.execute(query)}
    found = []
    for row in rows:
        listed = known.get((row.user_id, row.target_domain))
        if row.run is None:
            continue
        version = _BEGUN if listed is None else listed.version
        is_same = listed is not None and (listed.task_id, listed.attempt) == (row.task_id, row.attempt)
        if is_same and version >= VERSION:
            continue
        is_first = version < _WITH_SERVICES
        earlier = None
        if listed is not None and listed.version != _BEGUN and listed.completed_at < row.completed_at:
            earlier = (listed.task_id, listed.attempt)
        found.append(Stale(row, earlier, is_first))
    return found, keys[-1] if len(rows) == SITES else None


def interrupted(connection: Connection, run: Row[Any]) -> Row[Any] | None:
    """Return the oldest run of the site between the listed one and this one of which some third parties are listed, and
    the results are there, as `Stale.run`; None: there is none.
    """
    mine = (i.user_id == run.user_id, i.target_domain == run.target_domain)
    listed = select(i.completed_at).where(*mine).scalar_subquery()
    between = (p.is_present, p.last_seen_at > listed, p.last_seen_at < run.completed_at, r.results_removed_at.is_(None))
    columns = (p.user_id, p.target_domain, p.task_id, p.attempt, r.run, r.completed_at)
    query: Select[Any] = select(*columns).join(scan_runs, and_(r.task_id == p.task_id, r.attempt == p.attempt))
    query = query.where(*_of((run.user_id, run.target_domain)), *between)
    return connection.execute(query.order_by(p.last_seen_at).limit(1)).first()


def put(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write third parties of one site from its newest results. `first_seen_at` is kept."""
    statement = insert_for(connection, site_parties)
    changed = {column.name: statement.excluded[column.name] for column in site_parties.c if column.name not in _KEPT}
    connection.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=changed), list(rows))


def put_memories(connection: Connection, site: SiteKey, memories: Mapping[str, str]) -> None:
    """Replace what is remembered of third parties, by domain (`inventory.memories.text_of`)."""
    statement = update(site_parties).where(*_of(site), p.domain == bindparam("name")).values(memory=bindparam("value"))
    if memories:
        connection.execute(statement, [{"name": name, "value": value} for name, value in memories.items()])


def listed_of(connection: Connection, site: SiteKey, domains: Collection[str]) -> set[str]:
    """Return those of the third parties that the site's list has, whether its newest results contain them or not."""
    return set(connection.execute(select(p.domain).where(*_of(site), p.domain.in_(domains))).scalars())


def absent(connection: Connection, site: SiteKey, run: tuple[str, int]) -> list[str]:
    """Return the third parties that the site's list still has, and that this run has not found, as far as it is
    written.
    """
    return list(connection.execute(select(p.domain).where(*_of(site), p.is_present, _others(run))).scalars())


def note_absent(connection: Connection, site: SiteKey, domains: Collection[str]) -> None:
    """Mark third parties that the newest results of the site no longer contain."""
    connection.execute(update(site_parties).where(*_of(site), p.domain.in_(domains)).values(is_present=False))


def forgettable(connection: Connection, site: SiteKey, run: tuple[str, int], kept: int) -> list[str]:
    """Return third parties that this run, which is written, has not found, beyond so many: those that one scan alone
    has found first, then those that were seen the longest time ago (ADR 0086).
    """
    gone = (*_of(site), or_(~p.is_present, _others(run)))
    count = connection.execute(select(func.count()).select_from(site_parties).where(*gone)).scalar_one()
    if count <= kept:
        return []
    is_often = case((p.first_seen_at == p.last_seen_at, 0), else_=1)
    query = select(p.domain).where(*gone).order_by(is_often, p.last_seen_at, p.domain)
    return list(connection.execute(query.limit(min(count - kept, FORGOTTEN))).scalars())


def forget(connection: Connection, site: SiteKey, domains: Collection[str]) -> None:
    """Remove third parties of a site with their services."""
    for table in (site_services, site_parties):
        of_site = (table.c.user_id == site[0], table.c.target_domain == site[1])
        connection.execute(delete(table).where(*of_site, table.c.domain.in_(domains)))


def note_begun(connection: Connection, site: SiteKey, run: tuple[str, int], completed_at: datetime) -> None:
    """Record, before anything is listed of a site, that something will be: so it is found when the site is gone."""
    key = {"user_id": site[0], "target_domain": site[1]}
    values = {"task_id": run[0], "attempt": run[1], "completed_at": completed_at, "version": _BEGUN}
    connection.execute(insert_for(connection, site_inventories).values(**key, **values).on_conflict_do_nothing())


def note_listed(connection: Connection, run: Row[Any], own: str | None = None) -> None:
    """Record which run is listed, as `Stale.run`. `own`: what captured pages of the site showed
    (`inventory.memories.own_text_of`).
    """
    key = {"user_id": run.user_id, "target_domain": run.target_domain}
    values = {name: getattr(run, name) for name in ("task_id", "attempt", "run", "completed_at")}
    values |= {"version": VERSION, "own": own}
    statement = insert_for(connection, site_inventories).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def listed_after(connection: Connection, after: SiteKey | None) -> list[SiteKey]:
    """Return the next sites after this one that have a list."""
    query = select(i.user_id, i.target_domain).order_by(i.user_id, i.target_domain).limit(SITES)
    if after is not None:
        query = query.where(tuple_(i.user_id, i.target_domain) > tuple_(*map(literal, after)))
    return [(row.user_id, row.target_domain) for row in connection.execute(query)]


def remove_some(connection: Connection, site: SiteKey, limit: int) -> int:
    """Remove some third parties of a deleted site, and its list after the last of them; return their number."""
    names = list(connection.execute(select(p.domain).where(*_of(site)).order_by(p.domain).limit(limit)).scalars())
    if names:
        connection.execute(delete(site_parties).where(*_of(site), p.domain.in_(names)))
    else:
        connection.execute(delete(site_inventories).where(i.user_id == site[0], i.target_domain == site[1]))
    return len(names)


def _of(site: SiteKey) -> list[ColumnElement[bool]]:
    return [and_(p.user_id == site[0], p.target_domain == site[1])]


def _others(run: tuple[str, int]) -> ColumnElement[bool]:
    return or_(p.task_id != run[0], p.attempt != run[1])


def _visible(principal: Principal) -> list[ColumnElement[bool]]:
    return [] if principal.sees_all else [p.user_id == principal.user_id]
