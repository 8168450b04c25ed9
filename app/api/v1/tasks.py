"""Scan tasks: create, list, look, cancel, retry, delete."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from app.api.dependencies import ServicesDep
from app.core.dependencies import CurrentAdmin, CurrentUser
from app.core.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound
from app.core.json_chunks import encode_list
from app.core.listing import MAX_COUNTED
from app.domain.tasks import TaskStatus
from app.domain.verdict import Result
from app.domain.violations import RiskLevel
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage
from app.rest.parameters import MAX_ATTEMPT, MAX_SEARCH, REPLAYED, IdempotencyKey, PageNumber, PageSize, TaskId
from app.rest.responses import JsonChunksResponse
from app.rest.schemas import Moment, Text
from app.scans.queries.task_filters import TaskFilter
from app.scans.schemas.attempts import AttemptPage
from app.scans.schemas.tasks import (
    ScanDefaults,
    ScanOptions,
    TaskCreate,
    TaskHoldRequest,
    TaskPage,
    TaskPriority,
    TaskResponse,
)

router = APIRouter(prefix="/tasks", tags=["tasks"])

MOMENT: Final = "2026-01-01T00:00:00Z"
UNUSABLE_TARGETS: Final = (
    "target_empty",
    "target_control_characters",
    "target_is_url",
    "target_ip_address",
    "target_too_long",
    "target_label_too_long",
    "target_not_a_domain",
    "target_local_name",
    "target_public_suffix",
    "start_url_invalid",
    "start_url_outside_target",
    "own_domains_too_long",
)
AskedAttempt = Annotated[
    int | None,
    Query(
        ge=1,
        le=MAX_ATTEMPT,
        description="State after the run that contains this attempt. Omitted: the current state.",
        examples=[1],
    ),
]


@router.post(
    "",
    status_code=201,
    summary="Start a scan",
    responses={201: {"headers": {REPLAYED: {"description": "`true`: done before", "schema": {"type": "string"}}}}}
    | refused(Forbidden, "target_not_allowed")
    | refused(InvalidInput, *UNUSABLE_TARGETS, "idempotency_key_reused")
    | refused(LimitReached, "task_limit"),
)
async def create_task(
    body: TaskCreate,
    user: CurrentUser,
    services: ServicesDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> TaskResponse:
    config = body.config or ScanOptions()
    task, replayed = await services.scans.create_once(
        user, body.target_domain, config.to_domain(), key=idempotency_key, said=config.model_fields_set
    )
    if replayed:
        response.headers[REPLAYED] = "true"
    return TaskResponse.model_validate(task)


@router.get(
    "",
    summary="List the user's tasks; all tasks for administrators, reviewers and viewers",
    responses=refused(InvalidInput, "invalid_sort"),
    response_model=TaskPage,
)
async def list_tasks(
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    page: PageNumber = 1,
    page_size: PageSize = 50,
    status: Annotated[
        TaskStatus | None, Query(description="Only tasks with this status.", examples=["running"])
    ] = None,
    domain: Annotated[
        Text | None, Query(max_length=MAX_SEARCH, description="Part of the target domain.", examples=["example"])
    ] = None,
    risk: Annotated[
        RiskLevel | None,
        Query(
            description="Only tasks with this highest open risk. Only the first 5,000 tasks of the list are checked.",
            examples=["high"],
        ),
    ] = None,
    verdict: Annotated[
        Result | None,
        Query(
            description="Only tasks with this verdict. Only the first 5,000 tasks of the list are checked.",
            examples=["inconclusive"],
        ),
    ] = None,
    since: Annotated[
        Moment | None, Query(description="Only tasks created at or after this time.", examples=[MOMENT])
    ] = None,
    until: Annotated[
        Moment | None, Query(description="Only tasks created before this time.", examples=[MOMENT])
    ] = None,
    sort: Annotated[
        str,
        Query(
            max_length=32,
            description="created_at, target_domain, status or completed_at; `-` descends.",
            examples=["-created_at"],
        ),
    ] = "-created_at",
) -> Response:
    wanted = TaskFilter(status=status, domain=domain, since=since, until=until, risk=risk, verdict=verdict)
    items, total = await services.scans.list_page(
        user, wanted, page=page, page_size=page_size, sort=sort, language=language
    )
    # The options of each may hold a hundred long URLs.
    return JsonChunksResponse(await asyncio.to_thread(encode_list, items, total=total, truncated=total >= MAX_COUNTED))


@router.get("/defaults", summary="Defaults of the scan options")
async def get_defaults(_user: CurrentUser, services: ServicesDep) -> ScanDefaults:
    return ScanDefaults.of(services.scans.default_options())


@router.get(
    "/{task_id}",
    summary="Get a task in its current state, or in its state after an attempt",
    responses=refused(NotFound, "attempt_not_found", "results_removed"),
)
async def get_task(
    task_id: TaskId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage, attempt: AskedAttempt = None
) -> TaskResponse:
    return TaskResponse.model_validate(await services.scans.get(user, task_id, attempt, language=language))


@router.get("/{task_id}/attempts", summary="List all attempts, newest first", response_model=AttemptPage)
async def list_attempts(
    task_id: TaskId,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    page: PageNumber = 1,
    page_size: PageSize = 50,
) -> Response:
    found = await services.scans.attempts(user, task_id, page=page, page_size=page_size, language=language)
    return JsonChunksResponse(found)


@router.delete(
    "/{task_id}",
    status_code=204,
    summary="Delete a task that is not running",
    responses=refused(Conflict, "task_running", "task_held", "contended"),
)
async def delete_task(task_id: TaskId, user: CurrentUser, services: ServicesDep) -> None:
    await services.scans.delete(user, task_id)


@router.post(
    "/{task_id}/cancel",
    status_code=202,
    summary="Cancel a task; has no effect if it is already cancelled",
    responses=refused(Conflict, "task_finished", "contended"),
)
async def cancel_task(
    task_id: TaskId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage
) -> TaskResponse:
    return TaskResponse.model_validate(await services.scans.cancel(user, task_id, language))


@router.put(
    "/{task_id}/priority",
    summary="Set the priority of a waiting task (administrators)",
    responses=refused(Conflict, "task_not_waiting") | refused(Forbidden, "admin_only"),
)
async def set_priority(
    task_id: TaskId, body: TaskPriority, admin: CurrentAdmin, services: ServicesDep, language: ReaderLanguage
) -> TaskResponse:
    return TaskResponse.model_validate(await services.scans.prioritise(admin, task_id, body.priority, language))


@router.put(
    "/{task_id}/hold",
    summary="Place a legal hold on a task (administrators)",
    responses=refused(Forbidden, "admin_only"),
)
async def hold_task(
    task_id: TaskId, body: TaskHoldRequest, admin: CurrentAdmin, services: ServicesDep, language: ReaderLanguage
) -> TaskResponse:
    return TaskResponse.model_validate(await services.holds.place(admin, task_id, body.reason, language))


@router.delete(
    "/{task_id}/hold",
    status_code=204,
    summary="Release the legal hold of a task; has no effect if there is none (administrators)",
    responses=refused(Forbidden, "admin_only"),
)
async def release_hold(task_id: TaskId, admin: CurrentAdmin, services: ServicesDep) -> None:
    await services.holds.release(admin, task_id)


@router.post(
    "/{task_id}/retry",
    status_code=202,
    summary="Start a new attempt from the beginning; has no effect if one is already waiting",
    responses=refused(Conflict, "task_running", "contended")
    | refused(Forbidden, "target_not_allowed")
    | refused(LimitReached, "task_limit"),
)
async def retry_task(
    task_id: TaskId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage
) -> TaskResponse:
    return TaskResponse.model_validate(await services.scans.retry(user, task_id, language))
