"""The open WebSockets one by one, for administrators."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path

from app.api.dependencies import ServicesDep
from app.api.v1.connection_schemas import OpenConnection, OpenConnections
from app.core.dependencies import CurrentAdmin, require_admin
from app.core.errors import Forbidden, NotFound
from app.rest.documented_responses import refused
from app.rest.schemas import Text

router = APIRouter(
    prefix="/admin/connections",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)

MOST_LISTED: Final = 1_000
ConnectionId = Annotated[
    Text, Path(max_length=36, description="Connection id.", examples=["019b7a60-0000-7000-8000-000000000004"])
]


@router.get("", summary="List open WebSockets of all servers")
async def list_connections(services: ServicesDep) -> OpenConnections:
    found = await services.manager.sockets()
    return OpenConnections(items=[OpenConnection(**item) for item in found[:MOST_LISTED]], total=len(found))


@router.delete(
    "/{connection_id}", status_code=204, summary="Close a WebSocket; its client does not reconnect automatically"
)
async def close_connection(connection_id: ConnectionId, admin: CurrentAdmin, services: ServicesDep) -> None:
    if not await services.manager.close_socket(connection_id):
        raise NotFound(text="no_such_connection")
    services.audit.record("ws.disconnect", user_id=admin.user_id, address=admin.address, object_id=connection_id)
