"""Workers."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends

from app.core.dependencies import require_admin
from app.core.errors import Forbidden
from app.rest.documented_responses import refused
from app.rest.parameters import get_services
from app.scans.schemas.workers import WorkerList, WorkerResponse
from app.scans.workers import WorkerService


class WorkerServices(Protocol):
    """What these routes take of the lifespan state."""

    workers: WorkerService


ServicesDep = Annotated[WorkerServices, Depends(get_services)]

router = APIRouter(
    prefix="/admin/workers",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)


@router.get("", summary="List all workers with their running scans")
async def list_workers(services: ServicesDep) -> WorkerList:
    found = await services.workers.list_all()
    return WorkerList(items=[WorkerResponse.of(known) for known in found], total=len(found))
