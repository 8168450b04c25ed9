"""The open connections: tickets that open one, their numbers, and messages to all of them."""

from fastapi import APIRouter

from app.api.dependencies import ServicesDep
from app.api.v1.connection_schemas import BroadcastRequest, BroadcastResponse, ConnectionStats, TicketResponse
from app.core.dependencies import CurrentAdmin, CurrentUser
from app.core.errors import Forbidden, LimitReached
from app.rest.documented_responses import refused

# The monitor's routes share one router; `api.v1.websocket` adds its own.
router = APIRouter(prefix="/monitor", tags=["monitor"])


@router.post(
    "/ws/ticket",
    summary="A one-time ticket for a WebSocket or event stream: `?ticket=`, not a token",
    responses=refused(LimitReached),
)
async def issue_ticket(user: CurrentUser, services: ServicesDep) -> TicketResponse:
    issued = await services.auth.issue_ticket(user)
    return TicketResponse(ticket=issued.ticket, expires_in=issued.expires_in)


@router.get(
    "/ws/stats",
    summary="Open connections and their queues (administrators)",
    responses=refused(Forbidden, "admin_only"),
)
async def get_stats(_admin: CurrentAdmin, services: ServicesDep) -> ConnectionStats:
    others = await services.manager.other_servers()
    return ConnectionStats.model_validate({**services.manager.stats(), "other_servers": others})


@router.post(
    "/ws/broadcast",
    summary="Send an announcement to connected users, and to those who connect before it expires (administrators)",
    responses=refused(Forbidden, "admin_only") | refused(LimitReached),
)
async def broadcast(body: BroadcastRequest, admin: CurrentAdmin, services: ServicesDep) -> BroadcastResponse:
    sent = await services.manager.broadcast(**body.model_dump(), sender=admin.username)
    answer = BroadcastResponse(broadcast_id=sent["broadcast_id"], delivered=sent["delivered"])
    services.audit.record(
        "ws.broadcast",
        user_id=admin.user_id,
        address=admin.address,
        object_id=answer.broadcast_id,
        detail={"level": body.level, "delivered": answer.delivered},
    )
    return answer
