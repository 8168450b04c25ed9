"""Use cases: list the third parties of all sites, and the sites that use one."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.clock import to_wire
from app.core.db import Database
from app.core.errors import InvalidInput, NotFound
from app.core.json_chunks import Json, JsonChunks, encode_list
from app.core.paging import Paging
from app.core.principal import Principal
from app.findings.queries import findings
from app.inventory.queries import parties

DEFAULT_SORT: Final = "-sites"


class PartyInventoryService:
    """Reads the rows of `inventory.keeper`, not the stores of scans. Administrators see the sites of all users."""

    def __init__(self, *, db: Database) -> None:
        self._db = db

    async def list_page(
        self, principal: Principal, paging: Paging, *, category: str | None, sort: str = DEFAULT_SORT
    ) -> JsonChunks:
        """Return `inventory.schemas.InventoryPage`. Raises InvalidInput (`invalid_sort`)."""
        if sort not in parties.SORTABLE:
            raise InvalidInput(code="invalid_sort", fields=", ".join(parties.SORTABLE))

        def work(connection: Connection) -> JsonChunks:
            rows, total = parties.list_page(
                connection,
                principal,
                q=paging.q.strip().lower(),
                category=category,
                sort=sort,
                offset=paging.offset,
                limit=paging.page_size,
            )
            return encode_list(map(_listed, rows), total=total)

        return await self._db.read(work)

    async def get(self, principal: Principal, domain: str, paging: Paging) -> JsonChunks:
        """Return `inventory.schemas.InventoryParty` with a page of its sites. Raises NotFound."""

        def work(connection: Connection) -> JsonChunks:
            facts = parties.facts_of(connection, principal, domain)
            if facts is None:
                raise NotFound(text="no_such_party")
            rows, total, present = parties.sites_with(
                connection,
                principal,
                domain,
                q=paging.q.strip().lower(),
                offset=paging.offset,
                limit=paging.page_size,
            )
            levels = findings.open_levels_at(connection, domain, [(row.task_id, row.run) for row in rows])
            items = (_site(row, levels.get((row.task_id, row.run))) for row in rows)
            return encode_list(items, total=total, domain=domain, sites=present, **_facts(facts))

        return await self._db.read(work)


def _listed(row: Row[Any]) -> Json:
    return {
        "domain": row.domain,
        "category": row.category,
        "sites": row.sites,
        "first_seen_at": to_wire(row.first_seen_at),
    }


def _facts(row: Row[Any]) -> Mapping[str, Any]:
    return {
        "category": row.category,
        "registrar": row.registrar or None,
        "registered_on": row.registered_on or None,
        "title": row.title,
        "first_seen_at": to_wire(row.first_seen_at),
        "last_seen_at": to_wire(row.last_seen_at),
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
        "first_seen_at": to_wire(row.first_seen_at),
        "last_seen_at": to_wire(row.last_seen_at),
    }
