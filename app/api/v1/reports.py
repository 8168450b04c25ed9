"""What a scan found: lists in pages, and the report."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.state import CurrentActor, Piece, State
from app.domain.parties import Outcome
from app.domain.violations import RiskLevel, ViolationKey
from app.schemas.common import Text
from app.schemas.results import PagePage, Report, SubdomainPage, ThirdPartyPage, ViolationPage

router = APIRouter(prefix="/tasks/{task_id}", tags=["results"])


@router.get("/subdomains", summary="Names in scope that resolve")
async def list_subdomains(task_id: str, actor: CurrentActor, services: State, piece: Piece) -> SubdomainPage:
    items, total = await services.reports.subdomains(actor.viewer, task_id, piece)
    return SubdomainPage.model_validate({"items": items, "total": total})


@router.get("/pages", summary="Fetched documents")
async def list_pages(
    task_id: str,
    actor: CurrentActor,
    services: State,
    piece: Piece,
    status: Annotated[int | None, Query(ge=0, le=999, description="HTTP status; 0: no answer.")] = None,
    parsed: Annotated[bool | None, Query(description="Whether it counts as a page.")] = None,
) -> PagePage:
    items, total = await services.reports.pages(actor.viewer, task_id, piece, status=status, parsed=parsed)
    return PagePage.model_validate({"items": items, "total": total})


@router.get("/third-parties", summary="Domains of others that pages refer to")
async def list_third_parties(
    task_id: str,
    actor: CurrentActor,
    services: State,
    piece: Piece,
    category: Annotated[Text | None, Query(max_length=32)] = None,
    outcome: Annotated[Outcome | None, Query(description="What came of looking at it.")] = None,
) -> ThirdPartyPage:
    items, total = await services.reports.third_parties(
        actor.viewer, task_id, piece, category=category, outcome=outcome
    )
    return ThirdPartyPage.model_validate({"items": items, "total": total})


@router.get("/violations", summary="Violations with their evidence")
async def list_violations(
    task_id: str,
    actor: CurrentActor,
    services: State,
    piece: Piece,
    violation_key: ViolationKey | None = None,
    risk_level: RiskLevel | None = None,
    needs_review: bool | None = None,
) -> ViolationPage:
    items, total = await services.reports.violations(
        actor.viewer, task_id, piece, key=violation_key, risk=risk_level, needs_review=needs_review
    )
    return ViolationPage.model_validate({"items": items, "total": total})


@router.get("/report", summary="The whole report; partial while the task runs")
async def get_report(task_id: str, actor: CurrentActor, services: State) -> Report:
    return Report.model_validate(await services.reports.report(actor.viewer, task_id))
