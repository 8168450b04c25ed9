"""Third parties of all sites. Responses are encoded by the service; the models document them."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import InvalidInput, NotFound
from app.inventory.dependencies import ServicesDep
from app.inventory.party_service import DEFAULT_SORT
from app.inventory.routes.parameters import MAX_SERVICE, MAX_WORD, AskedCategory
from app.inventory.schemas import InventoryPage, InventoryParty
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage
from app.rest.parameters import PagingDep
from app.rest.responses import JsonChunksResponse
from app.rest.schemas import Text

router = APIRouter(prefix="/third-parties", tags=["evidence"])
MAX_NAME: Final = 300  # characters of a domain: a name has at most 253


@router.get(
    "",
    summary="List the third parties of all sites, from the current results of each site",
    response_model=InventoryPage,
    responses=refused(InvalidInput, "invalid_sort"),
)
async def list_inventory(
    user: CurrentUser,
    services: ServicesDep,
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
    sort: Annotated[
        Text,
        Query(
            max_length=MAX_WORD,
            description="`-sites` (most sites first), `-first_seen_at` (newest first) or `domain`.",
            examples=[DEFAULT_SORT],
        ),
    ] = DEFAULT_SORT,
) -> Response:
    return JsonChunksResponse(
        await services.inventory.parties.list_page(user, paging, category=category, service=service, sort=sort)
    )


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
