"""What the routes find on the lifespan state. `compose.services.Services` is it."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.configuration.local_readers import LocalReaderService
from app.configuration.reading_model_probe import ReadingModelProbe
from app.configuration.service import ConfigurationService
from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.metrics import Metrics
from app.events.bus.base import Bus
from app.events.epoch import LogEpoch
from app.findings.decisions import DecisionService
from app.findings.evidence.service import EvidenceService
from app.findings.review import ReviewService
from app.identity.audit import AuditTrail
from app.identity.auth import AuthService
from app.identity.demo_visitor import DemoVisitor
from app.identity.users import UserService
from app.lists.service import ListService
from app.maintenance.captures_probe import CapturesProbe
from app.maintenance.database_probe import DatabaseProbe
from app.maintenance.result_files import ResultFileCheck
from app.orders.service import OrderService
from app.overview.service import OverviewService
from app.overview.service_numbers import ServiceNumbers
from app.reports.formats.service import ReportFileService
from app.reports.service import ReportService
from app.rest.parameters import get_services
from app.scans.service import ScanService
from app.scans.workers import WorkerService
from app.websocket.manager import WebSocketManager


class ApiServices(Protocol):
    """Read-only: the routes choose nothing and keep nothing."""

    settings: Settings
    clock: Clock
    db: Database
    epoch: LogEpoch
    bus: Bus
    auth: AuthService
    users: UserService
    workers: WorkerService
    numbers: ServiceNumbers
    scans: ScanService
    orders: OrderService
    reports: ReportService
    evidence: EvidenceService
    decisions: DecisionService
    review: ReviewService
    overview: OverviewService
    report_files: ReportFileService
    audit: AuditTrail
    configuration: ConfigurationService
    reading_model_probe: ReadingModelProbe
    local_readers: LocalReaderService
    lists: ListService
    result_files: ResultFileCheck
    database_probe: DatabaseProbe
    captures_probe: CapturesProbe
    manager: WebSocketManager
    metrics: Metrics
    visitor: DemoVisitor | None


ServicesDep = Annotated[ApiServices, Depends(get_services)]
