"""Third parties of all sites. Responses are encoded by the service; the models document them."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import InvalidInput, LimitReached, NotFound, Unavailable
from app.domain.report_format import MEDIA_TYPES, ReportFormat
from app.inventory.dependencies import ServicesDep
from app.inventory.party_export import export_request
from app.inventory.party_service import DEFAULT_SORT
from app.inventory.queries.party_totals import PartyFilter
from app.inventory.routes.parameters import MAX_SERVICE, MAX_WORD, AskedCategory
from app.inventory.schemas import InventoryPage, InventoryParty
from app.rest.documented_responses import refused, sent
from app.rest.language import ReaderLanguage
from app.rest.parameters import PagingDep
from app.rest.responses import JsonChunksResponse, ReportResponse
from app.rest.schemas import Text

router = APIRouter(prefix="/third-parties", tags=["evidence"])
MAX_NAME: Final = 300  # characters of a domain: a name has at most 253
FILE_TYPES: Final = (MEDIA_TYPES[ReportFormat.CSV], MEDIA_TYPES[ReportFormat.XLSX])


@router.get(
    "",
    summary="List the third parties of all sites, from the current results of each site; all of them as CSV or XLSX",
    response_model=InventoryPage,
    responses=sent("A page, or all that match as an attachment, at most 100,000", *FILE_TYPES)
    | refused(InvalidInput, "invalid_sort")
    | refused(LimitReached, "report_limit")
    | refused(Unavailable, "reports_busy", "report_failed"),
)
async def list_inventory(
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    paging: PagingDep,
    category: AskedCategory = None,
    service: Annotated[
        Text | None,
        Query(
            max_length=MAX_SERVICE,
            description="Only third parties of the service with this name; `unknown`: without a known service.",
            examples=["Google Analytics"],
        ),
    ] = None,
    risk: Annotated[
        Literal["critical", "high", "medium", "low", "any", "none"] | None,
        Query(
            description="Only third parties whose worst open finding on these sites has this risk; `any`: with open "
            "findings; `none`: without.",
            examples=["any"],
        ),
    ] = None,
    sort: Annotated[
        Text,
        Query(
            max_length=MAX_WORD,
            description="`-sites` (most sites first), `-risk` (highest first, then most sites), `-pages` (most pages "
            "that refer to it first), `-first_seen_at` (newest first) or `domain`.",
            examples=[DEFAULT_SORT],
        ),
    ] = DEFAULT_SORT,
    form: Annotated[
        Literal["json", "csv", "xlsx"],
        Query(alias="format", description="A page as JSON, or all that match as a table.", examples=["json"]),
    ] = "json",
) -> Response:
    wanted = PartyFilter(q=paging.q.strip().lower(), category=category, service=service, risk=risk)
    if form == "json":
        return JsonChunksResponse(await services.inventory.parties.list_page(user, paging, wanted, sort=sort))
    request = export_request(user, wanted, sort)
    file = await services.report_files.open_parties(user, request, ReportFormat(form), language)
    return ReportResponse(file.stream, media_type=file.content_type, file_name=file.file_name)


@router.get(
    "/{domain}",
    summary="Get a third party with its changes and all sites that use it",
    response_model=InventoryParty,
    responses=refused(NotFound),
)
async def get_inventory_party(
    domain: Annotated[
        Text,
        Path(max_length=MAX_NAME, description="Registrable domain of the third party.", examples=["casino.example"]),
    ],
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    paging: PagingDep,
) -> Response:
    return JsonChunksResponse(await services.inventory.parties.get(user, domain.lower(), paging, language=language))
