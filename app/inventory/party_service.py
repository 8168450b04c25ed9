"""Use cases: list the third parties of all sites and the services that they belong to, and the sites that use one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from sqlalchemy import Connection, Row

from app.core.clock import to_wire
from app.core.db import Database
from app.core.errors import InvalidInput, NotFound
from app.core.json_chunks import Json, JsonChunks, encode_list
from app.core.paging import Paging
from app.core.principal import Principal
from app.domain.difference_texts import DifferenceTexts
from app.domain.differences import Change
from app.findings.queries import findings
from app.inventory.queries import changes, parties, party_totals, services
from app.inventory.queries.party_totals import PartyFilter

DEFAULT_SORT: Final = "-sites"
ALL: Final = PartyFilter()
MAX_CHANGES: Final = 100  # of one third party, in one response


class PartyInventoryService:
    """Reads the rows of `inventory.keeper`, not the stores of scans. Administrators see the sites of all users."""

    def __init__(self, *, db: Database) -> None:
        self._db = db

    async def list_page(
        self,
        principal: Principal,
        paging: Paging,
        wanted: PartyFilter = ALL,
        *,
        sort: str = DEFAULT_SORT,
    ) -> JsonChunks:
        """Return `inventory.schemas.InventoryPage`. The search is that of the filter. Raises InvalidInput
        (`invalid_sort`).
        """
        require_sort(sort, party_totals.SORTABLE)

        def work(connection: Connection) -> JsonChunks:
            rows, total = party_totals.list_page(
                connection, principal, wanted, sort=sort, offset=paging.offset, limit=paging.page_size
            )
            return encode_list(listed_parties(connection, principal, rows), total=total)

        return await self._db.read(work)

    async def list_services(
        self, principal: Principal, paging: Paging, *, category: str | None, sort: str = DEFAULT_SORT
    ) -> JsonChunks:
        """Return `inventory.schemas.ServicePage`. Raises InvalidInput (`invalid_sort`)."""
        require_sort(sort, services.SORTABLE)
        asked = _asked(paging)

        def work(connection: Connection) -> JsonChunks:
            rows, total = services.list_page(connection, principal, category=category, sort=sort, **asked)
            domains, sites = services.count_unknown(connection, principal)
            return encode_list(map(_service, rows), total=total, unknown={"domains": domains, "sites": sites})

        return await self._db.read(work)

    async def list_service_sites(self, principal: Principal, service: str, paging: Paging) -> JsonChunks:
        """Return `inventory.schemas.ServiceSitePage`: no site uses a service that does not exist."""
        asked = _asked(paging)

        def work(connection: Connection) -> JsonChunks:
            rows, total = services.sites_with(connection, principal, service, **asked)
            return encode_list(map(_service_site, rows), total=total)

        return await self._db.read(work)

    async def get(self, principal: Principal, domain: str, paging: Paging, *, language: str) -> JsonChunks:
        """Return `inventory.schemas.InventoryParty` with a page of its sites. Raises NotFound."""
        texts, asked = DifferenceTexts(language), _asked(paging)

        def work(connection: Connection) -> JsonChunks:
            facts = parties.facts_of(connection, principal, domain)
            if facts is None:
                raise NotFound(text="no_such_party")
            rows, total, present = parties.sites_with(connection, principal, domain, **asked)
            levels = findings.open_levels_at(connection, domain, [(row.task_id, row.run) for row in rows])
            items = (_site(row, levels.get((row.task_id, row.run))) for row in rows)
            newest, number = changes.newest(connection, principal, domain, MAX_CHANGES)
            of_party = {
                "services": _services_of(connection, principal, [domain]).get(domain, []),
                "changes": [_change(row, texts) for row in newest],
                "changes_total": number,
            }
            return encode_list(items, total=total, domain=domain, sites=present, **_facts(facts), **of_party)

        return await self._db.read(work)


class _Asked(TypedDict):
    """Which rows a query returns. `q`: lower case."""

    q: str
    offset: int
    limit: int


def _asked(paging: Paging) -> _Asked:
    return {"q": paging.q.strip().lower(), "offset": paging.offset, "limit": paging.page_size}


def require_sort(sort: str, known: Sequence[str]) -> None:
    if sort not in known:
        raise InvalidInput(code="invalid_sort", fields=", ".join(known))


def listed_parties(connection: Connection, principal: Principal, rows: Sequence[Row[Any]]) -> list[Json]:
    """Return `inventory.schemas.InventoryItem` of rows of `queries.party_totals.list_page`."""
    domains = [row.domain for row in rows]
    names = _services_of(connection, principal, domains)
    levels = party_totals.levels_of(connection, principal, domains)
    return [
        {
            "domain": row.domain,
            "category": row.category,
            "services": names.get(row.domain, []),
            "risk_level": levels.get(row.domain),
            "sites": row.sites,
            "pages": row.pages,
            "first_seen_at": to_wire(row.first_seen_at),
        }
        for row in rows
    ]


def _services_of(connection: Connection, principal: Principal, domains: Sequence[str]) -> Mapping[str, list[str]]:
    names: dict[str, list[str]] = {}
    for row in services.names_at(connection, principal, domains):
        names.setdefault(row.domain, []).append(row.service)
    return names


def _service(row: Row[Any]) -> Json:
    return {
        "service": row.service,
        "category": row.category,
        "domains": row.domains,
        "sites": row.sites,
        **_seen(row),
    }


def _service_site(row: Row[Any]) -> Json:
    return {
        "target_domain": row.target_domain,
        "user_id": row.user_id,
        "task_id": row.task_id,
        "attempt": row.attempt,
        "domains": row.domains,
        **_seen(row),
    }


def _seen(row: Row[Any]) -> Json:
    return {"first_seen_at": to_wire(row.first_seen_at), "last_seen_at": to_wire(row.last_seen_at)}


def _change(row: Row[Any], texts: DifferenceTexts) -> Json:
    fields = {name: getattr(row, name) for name in ("section", "aspect", "name", "before", "after", "url")}
    return {
        "at": to_wire(row.at),
        "target_domain": row.target_domain,
        "task_id": row.task_id,
        "attempt": row.attempt,
        **texts.view({**fields, "change": Change.CHANGED}),
    }


def _facts(row: Row[Any]) -> Mapping[str, Any]:
    return {
        "category": row.category,
        "registrar": row.registrar or None,
        "registered_on": row.registered_on or None,
        "title": row.title,
        **_seen(row),
    }


def _site(row: Row[Any], level: str | None) -> Json:
    return {
        "target_domain": row.target_domain,
        "user_id": row.user_id,
        "task_id": row.task_id,
        "attempt": row.attempt,
        "is_present": row.is_present,
        "risk_level": level,
        "relation": row.relation,
        "references": row.reference_count,
        "hidden": row.hidden,
        "page": row.page or None,
        "script": row.script or None,
        "outcome": row.outcome,
        **_seen(row),
    }
