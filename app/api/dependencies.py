"""What the routes find on the lifespan state. `compose.services.Services` is it."""

from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Path, Query
from starlette.requests import HTTPConnection, Request

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.dependencies import client_address, client_agent
from app.core.metrics import Metrics
from app.domain.violations import RiskLevel, ViolationKey
from app.events.bus.base import Bus
from app.events.epoch import LogEpoch
from app.schemas.common import Text
from app.services.audit import AuditTrail
from app.services.auth import AuthService
from app.services.captures_probe import CapturesProbe
from app.services.configuration import ConfigurationService
from app.services.database_probe import DatabaseProbe
from app.services.decisions import DecisionService
from app.services.demo_visitor import DemoVisitor
from app.services.evidence.service import EvidenceService
from app.services.lists.states import ListService
from app.services.local_readers import LocalReaderService
from app.services.orders import OrderService
from app.services.overview import OverviewService
from app.services.reading_model_probe import ReadingModelProbe
from app.services.report_formats.service import ReportFileService
from app.services.reports import Paging, ReportService
from app.services.result_files import ResultFileCheck
from app.services.review import ReviewService
from app.services.scans import ScanService
from app.services.service_numbers import ServiceNumbers
from app.services.shown_run import RunRef
from app.services.users import UserService
from app.services.workers import WorkerService
from app.websocket.manager import WebSocketManager

MAX_PAGE = 1_000_000  # times the page size it stays far below what a database counts with
MAX_PAGE_SIZE = 200
MAX_SEARCH = 200
MAX_ATTEMPT = 2**31 - 1  # of an integer column


TaskId = Annotated[str, Path(description="The task's id.", examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10"])]
PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Which page of the list.", examples=[1])]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="How much one page has.", examples=[50])]
AskedKey = Annotated[ViolationKey | None, Query(description="Only this kind.", examples=["gambling"])]
AskedRisk = Annotated[RiskLevel | None, Query(description="Only this risk.", examples=["high"])]
AskedReview = Annotated[
    bool | None, Query(description="Only those that a person should look at, or only the others.", examples=[False])
]


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


def services_of(connection: HTTPConnection) -> ApiServices:
    return cast("ApiServices", cast("Any", connection.state).services)


def get_services(request: Request) -> ApiServices:
    return services_of(request)


def get_paging(
    page: PageNumber = 1,
    page_size: PageSize = 50,
    q: Annotated[
        Text, Query(max_length=MAX_SEARCH, description="Only what contains this text.", examples=["casino"])
    ] = "",
) -> Paging:
    return Paging(page, page_size, q)


def get_run(
    task_id: TaskId,
    attempt: Annotated[
        int | None,
        Query(
            ge=1,
            le=MAX_ATTEMPT,
            description="Whose results: any attempt of the task. Left out: those of the last conclusive one, else of "
            "the newest.",
            examples=[1],
        ),
    ] = None,
) -> RunRef:
    return RunRef(task_id, attempt)


ServicesDep = Annotated[ApiServices, Depends(get_services)]
RunDep = Annotated[RunRef, Depends(get_run)]
PagingDep = Annotated[Paging, Depends(get_paging)]
Address = Annotated[str | None, Depends(client_address)]
Agent = Annotated[str | None, Depends(client_agent)]
