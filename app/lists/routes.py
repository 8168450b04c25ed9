"""Lists of hosts and URLs that the deployment names."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path

from app.core.dependencies import CurrentAdmin, require_admin
from app.core.errors import Conflict, Forbidden, NotFound
from app.lists.schemas import ListOverview, ListResponse, ShrunkList
from app.lists.service import ListService
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage
from app.rest.parameters import get_services


class ListServices(Protocol):
    """What these routes take of the lifespan state."""

    lists: ListService


ServicesDep = Annotated[ListServices, Depends(get_services)]

router = APIRouter(
    prefix="/admin/lists",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)
Name = Annotated[str, Path(max_length=40, description="Name of the list.", examples=["phishing"])]


@router.get("", summary="Lists of hosts and URLs, with the results of their last updates")
async def get_lists(services: ServicesDep, language: ReaderLanguage) -> ListOverview:
    found = await services.lists.list_all()
    return ListOverview(items=[ListResponse.of(state, language) for state in found], total=len(found))


@router.post(
    "/{name}/take-shrunk",
    summary="Accept the current content of a list that has become much shorter",
    responses=refused(NotFound) | refused(Conflict, "list_not_shrunk"),
)
async def take_shrunk_list(
    name: Name, body: ShrunkList, admin: CurrentAdmin, services: ServicesDep, language: ReaderLanguage
) -> ListResponse:
    return ListResponse.of(await services.lists.take_shrunk(admin, name, body.entries), language)
