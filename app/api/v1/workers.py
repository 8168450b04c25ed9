"""Who runs scans."""

from fastapi import APIRouter, Depends

from app.api.dependencies import ServicesDep
from app.core.dependencies import require_admin
from app.core.errors import Forbidden
from app.rest.documented_responses import refused
from app.schemas.workers import WorkerList, WorkerResponse

router = APIRouter(
    prefix="/admin/workers",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)


@router.get("", summary="All workers, and what they run")
async def list_workers(services: ServicesDep) -> WorkerList:
    found = await services.workers.list_all()
    return WorkerList(items=[WorkerResponse.of(known) for known in found], total=len(found))
