"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.core.principal import Principal
from app.domain.report_format import ReportFormat
from app.orders.service import OrderService
from app.rest.parameters import get_services
from app.rest.responses import PieceStream


class OrderReport(Protocol):
    """A report of an order, begun."""

    @property
    def stream(self) -> PieceStream: ...
    @property
    def content_type(self) -> str: ...
    @property
    def file_name(self) -> str: ...


class OrderReports(Protocol):
    """Makes reports of orders. `reports` fulfils it."""

    async def open_order(self, principal: Principal, order_id: str, kind: ReportFormat, language: str) -> OrderReport:
        """Raises NotFound, LimitReached, Unavailable."""
        ...


class OrderServices(Protocol):
    """What these routes take of the lifespan state."""

    orders: OrderService

    @property
    def report_files(self) -> OrderReports: ...


ServicesDep = Annotated[OrderServices, Depends(get_services)]
