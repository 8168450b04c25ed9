"""Queries over the services that the third parties of all sites belong to."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    desc,
    distinct,
    func,
    or_,
    select,
    tuple_,
    update,
)

from app.core.listing import count_up_to
from app.core.principal import Principal
from app.core.tables import insert_for
from app.inventory.tables import PRESENT, site_inventories, site_parties, site_services
from app.site_counts.summary import SiteKey

i, p, s = site_inventories.c, site_parties.c, site_services.c
ServiceKey = tuple[str, str]  # domain and name of the service, of one site
_KEY: Final = ("user_id", "target_domain", "domain", "service")
_KEPT: Final = (*_KEY, "first_seen_at")  # columns that a later scan does not change
_FIRST: Final = func.min(s.first_seen_at)
# By the names of the columns of a list.
_ORDERS: Final[Mapping[str, Sequence[ColumnElement[Any]]]] = {
    "-sites": (desc("sites"), s.service),
    "-domains": (desc("domains"), s.service),
    "-first_seen_at": (desc("first_seen_at"), s.service),
    "service": (s.service,),
}
SORTABLE: Final = tuple(_ORDERS)


def list_page(
    connection: Connection,
    principal: Principal,
    *,
    q: str,
    category: str | None,
    sort: str,
    offset: int,
    limit: int,
) -> tuple[list[Row[Any]], int]:
    """Return (service, category, domains, sites, first_seen_at, last_seen_at) of the services that the principal's
    sites use, and their number. `q`: part of the name, without regard to the case of ASCII letters.
    """
    wanted: list[Any] = [PRESENT, *_visible(principal)]
    if category is not None:
        wanted.append(s.category == category)
    if q:
        wanted.append(func.lower(s.service).contains(q, autoescape=True))
    # A site is a domain of one user; neither an id nor a domain contains a space.
    site = s.user_id + " " + s.target_domain if principal.sees_all else s.target_domain
    counts = (func.count(distinct(s.domain)).label("domains"), func.count(distinct(site)).label("sites"))
    columns = (func.min(s.category).label("category"), *counts)
    times = (_FIRST.label("first_seen_at"), func.max(s.last_seen_at).label("last_seen_at"))
    query: Select[Any] = select(s.service, *columns, *times).where(*wanted).group_by(s.service)
    rows = connection.execute(query.order_by(*_ORDERS[sort]).offset(offset).limit(limit))
    return list(rows), count_up_to(connection, select(s.service).where(*wanted).distinct())


def count_unknown(connection: Connection, principal: Principal) -> tuple[int, int]:
    """Return the number of third parties without a known service, and of the sites that use one of these."""
    mine = () if principal.sees_all else (p.user_id == principal.user_id,)
    domains = select(p.domain).where(PRESENT, *mine, ~p.has_service).distinct()
    one = select(p.domain).where(
        p.user_id == i.user_id, p.target_domain == i.target_domain, p.is_present, ~p.has_service
    )
    sites = select(i.target_domain).where(one.exists())
    if not principal.sees_all:
        sites = sites.where(i.user_id == principal.user_id)
    return count_up_to(connection, domains), count_up_to(connection, sites)


def names_at(connection: Connection, principal: Principal, domains: Sequence[str]) -> list[Row[Any]]:
    """Return (domain, service, category), in this order, of the services that these third parties belong to on the
    principal's sites.
    """
    wanted: list[Any] = [PRESENT, s.domain.in_(domains), *_visible(principal)]
    query: Select[Any] = select(s.domain, s.service, func.min(s.category).label("category")).where(*wanted)
    return list(connection.execute(query.group_by(s.domain, s.service).order_by(s.domain, s.service)))


def sites_with(
    connection: Connection, principal: Principal, service: str, *, q: str, offset: int, limit: int
) -> tuple[list[Row[Any]], int]:
    """Return (user_id, target_domain, task_id, attempt, domains, first_seen_at, last_seen_at) of the sites that use the
    service, in the order of their names, and their number.
    """
    wanted: list[Any] = [PRESENT, s.service == service, *_visible(principal)]
    if q:
        wanted.append(s.target_domain.contains(q, autoescape=True))
    times = (_FIRST.label("first_seen_at"), func.max(s.last_seen_at).label("last_seen_at"))
    site = (s.target_domain, s.user_id)
    # What is present is of one scan of the site, unless that met more third parties than a scan records.
    scan = (func.min(s.task_id).label("task_id"), func.min(s.attempt).label("attempt"))
    query: Select[Any] = (
        select(*site, *scan, func.count().label("domains"), *times).where(*wanted).group_by(*site).order_by(*site)
    )
    total = count_up_to(connection, select(*site).where(*wanted).distinct())
    return list(connection.execute(query.offset(offset).limit(limit))), total


# Keeping


def put(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write services of third parties of one site from its newest results. `first_seen_at` is kept."""
    if not rows:
        return
    statement = insert_for(connection, site_services)
    changed = {column.name: statement.excluded[column.name] for column in site_services.c if column.name not in _KEPT}
    connection.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=changed), list(rows))


def absent(connection: Connection, site: SiteKey, run: tuple[str, int]) -> list[ServiceKey]:
    """Return the services of third parties that the site's list still has, and that this run, which is written, has not
    found.
    """
    others = or_(s.task_id != run[0], s.attempt != run[1])
    query = select(s.domain, s.service).where(_of(site), s.is_present, others)
    return [(row.domain, row.service) for row in connection.execute(query)]


def note_absent(connection: Connection, site: SiteKey, keys: Sequence[ServiceKey]) -> None:
    """Mark services that the newest results of the site no longer contain."""
    found = (_of(site), tuple_(s.domain, s.service).in_(keys))
    connection.execute(update(site_services).where(*found).values(is_present=False))


def remove_some(connection: Connection, site: SiteKey, limit: int) -> int:
    """Remove some services of a deleted site; return their number."""
    query = select(s.domain, s.service).where(_of(site)).order_by(s.domain, s.service).limit(limit)
    keys = [tuple(row) for row in connection.execute(query)]
    if keys:
        connection.execute(delete(site_services).where(_of(site), tuple_(s.domain, s.service).in_(keys)))
    return len(keys)


def _of(site: SiteKey) -> ColumnElement[bool]:
    return and_(s.user_id == site[0], s.target_domain == site[1])


def _visible(principal: Principal) -> list[ColumnElement[bool]]:
    return [] if principal.sees_all else [s.user_id == principal.user_id]
