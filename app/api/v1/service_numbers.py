"""Numbers at a glance, for administrators; `/metrics` has all of them for programs."""

from fastapi import APIRouter, Depends

from app.api.dependencies import ServicesDep
from app.core.dependencies import require_admin
from app.core.errors import Forbidden
from app.rest.documented_responses import refused
from app.schemas.service_numbers import ServiceNumbers
from app.services import overview

router = APIRouter(
    prefix="/admin/metrics",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)


@router.get("", summary="Connections, events, queue, workers and scans in numbers")
async def get_numbers(services: ServicesDep) -> ServiceNumbers:
    workers = overview.count_workers(await services.workers.list_all())
    return ServiceNumbers.model_validate({**await services.numbers.read(), "workers": workers})
