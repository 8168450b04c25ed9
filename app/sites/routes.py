"""Sites: domains that are watched."""

from typing import Annotated, Any, Final, Protocol

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound
from app.orders.schemas import OrderResponse
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage
from app.rest.parameters import MAX_SEARCH, PageNumber, PageSize, get_services
from app.rest.responses import JsonChunksResponse
from app.rest.schemas import MAX_GROUP, Text
from app.scans.schemas.tasks import MAX_TARGET, TaskPage, TaskResponse
from app.sites.csv_import import SiteImporter, new_site
from app.sites.queries.sites import SiteFilter
from app.sites.schemas import (
    MAX_TAG,
    GroupRun,
    ImportReport,
    Schedule,
    SchedulePreview,
    SiteCreate,
    SiteImport,
    SiteLabels,
    SitePage,
    SiteResponse,
    SiteUpdate,
)
from app.sites.service import SiteService


class SiteUseCases(Protocol):
    """What can be done with sites. `build.SiteParts` fulfils it."""

    @property
    def service(self) -> SiteService: ...
    @property
    def importer(self) -> SiteImporter: ...


class SiteServices(Protocol):
    """What these routes take of the lifespan state."""

    @property
    def sites(self) -> SiteUseCases: ...


ServicesDep = Annotated[SiteServices, Depends(get_services)]
router = APIRouter(prefix="/sites", tags=["sites"])
SiteId = Annotated[str, Path(description="Site id.", examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a12"])]
UNUSABLE: Final = ("target_empty", "target_control_characters", "target_is_url", "target_ip_address", "target_too_long")
UNUSABLE_NAMES: Final = (
    "target_label_too_long",
    "target_not_a_domain",
    "target_local_name",
    "target_public_suffix",
)
UNUSABLE_OPTIONS: Final = ("start_url_invalid", "start_url_outside_target", "own_domains_too_long")
NOT_ALLOWED: Final = refused(Forbidden, "target_not_allowed")


def get_filter(
    group: Annotated[
        Text | None, Query(max_length=MAX_GROUP, description="Only sites of this group.", examples=["Branch offices"])
    ] = None,
    tag: Annotated[
        Text | None, Query(max_length=MAX_TAG, description="Only sites with this tag.", examples=["shop"])
    ] = None,
    q: Annotated[
        Text | None, Query(max_length=MAX_SEARCH, description="Part of the domain.", examples=["example"])
    ] = None,
    target_domain: Annotated[
        Text | None, Query(max_length=MAX_TARGET, description="Only the site of this domain.", examples=["example.com"])
    ] = None,
    overdue: Annotated[bool, Query(description="Only sites that are overdue.", examples=[True])] = False,
) -> SiteFilter:
    return SiteFilter(group=group, tag=tag, q=q, target=target_domain, overdue=overdue)


@router.post(
    "",
    status_code=201,
    summary="Add a site",
    response_model=SiteResponse,
    responses=NOT_ALLOWED
    | refused(InvalidInput, *UNUSABLE, *UNUSABLE_NAMES, *UNUSABLE_OPTIONS)
    | refused(Conflict, "site_exists", "site_limit"),
)
async def create_site(body: SiteCreate, user: CurrentUser, services: ServicesDep) -> Response:
    return JsonChunksResponse(await services.sites.service.create(user, new_site(body)), status_code=201)


@router.get(
    "", summary="List the user's sites; all sites for administrators, reviewers and viewers", response_model=SitePage
)
async def list_sites(
    user: CurrentUser,
    services: ServicesDep,
    wanted: Annotated[SiteFilter, Depends(get_filter)],
    page: PageNumber = 1,
    page_size: PageSize = 50,
) -> Response:
    return JsonChunksResponse(await services.sites.service.list_page(user, wanted, page=page, page_size=page_size))


@router.get("/labels", summary="List all groups and tags")
async def list_labels(user: CurrentUser, services: ServicesDep) -> SiteLabels:
    return SiteLabels.model_validate(await services.sites.service.labels(user))


@router.post(
    "/import",
    summary="Add many sites from a CSV text, each line by itself",
    response_model=ImportReport,
    responses=refused(InvalidInput, "csv_columns", "csv_lines", "csv_unreadable"),
)
async def import_sites(
    body: SiteImport, user: CurrentUser, services: ServicesDep, language: ReaderLanguage
) -> Response:
    report = await services.sites.importer.run(user, body.csv, dry_run=body.dry_run, language=language)
    return JsonChunksResponse(report)


@router.post("/schedule", summary="Show when scans with a schedule would be due")
async def preview_schedule(body: Schedule, _user: CurrentUser, services: ServicesDep) -> SchedulePreview:
    return SchedulePreview.model_validate(await services.sites.service.preview(body.model_dump()))


@router.post(
    "/run",
    status_code=201,
    summary="Scan all sites of a group now, as one order; sites that are being scanned are left out",
    response_model=OrderResponse,
    responses=NOT_ALLOWED
    | refused(NotFound)
    | refused(Conflict, "site_busy")
    | refused(InvalidInput, "group_too_large")
    | refused(LimitReached, "task_limit"),
)
async def run_group(body: GroupRun, user: CurrentUser, services: ServicesDep, language: ReaderLanguage) -> Response:
    return JsonChunksResponse(await services.sites.service.run_group(user, body.group, language), status_code=201)


@router.get("/{site_id}", summary="Get a site, with its next scheduled scans", response_model=SiteResponse)
async def get_site(site_id: SiteId, user: CurrentUser, services: ServicesDep) -> Response:
    return JsonChunksResponse(await services.sites.service.get(user, site_id))


@router.patch(
    "/{site_id}",
    summary="Change a site; a schedule that is set or resumed is planned anew",
    response_model=SiteResponse,
    responses=NOT_ALLOWED | refused(InvalidInput, *UNUSABLE_OPTIONS),
)
async def change_site(site_id: SiteId, body: SiteUpdate, user: CurrentUser, services: ServicesDep) -> Response:
    return JsonChunksResponse(await services.sites.service.change(user, site_id, changes_of(body)))


@router.delete(
    "/{site_id}",
    status_code=204,
    summary="Delete a site; its scans are kept unless they are deleted as well",
    responses=refused(Conflict, "task_running", "task_held"),
)
async def delete_site(
    site_id: SiteId,
    user: CurrentUser,
    services: ServicesDep,
    delete_scans: Annotated[
        bool, Query(description="Delete its scans as well, none of which may be waiting or running.", examples=[False])
    ] = False,
) -> None:
    await services.sites.service.remove(user, site_id, with_scans=delete_scans)


@router.post(
    "/{site_id}/run",
    status_code=201,
    summary="Scan a site now; its schedule is unchanged",
    responses=NOT_ALLOWED | refused(Conflict, "site_busy", "owner_disabled") | refused(LimitReached, "task_limit"),
)
async def run_site(site_id: SiteId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage) -> TaskResponse:
    return TaskResponse.model_validate(await services.sites.service.run(user, site_id, language))


@router.get("/{site_id}/scans", summary="List the scans of a site, newest first", response_model=TaskPage)
async def list_site_scans(
    site_id: SiteId,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    page: PageNumber = 1,
    page_size: PageSize = 50,
) -> Response:
    found = await services.sites.service.list_scans(user, site_id, page=page, page_size=page_size, language=language)
    return JsonChunksResponse(found)


def changes_of(body: SiteUpdate) -> dict[str, Any]:
    """Return what a body changes, by the names of `SiteService.change`."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    if "group" in changes:
        changes["group_name"] = changes.pop("group")
    if "config" in changes:
        changes["config"] = {} if body.config is None else body.config.model_dump(mode="json", exclude_unset=True)
    if "schedule" in changes:
        changes["schedule"] = None if body.schedule is None else body.schedule.model_dump()
    return changes
