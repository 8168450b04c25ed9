"""Lists of hosts and URLs that the deployment names."""

from fastapi import APIRouter, Depends

from app.api.dependencies import ServicesDep
from app.api.documented_responses import refused
from app.api.language import ReaderLanguage
from app.core.dependencies import require_admin
from app.core.errors import Forbidden
from app.schemas.lists import ListOverview, ListResponse

router = APIRouter(
    prefix="/admin/lists",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)


@router.get("", summary="Lists of hosts and URLs, and how their last updates went")
async def get_lists(services: ServicesDep, language: ReaderLanguage) -> ListOverview:
    found = await services.lists.list_all()
    return ListOverview(items=[ListResponse.of(state, language) for state in found], total=len(found))
