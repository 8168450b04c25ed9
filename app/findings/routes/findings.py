"""Findings and the evidence behind them. Answers come encoded; the models stand for their documentation."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import Conflict, InvalidInput, LimitReached, NotFound, Unavailable
from app.domain.decisions import DecisionState
from app.domain.findings import FindingFilter
from app.findings.assignments import WantedAssignment
from app.findings.decisions import WantedDecision
from app.findings.dependencies import AskedAssignee, ServicesDep, assignee_of
from app.findings.schemas.comments import CommentInfo, CommentList, CommentRequest
from app.findings.schemas.decisions import AssignmentInfo, AssignmentRequest, DecisionInfo, DecisionRequest
from app.findings.schemas.findings import FindingDetail, FindingPage, PageDetail, ReferencePage, ThirdPartyDetail
from app.rest.documented_responses import OF_RESULTS, UNREADABLE, refused, sent
from app.rest.language import ReaderLanguage
from app.rest.parameters import AskedKey, AskedReview, AskedRisk, PagingDep
from app.rest.responses import ContentResponse, JsonChunksResponse, ReportResponse
from app.rest.schemas import Text
from app.scans.parameters import RunDep

router = APIRouter(prefix="/tasks/{task_id}", tags=["evidence"], responses=OF_RESULTS)

MAX_NAME: Final = 300  # characters of an id or a domain: a name has at most 253
MAX_ID: Final = 2**63 - 1
MAX_WIDTH: Final = 1_280  # of a screenshot
CSV: Final = "text/csv"
CONTENT_TYPES: Final = ("image/jpeg", "text/plain", "application/octet-stream")
Domain = Annotated[
    str, Path(max_length=MAX_NAME, description="Registrable domain of the third party.", examples=["casino.example"])
]
FindingName = Annotated[
    str,
    Path(
        max_length=MAX_NAME,
        description="Finding id, as in the list: cause and domain.",
        examples=["gambling.casino.example"],
    ),
]
AskedDomain = Annotated[
    Text | None,
    Query(max_length=MAX_NAME, description="Only references to this third party.", examples=["casino.example"]),
]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="Hash of the content.", examples=["19b9" * 16])]
AskedFormat = Annotated[
    str | None,
    Query(
        pattern="^(json|csv)$",
        description="`csv`: all of them, as a table; otherwise as `Accept` requests.",
        examples=["csv"],
    ),
]


@router.get("/findings", summary="List findings, highest risk first", response_model=FindingPage)
async def list_findings(
    run: RunDep,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    paging: PagingDep,
    violation_key: AskedKey = None,
    risk_level: AskedRisk = None,
    needs_review: AskedReview = None,
    decision: Annotated[
        DecisionState | None, Query(description="Only findings with this decision.", examples=["open"])
    ] = None,
    hidden: Annotated[
        bool | None,
        Query(description="`true`: only findings with a hidden reference; `false`: only the others.", examples=[True]),
    ] = None,
    assignee: AskedAssignee = None,
) -> Response:
    wanted = FindingFilter(risk_level, violation_key, needs_review, decision, hidden, assignee_of(assignee, user))
    return JsonChunksResponse(await services.evidence.findings(user, run, language, paging, wanted))


@router.get("/findings/{finding_id}", summary="Get a finding with its evidence", response_model=FindingDetail)
async def get_finding(
    run: RunDep,
    finding_id: FindingName,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
) -> Response:
    return JsonChunksResponse(await services.evidence.finding(user, run, language, finding_id))


@router.put(
    "/findings/{finding_id}/decision",
    summary="Record the decision on a finding, for this and later scans of the target",
    responses=refused(InvalidInput, "reason_missing", "expiry_without_dismissal", "expiry_passed")
    | refused(Conflict, "decision_changed"),
)
async def decide(
    run: RunDep, finding_id: FindingName, body: DecisionRequest, user: CurrentUser, services: ServicesDep
) -> DecisionInfo:
    said = WantedDecision(body.state, (body.reason or "").strip() or None, body.expires_on)
    return DecisionInfo.model_validate(
        await services.decisions.decide(user, run, finding_id, said, version=body.version)
    )


@router.put(
    "/findings/{finding_id}/assignment",
    summary="Assign a finding, with a due date, in this and later scans of the target",
    responses=refused(InvalidInput, "assignee_unknown") | refused(Conflict, "assignment_changed"),
)
async def assign(
    run: RunDep, finding_id: FindingName, body: AssignmentRequest, user: CurrentUser, services: ServicesDep
) -> AssignmentInfo:
    said = WantedAssignment(body.assignee_id, body.due_on)
    return AssignmentInfo.model_validate(
        await services.assignments.assign(user, run, finding_id, said, version=body.version)
    )


@router.get("/findings/{finding_id}/comments", summary="List the comments on a finding, oldest first")
async def list_comments(run: RunDep, finding_id: FindingName, user: CurrentUser, services: ServicesDep) -> CommentList:
    return CommentList.model_validate({"items": await services.comments.list_of(user, run, finding_id)})


@router.post(
    "/findings/{finding_id}/comments",
    status_code=201,
    summary="Add a comment to a finding, for this and later scans of the target",
    responses=refused(Conflict, "comment_limit"),
)
async def comment(
    run: RunDep, finding_id: FindingName, body: CommentRequest, user: CurrentUser, services: ServicesDep
) -> CommentInfo:
    return CommentInfo.model_validate(await services.comments.add(user, run, finding_id, body.text.strip()))


@router.get("/third-parties/{domain}", summary="Get a third party with its evidence", response_model=ThirdPartyDetail)
async def get_third_party(
    run: RunDep, domain: Domain, user: CurrentUser, services: ServicesDep, language: ReaderLanguage
) -> Response:
    return JsonChunksResponse(await services.evidence.third_party(user, run, language, domain))


@router.get("/pages/{page_id}", summary="Get a page with its references to third parties", response_model=PageDetail)
async def get_page(
    run: RunDep,
    page_id: Annotated[int, Path(ge=1, le=MAX_ID, description="Page id, as in the list of pages.", examples=[13])],
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    paging: PagingDep,
) -> Response:
    return JsonChunksResponse(await services.evidence.page(user, run, language, page_id, paging))


@router.get(
    "/references",
    summary="All references to third parties; as a table with `text/csv`",
    response_model=ReferencePage,
    responses=sent("A page, or the whole table", CSV)
    | refused(LimitReached, "report_limit")
    | refused(Unavailable, "reports_busy", "report_failed", *UNREADABLE),
)
async def list_references(
    run: RunDep,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    paging: PagingDep,
    domain: AskedDomain = None,
    format: AskedFormat = None,  # noqa: A002 - the parameter's name on the wire
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    if format == "csv" or (format is None and accept.strip().lower().startswith(CSV)):
        stream = await services.evidence.open_table(user, run, language, domain)
        return ReportResponse(
            stream, media_type=f"{CSV}; charset=utf-8", file_name=f"references-{run.task_id}-{stream.attempt}.csv"
        )
    return JsonChunksResponse(await services.evidence.references(user, run, language, paging, domain))


@router.get(
    "/captures/{sha256}",
    summary="A captured content, as an attachment",
    response_class=Response,
    responses=sent(
        "A screenshot (re-encoded unless `stored`), a page's text, or its source byte for byte", *CONTENT_TYPES
    )
    | refused(NotFound, "content_lost", "attempt_not_found", "results_removed"),
)
async def get_capture(
    run: RunDep,
    sha256: Sha256,
    user: CurrentUser,
    services: ServicesDep,
    width: Annotated[
        int | None,
        Query(ge=16, le=MAX_WIDTH, description="Width of a screenshot in pixels, for a thumbnail.", examples=[240]),
    ] = None,
    stored: Annotated[
        bool,
        Query(
            description="`true`: the stored bytes, which have this hash, also of a screenshot; `width` does not apply.",
            examples=[True],
        ),
    ] = False,
) -> Response:
    return ContentResponse(await services.evidence.content(user, run, sha256, width=width, is_stored=stored))
