"""Queries over the list of the third parties of all sites: pages of it, and all of it for a file."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Connection, FromClause, Row, Select, and_, case, func, select, text

from app.core.listing import MAX_COUNTED, count_up_to
from app.core.principal import Principal
from app.findings.open_findings import LEVEL_OF, RANK_OF, worst_open_ranks
from app.inventory.tables import PRESENT, site_inventories, site_parties, site_services

i, p, s = site_inventories.c, site_parties.c, site_services.c
NO_SERVICE: Final = "unknown"  # asks for third parties without a known service; no service has this name
# Ask for third parties with and without an open finding.
ANY_RISK: Final = "any"
NO_RISK: Final = "none"
BY_RISK: Final = "-risk"
_KEY: Final = ("user_id", "target_domain", "domain")
_SITES: Final[Sequence[ColumnElement[Any]]] = (func.count().desc(), p.domain)
_PAGES: Final = func.sum(p.page_count)
_ORDERS: Final[Mapping[str, Sequence[ColumnElement[Any]]]] = {
    "-sites": _SITES,
    "-pages": (func.coalesce(_PAGES, 0).desc(), *_SITES),
    "-first_seen_at": (func.min(p.first_seen_at).desc(), p.domain),
    "domain": (p.domain,),
}
SORTABLE: Final = (*_ORDERS, BY_RISK)
_SERVICE_PRESENT: Final = text("site_services.is_present")  # in the words of the indexes


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFilter:
    """Which third parties a list has. None does not filter.

    `service`: only those that belong to it, with the sites that use it there; NO_SERVICE: those without one. `risk`: a
    level, ANY_RISK or NO_RISK.
    """

    q: str = ""  # part of the name, lower case
    category: str | None = None
    service: str | None = None
    risk: str | None = None


def list_page(
    connection: Connection, principal: Principal, wanted: PartyFilter, *, sort: str, offset: int, limit: int
) -> tuple[list[Row[Any]], int]:
    """Return (domain, category, sites, pages, first_seen_at) of third parties of the principal's sites, and their
    number, up to MAX_COUNTED. `pages`: None if no scan that counted them is listed.

    By risk, those with an open finding come first, and are read from the findings, which are few.
    """
    is_all = sort == BY_RISK and wanted.risk is None
    parts = [replace(wanted, risk=risk) for risk in (ANY_RISK, NO_RISK)] if is_all else [wanted]
    found: list[Row[Any]] = []
    total = 0
    for part in parts:
        if len(found) < limit:
            query = _ordered(principal, part, sort).offset(max(0, offset - total))
            found += connection.execute(query.limit(limit - len(found)))
        total += _count(connection, principal, part)
    return found, min(total, MAX_COUNTED)


def levels_of(connection: Connection, principal: Principal, domains: Collection[str]) -> dict[str, str]:
    """Return the level of the worst open finding of each of these domains that has one, in the listed results of the
    principal's sites.
    """
    worst = _worst(principal)
    query: Select[Any] = select(worst.c.domain, worst.c.rank).where(worst.c.domain.in_(domains)).limit(len(domains))
    return {row.domain: LEVEL_OF[row.rank] for row in connection.execute(query)} if domains else {}


def _ordered(principal: Principal, wanted: PartyFilter, sort: str) -> Select[Any]:
    source, conditions = _read_from(principal, wanted)
    worst = _worst(principal)
    columns = (p.domain, func.min(p.category).label("category"), func.count().label("sites"), _PAGES.label("pages"))
    query: Select[Any] = select(*columns, func.min(p.first_seen_at).label("first_seen_at")).select_from(source)
    query = query.where(*conditions, *_of_risk(wanted.risk, worst)).group_by(p.domain)
    if sort == BY_RISK:
        return query.order_by(*(() if wanted.risk == NO_RISK else (_rank(worst).desc(),)), *_SITES)
    return query.order_by(*_ORDERS[sort])


def _rank(worst: CTE) -> ColumnElement[int]:
    levels = sorted(LEVEL_OF, reverse=True)
    return case(*((p.domain.in_(select(worst.c.domain).where(worst.c.rank >= level)), level) for level in levels))


def _count(connection: Connection, principal: Principal, wanted: PartyFilter) -> int:
    if wanted.risk == NO_RISK:  # to count those that are left out is cheaper than to leave them out
        some, every = replace(wanted, risk=ANY_RISK), replace(wanted, risk=None)
        return max(0, _count(connection, principal, every) - _count(connection, principal, some))
    source, conditions = _read_from(principal, wanted)
    query: Select[Any] = select(p.domain).select_from(source)
    return count_up_to(connection, query.where(*conditions, *_of_risk(wanted.risk, _worst(principal))).distinct())


def _read_from(principal: Principal, wanted: PartyFilter) -> tuple[FromClause, list[Any]]:
    """Return where the third parties are read, and conditions on them without that of the risk."""
    of_list: list[Any] = [] if wanted.category is None else [p.category == wanted.category]
    if wanted.q:
        of_list.append(p.domain.contains(wanted.q, autoescape=True))
    if wanted.service is None or wanted.service == NO_SERVICE:
        of_service = () if wanted.service is None else (~p.has_service,)
        return site_parties, [PRESENT, *_mine(principal, p.user_id), *of_service, *of_list]
    same = [p[name] == s[name] for name in _KEY]
    wanted_service = (_SERVICE_PRESENT, s.service == wanted.service, *_mine(principal, s.user_id))
    return site_services.join(site_parties, and_(*same)), [*wanted_service, *of_list]


def _worst(principal: Principal) -> CTE:
    listed = select(i.task_id, i.run).where(*_mine(principal, i.user_id)).subquery("listed")
    return worst_open_ranks(listed)


def _of_risk(risk: str | None, worst: CTE) -> Sequence[ColumnElement[bool]]:
    if risk is None:
        return ()
    if risk == NO_RISK:
        return (p.domain.not_in(select(worst.c.domain)),)
    # As a range, for which SQLite makes no index of what it has just computed.
    of_level = () if risk == ANY_RISK else (worst.c.rank.between(RANK_OF[risk], RANK_OF[risk]),)
    return (p.domain.in_(select(worst.c.domain).where(*of_level)),)


def _mine(principal: Principal, owner: ColumnElement[str]) -> Sequence[ColumnElement[bool]]:
    return () if principal.sees_all else (owner == principal.user_id,)
