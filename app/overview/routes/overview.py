"""All at a glance, and a search over all of it."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.maintenance.readiness import readiness_of
from app.overview import service as overview
from app.overview.dependencies import ServicesDep
from app.overview.schemas.overview import Overview, SearchResult
from app.rest.language import ReaderLanguage
from app.rest.parameters import MAX_SEARCH
from app.rest.responses import JsonChunksResponse
from app.rest.schemas import Text

router = APIRouter(tags=["overview"])


@router.get(
    "/overview",
    summary="Overview: open violations, running scans and trend of all tasks that the user may see",
    response_model=Overview,
)
async def get_overview(user: CurrentUser, services: ServicesDep, language: ReaderLanguage) -> Response:
    service = None
    if user.is_admin:
        workers = overview.count_workers(await services.workers.list_all())
        service = {**(await readiness_of(services)).model_dump(), "workers": workers}
    today = services.clock.now().date()
    document = await services.overview.read(user, today=today, language=language, service=service)
    return JsonChunksResponse(document)


@router.get("/search", summary="Search scans, sites and findings by a part of a domain name")
async def search(
    user: CurrentUser,
    services: ServicesDep,
    q: Annotated[
        Text, Query(min_length=1, max_length=MAX_SEARCH, description="Part of the name.", examples=["casino"])
    ],
) -> SearchResult:
    return SearchResult.model_validate(await overview.search(services.db, user, q))
