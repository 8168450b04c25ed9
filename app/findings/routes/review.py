"""What a person should look at, over all scans."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import InvalidInput
from app.core.json_chunks import encode_list
from app.domain.assignments import Due, ReviewFilter, ReviewOrder
from app.domain.decisions import DecisionState
from app.domain.findings import NOBODY
from app.findings.dependencies import AskedAssignee, ServicesDep, assignee_of
from app.findings.schemas.findings import ReviewPage
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage
from app.rest.responses import JsonChunksResponse
from app.rest.schemas import Text

router = APIRouter(prefix="/review", tags=["evidence"])

MAX_CURSOR: Final = 1_000  # with two names of 253 characters in base64
MAX_ITEMS: Final = 100


@router.get(
    "",
    summary="Findings that need a review, from the newest scan of each target, and findings that are assigned or due",
    responses=refused(InvalidInput, "invalid_cursor"),
    response_model=ReviewPage,
)
async def list_review(
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    decision: Annotated[
        DecisionState,
        Query(description="Only findings with this decision; `open`: undecided or reopened.", examples=["open"]),
    ] = DecisionState.OPEN,
    assignee: AskedAssignee = None,
    due: Annotated[
        Due | None,
        Query(
            description="`overdue`: due before today; `week`: due today or within the next seven days (UTC).",
            examples=["overdue"],
        ),
    ] = None,
    sort: Annotated[
        ReviewOrder | None,
        Query(
            description="`due`: the earliest due date first. With a user as `assignee` or with `due`, always so.",
            examples=["due"],
        ),
    ] = None,
    cursor: Annotated[
        Text | None,
        Query(max_length=MAX_CURSOR, description="The `next_cursor` of the previous page.", examples=["WyI"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ITEMS, description="Maximum number of findings.", examples=[50])] = 50,
) -> Response:
    assignee_id = assignee_of(assignee, user)
    wanted = ReviewFilter(
        state=decision,
        assignee_id=None if assignee_id == NOBODY else assignee_id,
        is_unassigned=assignee_id == NOBODY,
        due=due,
        is_by_due=sort is ReviewOrder.DUE,
    )
    page = await services.review.read(user, wanted, cursor=cursor, limit=limit, language=language)
    more = {"next_cursor": page.next_cursor, "unreadable": page.unreadable}
    return JsonChunksResponse(await asyncio.to_thread(encode_list, page.items, **more))
