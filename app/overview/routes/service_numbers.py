"""Numbers at a glance, for administrators; `/metrics` has all of them for programs."""

from fastapi import APIRouter, Depends

from app.core.dependencies import require_admin
from app.core.errors import Forbidden
from app.overview import service
from app.overview.dependencies import ServicesDep
from app.overview.schemas.service_numbers import ServiceNumbers
from app.rest.documented_responses import refused

router = APIRouter(
    prefix="/admin/metrics",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)


@router.get("", summary="Metrics of connections, events, queue, workers and scans")
async def get_numbers(services: ServicesDep) -> ServiceNumbers:
    workers = service.count_workers(await services.workers.list_all())
    return ServiceNumbers.model_validate({**await services.numbers.read(), "workers": workers})
