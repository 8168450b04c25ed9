"""What the routes find on the lifespan state. `compose.services.Services` is it."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.metrics import Metrics
from app.events.epoch import LogEpoch
from app.identity.audit import AuditTrail
from app.identity.auth import AuthService
from app.maintenance.readiness import Watched
from app.reports.service import ReportService
from app.rest.parameters import get_services
from app.scans.holds import HoldService
from app.scans.service import ScanService
from app.websocket.manager import WebSocketManager


class ApiServices(Watched, Protocol):
    """What the routes here take of the lifespan state. Read-only: they choose nothing and keep nothing."""

    settings: Settings
    clock: Clock
    db: Database
    epoch: LogEpoch
    auth: AuthService
    scans: ScanService
    holds: HoldService
    reports: ReportService
    audit: AuditTrail
    manager: WebSocketManager
    metrics: Metrics


ServicesDep = Annotated[ApiServices, Depends(get_services)]
