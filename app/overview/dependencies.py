"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.core.clock import Clock
from app.maintenance.readiness import Watched
from app.overview.service import OverviewService
from app.overview.service_numbers import ServiceNumbers
from app.rest.parameters import get_services
from app.scans.workers import WorkerService


class OverviewServices(Watched, Protocol):
    """What these routes take of the lifespan state."""

    clock: Clock
    workers: WorkerService
    numbers: ServiceNumbers
    overview: OverviewService


ServicesDep = Annotated[OverviewServices, Depends(get_services)]
