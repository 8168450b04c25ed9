"""The monitor: the WebSocket, its administration, and what it shows once more over HTTP."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, cast, get_args

import orjson
from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket

from app.api.answers import DocumentResponse
from app.api.state import MAX_SEARCH, CurrentActor, State
from app.core.dependencies import CurrentAdmin, CurrentUser, StreamUser, client_address
from app.core.errors import InvalidInput, LimitReached, NotFound, Unavailable
from app.events.epoch import MAX_EPOCH
from app.events.types import LogLevel
from app.schemas.common import Text
from app.schemas.monitor import BroadcastRequest, BroadcastResponse, TicketResponse
from app.schemas.tasks import LogPage
from app.services.views import Json
from app.websocket.commands import MAX_SEQ
from app.websocket.manager import WebSocketManager
from app.websocket.protocol import TaskState
from app.websocket.resume import StateReader
from app.websocket.session import websocket_endpoint

router = APIRouter(prefix="/monitor", tags=["monitor"])

MAX_LINES: Final = 1_000
MAX_LOG_SEQ: Final = 2**53
EVENT_ID: Final = rf"^([0-9A-Za-z-]{{1,{MAX_EPOCH}}}:)?[0-9]{{1,16}}$"  # as `websocket.stream` writes them
Format = Literal["json", "text", "ndjson"]
# One line stays one line, and a terminal obeys no log.
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {10: "\\n", 13: "\\r", 9: "\t"}


@router.websocket("/ws")
async def monitor(websocket: WebSocket) -> None:
    """The real-time connection; its contract is docs/protocol.md."""
    await websocket_endpoint(websocket)


@router.post("/ws/ticket", summary="A one-time ticket for a WebSocket or event stream: `?ticket=`, not a token")
async def issue_ticket(user: CurrentUser, services: State) -> TicketResponse:
    issued = await services.auth.issue_ticket(user)
    return TicketResponse(ticket=issued.ticket, expires_in=issued.expires_in)


@router.get("/ws/stats", summary="Open connections and their queues (administrators)")
async def get_stats(_admin: CurrentAdmin, services: State) -> dict[str, Any]:
    return dict(services.manager.stats())


@router.post("/ws/broadcast", summary="Say something to connected users (administrators)")
async def broadcast(
    body: BroadcastRequest, admin: CurrentAdmin, actor: CurrentActor, services: State
) -> BroadcastResponse:
    said = await services.manager.broadcast(**body.model_dump(), sender=admin.username)
    detail = {"level": body.level, "delivered": said["delivered"]}
    services.audit.record(
        "ws.broadcast", user_id=admin.user_id, address=actor.address, object_id=said["broadcast_id"], detail=detail
    )
    return BroadcastResponse(broadcast_id=said["broadcast_id"], delivered=said["delivered"])


@router.get("/tasks/{task_id}/status", summary="The state that a snapshot shows, without the log")
async def get_status(task_id: str, actor: CurrentActor, services: State) -> TaskState:
    settings = services.settings
    reader = StateReader(
        language=settings.language,
        clock=services.clock,
        max_snapshot_bytes=settings.snapshot_max_bytes,
        epoch=services.epoch,
    )
    read = services.epoch.watching(lambda connection: reader.state(connection, task_id, actor.viewer))
    state = await services.db.read(read)
    if state is None:
        raise NotFound("There is no such task.")
    return state


@router.get(
    "/tasks/{task_id}/logs",
    summary="Log lines: a page as JSON, or all of them as text or NDJSON",
    response_model=LogPage,
    responses={200: {"content": {"text/plain": {}, "application/x-ndjson": {}}}},
)
async def get_logs(
    task_id: str,
    actor: CurrentActor,
    services: State,
    after_log_seq: Annotated[int, Query(ge=0, le=MAX_LOG_SEQ)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LINES)] = 200,
    level: Annotated[str, Query(max_length=64, description="One or more levels, separated by commas.")] = "",
    q: Annotated[Text, Query(max_length=MAX_SEARCH, description="Only lines that contain this text.")] = "",
    form: Annotated[Format, Query(alias="format")] = "json",
) -> Any:
    levels = _levels(level)
    filters: dict[str, Any] = {"after": after_log_seq, "levels": levels, "q": q or None}
    if form == "json":
        return DocumentResponse(await services.reports.logs(actor.viewer, task_id, limit=limit, **filters))
    encode = (_as_text, "text/plain") if form == "text" else (orjson.dumps, "application/x-ndjson")
    return await _stream(services.reports.all_logs(actor.viewer, task_id, encode[0], **filters), encode[1])


async def admit_stream(request: Request, services: State) -> None:
    """Before the token is looked at: a refused request costs no look-up. Raises LimitReached, Unavailable."""
    refusal = _manager(services).admission.check_address(client_address(request) or "unknown")
    if refusal is None:
        return
    if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise LimitReached("Too many connections from this address.", retry_after_s=refusal.retry_after_s)
    raise Unavailable("Too many connections are open.", retry_after_s=refusal.retry_after_s)


@router.get(
    "/tasks/{task_id}/events",
    summary="The task's events as server-sent events: the stream of the WebSocket without a socket",
    dependencies=[Depends(admit_stream)],
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def follow_events(
    task_id: str,
    request: Request,
    services: State,
    user: StreamUser,
    last_event_id: Annotated[
        str | None, Header(pattern=EVENT_ID, description="Where to go on: `epoch:seq`, or `seq` alone.")
    ] = None,
    last_event_id_query: Annotated[
        str | None,
        Query(alias="last_event_id", pattern=EVENT_ID, description="The same, where no header can be sent."),
    ] = None,
) -> Response:
    epoch, seq = read_event_id(last_event_id_query if last_event_id is None else last_event_id)
    address = client_address(request) or "unknown"
    return await _manager(services).streams.open(task_id, user, address=address, last_seq=seq, epoch=epoch)


def read_event_id(text: str | None) -> tuple[str | None, int | None]:
    """(epoch, seq) of an event's id. Raises InvalidInput for a `seq` that is beyond all counting."""
    if text is None:
        return None, None
    epoch, _, seq = text.rpartition(":")
    if int(seq) > MAX_SEQ:
        raise InvalidInput("There is no such position.")
    return epoch or None, int(seq)


def _manager(services: State) -> WebSocketManager:
    return cast("WebSocketManager", services.manager)


def _levels(text: str) -> list[str]:
    levels = [part.strip().upper() for part in text.split(",") if part.strip()]
    if not set(levels) <= set(get_args(LogLevel)):
        raise InvalidInput(f"Levels are {', '.join(get_args(LogLevel))}.", code="invalid_level")
    return levels


async def _stream(pieces: AsyncIterator[bytes], media_type: str) -> Response:
    """The first piece is read before the answer begins, so that a missing task is still a 404."""
    first = await anext(pieces, b"")

    async def chunks() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return StreamingResponse(chunks(), media_type=media_type)


def _as_text(item: Json) -> bytes:
    line = f"{item['created_at']} {item['level']:<7} {item['module']}: {item['message']}"
    return line.translate(_CONTROLS).encode(errors="replace")
