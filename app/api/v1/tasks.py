"""Scan tasks: create, list, look, cancel, retry, delete."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response

from app.api.answers import DocumentResponse
from app.api.state import MAX_SEARCH, CurrentActor, PageNumber, PageSize, State
from app.domain.tasks import TaskStatus
from app.repositories.listing import MAX_COUNTED
from app.schemas.common import Text
from app.schemas.tasks import ScanOptions, TaskCreate, TaskPage, TaskResponse
from app.services.documents import list_document

router = APIRouter(prefix="/tasks", tags=["tasks"])

REPLAYED: Final = "Idempotency-Replayed"
# Of the client's making, as in draft-ietf-httpapi-idempotency-key-header: visible ASCII, quotes or not.
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Sent again with the same body within a day, the task that was made then is the answer.",
    ),
]


@router.post(
    "",
    status_code=201,
    summary="Start a scan",
    responses={201: {"headers": {REPLAYED: {"description": "`true`: done before", "schema": {"type": "string"}}}}},
)
async def create_task(
    body: TaskCreate, actor: CurrentActor, services: State, response: Response, idempotency_key: IdempotencyKey = None
) -> TaskResponse:
    config = (body.config or ScanOptions()).model_dump()
    task, replayed = await services.scans.create_once(actor, body.target_domain, config, key=idempotency_key)
    if replayed:
        response.headers[REPLAYED] = "true"
    return TaskResponse.model_validate(task)


@router.get("", summary="My tasks; all tasks for administrators", response_model=TaskPage)
async def list_tasks(
    actor: CurrentActor,
    services: State,
    page: PageNumber = 1,
    page_size: PageSize = 50,
    status: TaskStatus | None = None,
    domain: Annotated[Text | None, Query(max_length=MAX_SEARCH, description="Part of the target's name.")] = None,
    sort: Annotated[
        str, Query(max_length=32, description="created_at, target_domain, status or completed_at; `-` descends.")
    ] = "-created_at",
) -> Response:
    items, total = await services.scans.list_page(
        actor, page=page, page_size=page_size, status=status, domain=domain, sort=sort
    )
    # The options of each may hold a hundred long URLs.
    return DocumentResponse(await asyncio.to_thread(list_document, items, total=total, truncated=total >= MAX_COUNTED))


@router.get("/{task_id}", summary="One task")
async def get_task(task_id: str, actor: CurrentActor, services: State) -> TaskResponse:
    return TaskResponse.model_validate(await services.scans.get(actor, task_id))


@router.delete("/{task_id}", status_code=204, summary="Delete a task that does not run")
async def delete_task(task_id: str, actor: CurrentActor, services: State) -> None:
    await services.scans.delete(actor, task_id)


@router.post("/{task_id}/cancel", status_code=202, summary="Cancel; also when it is so already")
async def cancel_task(task_id: str, actor: CurrentActor, services: State) -> TaskResponse:
    return TaskResponse.model_validate(await services.scans.cancel(actor, task_id))


@router.post("/{task_id}/retry", status_code=202, summary="Run again from the beginning; also when it is so already")
async def retry_task(task_id: str, actor: CurrentActor, services: State) -> TaskResponse:
    return TaskResponse.model_validate(await services.scans.retry(actor, task_id))
