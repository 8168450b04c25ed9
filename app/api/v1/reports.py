"""What a scan found: lists in pages, and the report. Answers come encoded; the models stand for their documentation."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.api.answers import DocumentResponse, ReportResponse
from app.api.state import CurrentActor, Piece, State
from app.domain.parties import Outcome
from app.domain.violations import RiskLevel, ViolationKey
from app.schemas.common import Text
from app.schemas.results import PagePage, Report, SubdomainPage, ThirdPartyPage, ViolationPage

router = APIRouter(prefix="/tasks/{task_id}", tags=["results"])


@router.get("/subdomains", summary="Names in scope that resolve", response_model=SubdomainPage)
async def list_subdomains(task_id: str, actor: CurrentActor, services: State, piece: Piece) -> Response:
    return DocumentResponse(await services.reports.subdomains(actor.viewer, task_id, piece))


@router.get("/pages", summary="Fetched documents", response_model=PagePage)
async def list_pages(
    task_id: str,
    actor: CurrentActor,
    services: State,
    piece: Piece,
    status: Annotated[int | None, Query(ge=0, le=999, description="HTTP status; 0: no answer.")] = None,
    parsed: Annotated[bool | None, Query(description="Whether it counts as a page.")] = None,
) -> Response:
    found = await services.reports.pages(actor.viewer, task_id, piece, status=status, parsed=parsed)
    return DocumentResponse(found)


@router.get("/third-parties", summary="Domains of others that pages refer to", response_model=ThirdPartyPage)
async def list_third_parties(
    task_id: str,
    actor: CurrentActor,
    services: State,
    piece: Piece,
    category: Annotated[Text | None, Query(max_length=32)] = None,
    outcome: Annotated[Outcome | None, Query(description="What came of looking at it.")] = None,
) -> Response:
    found = await services.reports.third_parties(actor.viewer, task_id, piece, category=category, outcome=outcome)
    return DocumentResponse(found)


@router.get("/violations", summary="Violations with their evidence", response_model=ViolationPage)
async def list_violations(
    task_id: str,
    actor: CurrentActor,
    services: State,
    piece: Piece,
    violation_key: ViolationKey | None = None,
    risk_level: RiskLevel | None = None,
    needs_review: bool | None = None,
) -> Response:
    found = await services.reports.violations(
        actor.viewer, task_id, piece, key=violation_key, risk=risk_level, needs_review=needs_review
    )
    return DocumentResponse(found)


@router.get("/report", summary="The whole report; partial while the task runs", response_model=Report)
async def get_report(task_id: str, actor: CurrentActor, services: State) -> Response:
    return ReportResponse(await services.reports.open_report(actor.viewer, task_id))
