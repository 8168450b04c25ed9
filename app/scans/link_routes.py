"""Read-only links to a scan: for those who may see the scan."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path

from app.core.dependencies import CurrentUser
from app.core.errors import Conflict, InvalidInput
from app.identity.auth import AuthService
from app.rest.documented_responses import refused
from app.rest.parameters import TaskId, get_services
from app.rest.schemas import Text
from app.scans.schemas.links import CreatedLink, LinkCreate, LinkInfo, LinkList
from app.scans.service import ScanService


class LinkServices(Protocol):
    """What these routes take of the lifespan state."""

    auth: AuthService
    scans: ScanService


ServicesDep = Annotated[LinkServices, Depends(get_services)]
LinkId = Annotated[Text, Path(max_length=36, description="Link id.", examples=["019b7a30-0000-7000-8000-00000000000b"])]

router = APIRouter(prefix="/tasks/{task_id}/links", tags=["tasks"])


@router.post(
    "",
    status_code=201,
    summary="Create a read-only link to the scan; it is returned only in this response",
    responses=refused(InvalidInput, "lifetime_too_long") | refused(Conflict, "link_limit"),
)
async def create_link(task_id: TaskId, body: LinkCreate, user: CurrentUser, services: ServicesDep) -> CreatedLink:
    await services.scans.require_seen(user, task_id)
    made = await services.auth.opaque.links.create(user, task_id, expires_in_s=body.expires_in_s)
    return CreatedLink(token=made.token, path=f"#/shared/{task_id}/{made.token}", **made.info)


@router.get("", summary="List the read-only links to the scan")
async def list_links(task_id: TaskId, user: CurrentUser, services: ServicesDep) -> LinkList:
    await services.scans.require_seen(user, task_id)
    return LinkList(items=[LinkInfo(**item) for item in await services.auth.opaque.links.list_of(task_id)])


@router.delete("/{link_id}", status_code=204, summary="Revoke a read-only link to the scan")
async def revoke_link(task_id: TaskId, link_id: LinkId, user: CurrentUser, services: ServicesDep) -> None:
    await services.scans.require_seen(user, task_id)
    await services.auth.opaque.links.revoke(user, task_id, link_id)
