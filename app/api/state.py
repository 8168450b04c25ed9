"""What the routes find on the lifespan state. `wiring.Services` is it."""

from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Query
from starlette.requests import HTTPConnection, Request

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.dependencies import CurrentUser, client_address
from app.core.metrics import Metrics
from app.events.bus.base import Bus
from app.events.epoch import LogEpoch
from app.schemas.common import Text
from app.services.audit import AuditTrail
from app.services.auth import AuthService
from app.services.ports import Hub
from app.services.presence import ResultFiles
from app.services.readiness import Readiness
from app.services.reports import ReportService, Slice
from app.services.scans import Actor, ScanService
from app.services.users import UserService

MAX_PAGE = 1_000_000  # times the page size it stays far below what a database counts with
MAX_PAGE_SIZE = 200
MAX_SEARCH = 200


class ApiServices(Protocol):
    """Read-only: the routes choose nothing and keep nothing."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def db(self) -> Database: ...
    @property
    def epoch(self) -> LogEpoch: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def auth(self) -> AuthService: ...
    @property
    def users(self) -> UserService: ...
    @property
    def scans(self) -> ScanService: ...
    @property
    def reports(self) -> ReportService: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def results(self) -> ResultFiles: ...
    @property
    def readiness(self) -> Readiness: ...
    @property
    def manager(self) -> Hub: ...
    @property
    def metrics(self) -> Metrics: ...


def services_of(connection: HTTPConnection) -> ApiServices:
    return cast("ApiServices", cast("Any", connection.state).services)


def get_services(request: Request) -> ApiServices:
    return services_of(request)


def get_actor(request: Request, user: CurrentUser) -> Actor:
    return Actor.of(user, client_address(request))


def get_slice(
    page: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1,
    page_size: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)] = 50,
    q: Annotated[Text, Query(max_length=MAX_SEARCH, description="Only what contains this text.")] = "",
) -> Slice:
    return Slice(page, page_size, q)


State = Annotated[ApiServices, Depends(get_services)]
CurrentActor = Annotated[Actor, Depends(get_actor)]
Piece = Annotated[Slice, Depends(get_slice)]
Address = Annotated[str | None, Depends(client_address)]
PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE)]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)]
