"""Differences between two scans. Responses are encoded by the service; the models document them."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import Conflict, InvalidInput
from app.domain.differences import Change, Section
from app.inventory.dependencies import ServicesDep
from app.inventory.differences import DifferenceFilter
from app.inventory.schemas import DifferencePage
from app.rest.documented_responses import OF_RESULTS, refused
from app.rest.language import ReaderLanguage
from app.rest.parameters import MAX_ATTEMPT, PagingDep
from app.rest.responses import JsonChunksResponse
from app.scans.parameters import RunDep
from app.scans.shown_run import RunRef

router = APIRouter(prefix="/tasks/{task_id}", tags=["evidence"], responses=OF_RESULTS)
MAX_ID = 36


@router.get(
    "/diff",
    summary="Compare a scan with an earlier one: what is new, gone, changed, or was not checked this time",
    response_model=DifferencePage,
    responses=refused(Conflict, "scan_not_ended") | refused(InvalidInput, "against_other_target"),
)
async def get_differences(
    run: RunDep,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    paging: PagingDep,
    against: Annotated[
        str | None,
        Query(
            max_length=MAX_ID,
            description="Task id of the scan to compare with. "
            "Omitted: the newest earlier conclusive scan of this target.",
            examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10"],
        ),
    ] = None,
    against_attempt: Annotated[
        int | None,
        Query(
            ge=1,
            le=MAX_ATTEMPT,
            description="Attempt of that scan. Omitted: its last conclusive attempt, otherwise the newest.",
            examples=[1],
        ),
    ] = None,
    section: Annotated[Section | None, Query(description="Only this section.", examples=["content"])] = None,
    change: Annotated[Change | None, Query(description="Only this kind of change.", examples=["new"])] = None,
) -> Response:
    other = None if against is None else RunRef(against, against_attempt)
    document = await services.inventory.differences.read(
        user, run, other, language=language, paging=paging, only=DifferenceFilter(section, change)
    )
    return JsonChunksResponse(document)
