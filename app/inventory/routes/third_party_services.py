"""Services that the third parties of all sites belong to. Responses are encoded by the service; the models document
them.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import InvalidInput
from app.inventory.dependencies import ServicesDep
from app.inventory.party_service import DEFAULT_SORT
from app.inventory.routes.parameters import MAX_SERVICE, MAX_WORD, AskedCategory
from app.inventory.schemas import ServicePage, ServiceSitePage
from app.rest.documented_responses import refused
from app.rest.parameters import PagingDep
from app.rest.responses import JsonChunksResponse
from app.rest.schemas import Text

router = APIRouter(prefix="/third-party-services", tags=["evidence"])


@router.get(
    "",
    summary="List the services and trackers of all sites, from the current results of each site",
    response_model=ServicePage,
    responses=refused(InvalidInput, "invalid_sort"),
)
async def list_third_party_services(
    user: CurrentUser,
    services: ServicesDep,
    paging: PagingDep,
    category: AskedCategory = None,
    sort: Annotated[
        Text,
        Query(
            max_length=MAX_WORD,
            description="`-sites` (most sites first), `-domains` (most third parties first), `-first_seen_at` (newest "
            "first) or `service`.",
            examples=[DEFAULT_SORT],
        ),
    ] = DEFAULT_SORT,
) -> Response:
    return JsonChunksResponse(
        await services.inventory.parties.list_services(user, paging, category=category, sort=sort)
    )


@router.get("/sites", summary="List all sites that use a service or tracker", response_model=ServiceSitePage)
async def list_sites_of_service(
    user: CurrentUser,
    services: ServicesDep,
    paging: PagingDep,
    service: Annotated[
        Text, Query(max_length=MAX_SERVICE, description="Name of the service.", examples=["Google Analytics"])
    ],
) -> Response:
    return JsonChunksResponse(await services.inventory.parties.list_service_sites(user, service, paging))
