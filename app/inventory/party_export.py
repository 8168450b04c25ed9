"""All third parties of a list for a file, as the process that makes the file reads them. Blocking."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection

from app.core.json_chunks import Json
from app.core.listing import MAX_COUNTED
from app.core.principal import Principal
from app.inventory.party_service import listed_parties, require_sort
from app.inventory.queries import party_totals
from app.inventory.queries.party_totals import PartyFilter

AT_ONCE: Final = 500  # whose services and risks are looked up together


def export_request(principal: Principal, wanted: PartyFilter, sort: str) -> Mapping[str, Any]:
    """Return what `read_all` is given, of JSON alone: for another process. Raises InvalidInput (`invalid_sort`)."""
    require_sort(sort, party_totals.SORTABLE)
    return {"user_id": principal.user_id, "role": principal.role, "sort": sort, "wanted": asdict(wanted)}


def read_all(connection: Connection, request: Mapping[str, Any], *, at_most: int = MAX_COUNTED) -> list[Json]:
    """Return `inventory.schemas.InventoryItem` of all that fit, in their order, but no more than a list counts."""
    principal = Principal(request["user_id"], "", request["role"])
    wanted = PartyFilter(**request["wanted"])
    rows, _ = party_totals.list_page(connection, principal, wanted, sort=request["sort"], offset=0, limit=at_most)
    return [
        item
        for start in range(0, len(rows), AT_ONCE)
        for item in listed_parties(connection, principal, rows[start : start + AT_ONCE])
    ]
