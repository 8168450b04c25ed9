"""The monitor: the WebSocket, and what it shows once more over HTTP. `api.v1.connections` has its other routes."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal, get_args

import orjson
from fastapi import Query
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket

from app.api.dependencies import ServicesDep
from app.api.v1.connections import router
from app.core.dependencies import CurrentUser
from app.core.errors import InvalidInput, NotFound
from app.domain.log_entry import LogLevel
from app.domain.stages import StageKey
from app.rest.documented_responses import refused, sent
from app.rest.language import ReaderLanguage
from app.rest.parameters import MAX_ATTEMPT, MAX_SEARCH, TaskId
from app.rest.responses import JsonChunksResponse
from app.rest.schemas import Text
from app.scans.schemas.tasks import LogPage
from app.scans.serialisers import Json
from app.scans.shown_run import RunRef
from app.websocket.messages.frames import TaskState
from app.websocket.session import websocket_endpoint
from app.websocket.state.state_reader import StateReader

MAX_LINES: Final = 1_000
MAX_LOG_SEQ: Final = 2**53
AskedAttempt = Annotated[
    int | None,
    Query(
        ge=1,
        le=MAX_ATTEMPT,
        description="Only lines of the run that contains this attempt. Omitted: of all runs.",
        examples=[1],
    ),
]
Format = Literal["json", "text", "ndjson"]
# One line stays one line, and a terminal obeys no log.
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {10: "\\n", 13: "\\r", 9: "\t"}


@router.websocket("/ws")
async def monitor(websocket: WebSocket) -> None:
    """Serve the real-time connection; its contract is docs/protocol.md."""
    await websocket_endpoint(websocket)


@router.get("/ws", include_in_schema=False)
async def refuse_plain_request(
    token: Annotated[str | None, Query()] = None,  # noqa: ARG001 - known here, so that a handshake is not called unknown
    ticket: Annotated[str | None, Query()] = None,  # noqa: ARG001
) -> None:
    """Say what a request lacks that has lost its `Upgrade` on the way, as behind a proxy that does not hand it on."""
    raise HTTPException(426, headers={"Upgrade": "websocket", "Connection": "Upgrade"})


@router.get("/tasks/{task_id}/status", summary="State of the task as in a snapshot, without the log")
async def get_status(task_id: TaskId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage) -> TaskState:
    reader = StateReader(
        clock=services.clock, max_snapshot_bytes=services.settings.snapshot_max_bytes, epoch=services.epoch
    )
    read = services.epoch.watching(lambda connection: reader.state(connection, task_id, language, user))
    state = await services.db.read(read)
    if state is None:
        raise NotFound(text="no_such_task")
    return state


@router.get(
    "/tasks/{task_id}/logs",
    summary="Log lines: a page as JSON, or all of them as text or NDJSON",
    response_model=LogPage,
    responses=sent("A page, or all lines", "text/plain", "application/x-ndjson")
    | refused(InvalidInput, "invalid_level"),
)
async def get_logs(
    task_id: TaskId,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    after_log_seq: Annotated[
        int, Query(ge=0, le=MAX_LOG_SEQ, description="Only lines after this one.", examples=[200])
    ] = 0,
    limit: Annotated[
        int, Query(ge=1, le=MAX_LINES, description="Maximum number of lines in JSON.", examples=[200])
    ] = 200,
    level: Annotated[
        str, Query(max_length=64, description="One or more levels, separated by commas.", examples=["WARNING,ERROR"])
    ] = "",
    stage: Annotated[StageKey | None, Query(description="Only lines of this stage.", examples=["page_crawl"])] = None,
    q: Annotated[
        Text,
        Query(
            max_length=MAX_SEARCH,
            description="Only lines that contain this text, in the selected language.",
            examples=["casino"],
        ),
    ] = "",
    form: Annotated[
        Format, Query(alias="format", description="A page as JSON, or all lines as text or NDJSON.", examples=["json"])
    ] = "json",
    attempt: AskedAttempt = None,
) -> Response:
    run = RunRef(task_id, attempt)
    levels = _levels(level)
    filters: dict[str, Any] = {"levels": levels, "stage": stage, "q": q or None, "language": language}
    if form == "json":
        return JsonChunksResponse(await services.reports.logs(user, run, after=after_log_seq, limit=limit, **filters))
    encode = (_as_text, "text/plain") if form == "text" else (orjson.dumps, "application/x-ndjson")
    return await _stream(services.reports.all_logs(user, run, encode[0], after=after_log_seq, **filters), encode[1])


def _levels(text: str) -> list[str]:
    levels = [part.strip().upper() for part in text.split(",") if part.strip()]
    if not set(levels) <= set(get_args(LogLevel)):
        raise InvalidInput(code="invalid_level", levels=", ".join(get_args(LogLevel)))
    return levels


async def _stream(pieces: AsyncIterator[bytes], media_type: str) -> Response:
    """Stream the events; the first piece is read before the response starts, so that a missing task is a 404."""
    first = await anext(pieces, b"")

    async def chunks() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return StreamingResponse(chunks(), media_type=media_type)


def _as_text(item: Json) -> bytes:
    line = f"{item['created_at']} {item['level']:<7} {item['module']}: {item['message']}"
    return line.translate(_CONTROLS).encode(errors="replace")
