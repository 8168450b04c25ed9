"""What a scan found: lists in pages, and the report. Answers come encoded; the models stand for their documentation."""

from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Depends, Header, Query
from pydantic import Field
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import LimitReached, Unavailable
from app.domain.report_format import MEDIA_TYPES, ReportFormat, format_of_accept
from app.domain.third_parties import Outcome
from app.findings.schemas.results import PagePage, Report, SubdomainPage, ThirdPartyPage, ViolationPage
from app.reports.formats.service import ReportFileService
from app.reports.service import ReportService
from app.rest.documented_responses import OF_RESULTS, UNREADABLE, refused, sent
from app.rest.language import ReaderLanguage
from app.rest.parameters import AskedKey, AskedReview, AskedRisk, PagingDep, get_services
from app.rest.responses import JsonChunksResponse, ReportResponse
from app.rest.schemas import Text
from app.scans.parameters import RunDep

MAX_FINDINGS: Final = 100  # of a report of some
MAX_NAME: Final = 300  # characters of an id: a domain has at most 253
FILE_TYPES = [name for kind, name in MEDIA_TYPES.items() if kind is not ReportFormat.JSON]


class ReportServices(Protocol):
    """What these routes take of the lifespan state."""

    reports: ReportService
    report_files: ReportFileService


ServicesDep = Annotated[ReportServices, Depends(get_services)]

router = APIRouter(prefix="/tasks/{task_id}", tags=["results"], responses=OF_RESULTS)
AskedFormat = Annotated[
    ReportFormat | None,
    Query(description="File format; default: the first format that `Accept` names, otherwise JSON.", examples=["html"]),
]

AskedFindings = Annotated[
    list[Annotated[Text, Field(max_length=MAX_NAME)]] | None,
    Query(
        max_length=MAX_FINDINGS,
        description="Only these findings, by id, with the captures, references and third parties that belong to them "
        "(`html`, `pdf` and `zip`); repeatable.",
        examples=[["gambling.casino.example"]],
    ),
]


@router.get("/subdomains", summary="Names in scope that resolve", response_model=SubdomainPage)
async def list_subdomains(run: RunDep, user: CurrentUser, services: ServicesDep, paging: PagingDep) -> Response:
    return JsonChunksResponse(await services.reports.subdomains(user, run, paging))


@router.get("/pages", summary="Fetched documents", response_model=PagePage)
async def list_pages(
    run: RunDep,
    user: CurrentUser,
    services: ServicesDep,
    paging: PagingDep,
    status: Annotated[
        int | None, Query(ge=0, le=999, description="HTTP status; 0: no response.", examples=[200])
    ] = None,
    parsed: Annotated[bool | None, Query(description="Whether the document counts as a page.", examples=[True])] = None,
) -> Response:
    found = await services.reports.pages(user, run, paging, status=status, parsed=parsed)
    return JsonChunksResponse(found)


@router.get("/third-parties", summary="Third-party domains that pages refer to", response_model=ThirdPartyPage)
async def list_third_parties(
    run: RunDep,
    user: CurrentUser,
    services: ServicesDep,
    paging: PagingDep,
    category: Annotated[Text | None, Query(max_length=32, description="Only this category.", examples=["cdn"])] = None,
    outcome: Annotated[
        Outcome | None, Query(description="Outcome of checking the third party.", examples=["examined"])
    ] = None,
) -> Response:
    found = await services.reports.third_parties(user, run, paging, category=category, outcome=outcome)
    return JsonChunksResponse(found)


@router.get("/violations", summary="Violations with their evidence", response_model=ViolationPage)
async def list_violations(
    run: RunDep,
    user: CurrentUser,
    services: ServicesDep,
    paging: PagingDep,
    violation_key: AskedKey = None,
    risk_level: AskedRisk = None,
    needs_review: AskedReview = None,
    *,
    language: ReaderLanguage,
) -> Response:
    found = await services.reports.violations(
        user, run, paging, key=violation_key, risk=risk_level, needs_review=needs_review, language=language
    )
    return JsonChunksResponse(found)


@router.get(
    "/report",
    summary="The complete report, in the requested format; partial while the task is running",
    response_model=Report,
    responses=sent("The document, or a file in another format as an attachment", *FILE_TYPES)
    | refused(LimitReached, "report_limit")
    | refused(Unavailable, "reports_busy", "report_failed", *UNREADABLE),
)
async def get_report(
    run: RunDep,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    format: AskedFormat = None,  # noqa: A002 - the parameter's name on the wire
    finding: AskedFindings = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    kind = format or format_of_accept(accept)
    file = await services.report_files.open(user, run, kind, language, finding or ())
    if format is None and kind is ReportFormat.JSON:  # for programs: nothing that a browser would save
        return ReportResponse(file.stream)
    return ReportResponse(file.stream, media_type=file.content_type, file_name=file.file_name)
