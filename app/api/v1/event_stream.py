"""Server-sent events: the stream of the WebSocket for clients without a socket."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.dependencies import ServicesDep
from app.core.dependencies import StreamUser, client_address
from app.core.errors import InvalidInput, LimitReached, Unavailable
from app.events.log_identity import MAX_EPOCH
from app.rest.documented_responses import refused, sent
from app.rest.language import ReaderLanguage
from app.rest.parameters import TaskId
from app.websocket.messages.commands import MAX_SEQ

router = APIRouter(prefix="/monitor", tags=["monitor"])

EVENT_ID: Final = rf"^([0-9A-Za-z-]{{1,{MAX_EPOCH}}}:)?[0-9]{{1,16}}$"  # as `websocket.sse.stream` writes them


async def admit_stream(request: Request, services: ServicesDep) -> None:
    """Admit a stream before its token is checked: a refusal costs no lookup. Raises LimitReached, Unavailable."""
    refusal = await services.manager.refusal(client_address(request) or "unknown")
    if refusal is None:
        return
    if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise LimitReached(text="address_limit", retry_after_s=refusal.retry_after_s)
    raise Unavailable(text="process_limit", retry_after_s=refusal.retry_after_s)


@router.get(
    "/tasks/{task_id}/events",
    summary="The task's events as server-sent events: the stream of the WebSocket without a socket",
    dependencies=[Depends(admit_stream)],
    response_class=Response,
    responses=sent("Events, until the stream is closed", "text/event-stream")
    | refused(LimitReached, "rate_limited", "stream_limit")
    | refused(Unavailable),
)
async def follow_events(
    task_id: TaskId,
    request: Request,
    services: ServicesDep,
    user: StreamUser,
    language: ReaderLanguage,
    last_event_id: Annotated[
        str | None,
        Header(
            pattern=EVENT_ID, description="Position to resume from: `epoch:seq`, or `seq` alone.", examples=["0:42"]
        ),
    ] = None,
    last_event_id_query: Annotated[
        str | None,
        Query(
            alias="last_event_id",
            pattern=EVENT_ID,
            description="The same, for clients that cannot send a header.",
            examples=["0:42"],
        ),
    ] = None,
) -> Response:
    epoch, seq = read_event_id(last_event_id_query if last_event_id is None else last_event_id)
    address = client_address(request) or "unknown"
    return await services.manager.open_stream(
        task_id, user, address=address, last_seq=seq, epoch=epoch, language=language
    )


def read_event_id(text: str | None) -> tuple[str | None, int | None]:
    """(epoch, seq) of an event's id. Raises InvalidInput for a `seq` that is beyond all counting."""
    if text is None:
        return None, None
    epoch, _, seq = text.rpartition(":")
    if int(seq) > MAX_SEQ:
        raise InvalidInput(text="no_such_position")
    return epoch or None, int(seq)
