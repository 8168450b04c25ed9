"""Orders: scans of several domains, with a joint result."""

from typing import Annotated, Final, Literal, Protocol

from fastapi import APIRouter, Depends, Header, Path, Query
from starlette.responses import Response

from app.core.dependencies import CurrentUser
from app.core.errors import Conflict, InvalidInput, LimitReached, Unavailable
from app.core.principal import Principal
from app.domain.report_format import MEDIA_TYPES, OF_ORDERS, ReportFormat, format_of_accept
from app.orders.schemas import OrderCreate, OrderPage, OrderReport, OrderResponse
from app.orders.service import NewOrder, OrderService
from app.rest.documented_responses import refused, sent
from app.rest.language import ReaderLanguage
from app.rest.parameters import REPLAYED, IdempotencyKey, PageNumber, PageSize, get_services
from app.rest.responses import JsonChunksResponse, PieceStream, ReportResponse
from app.scans.schemas.tasks import CommonOptions


class OrderFile(Protocol):
    """A report of an order, begun."""

    @property
    def stream(self) -> PieceStream: ...
    @property
    def content_type(self) -> str: ...
    @property
    def file_name(self) -> str: ...


class OrderReports(Protocol):
    """Makes reports of orders. `reports` fulfils it."""

    async def open_order(self, principal: Principal, order_id: str, kind: ReportFormat, language: str) -> OrderFile:
        """Raises NotFound, LimitReached, Unavailable."""
        ...


class OrderServices(Protocol):
    """What these routes take of the lifespan state."""

    orders: OrderService

    @property
    def report_files(self) -> OrderReports: ...


ServicesDep = Annotated[OrderServices, Depends(get_services)]
router = APIRouter(prefix="/orders", tags=["orders"])
OrderId = Annotated[str, Path(description="Order id.", examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a11"])]
FILE_TYPES: Final = [MEDIA_TYPES[kind] for kind in OF_ORDERS if kind is not ReportFormat.JSON]
AskedFormat = Annotated[
    Literal["pdf", "html", "xlsx", "csv", "json"] | None,
    Query(description="File format; default: the first format that `Accept` names, otherwise JSON.", examples=["html"]),
]
REPLAY_HEADER: Final = {"headers": {REPLAYED: {"description": "`true`: done before", "schema": {"type": "string"}}}}


@router.post(
    "",
    status_code=201,
    summary="Scan many domains: one task for each, all or none",
    response_model=OrderResponse,
    responses={201: REPLAY_HEADER}
    | refused(InvalidInput, "own_domains_too_long", "idempotency_key_reused")
    | refused(LimitReached, "task_limit"),
)
async def create_order(
    body: OrderCreate,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    config = body.config or CommonOptions()
    order = NewOrder(targets=body.targets, options=config.to_domain(), said=config.model_fields_set, title=body.title)
    document, replayed = await services.orders.create_once(user, order, key=idempotency_key, language=language)
    response = JsonChunksResponse(document, status_code=201)
    if replayed:
        response.headers[REPLAYED] = "true"
    return response


@router.get(
    "", summary="List the user's orders; all orders for administrators, reviewers and viewers", response_model=OrderPage
)
async def list_orders(
    user: CurrentUser, services: ServicesDep, page: PageNumber = 1, page_size: PageSize = 50
) -> Response:
    return JsonChunksResponse(await services.orders.list_page(user, page=page, page_size=page_size))


@router.get("/{order_id}", summary="Get an order with all its scans, highest risk first", response_model=OrderResponse)
async def get_order(order_id: OrderId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage) -> Response:
    return JsonChunksResponse(await services.orders.get(user, order_id, language))


@router.post(
    "/{order_id}/cancel",
    status_code=202,
    summary="Cancel all waiting and running scans of an order; has no effect if they are already cancelled",
    response_model=OrderResponse,
)
async def cancel_order(
    order_id: OrderId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage
) -> Response:
    return JsonChunksResponse(await services.orders.cancel(user, order_id, language), status_code=202)


@router.delete(
    "/{order_id}",
    status_code=204,
    summary="Delete an order with all its tasks, none of which may be waiting or running",
    responses=refused(Conflict, "task_running", "task_held"),
)
async def delete_order(order_id: OrderId, user: CurrentUser, services: ServicesDep) -> None:
    await services.orders.delete(user, order_id)


@router.get(
    "/{order_id}/report",
    summary="Joint report of all scans of an order, in the requested format; partial while scans are running",
    response_model=OrderReport,
    responses=sent("The document, or a file in another format as an attachment", *FILE_TYPES)
    | refused(LimitReached, "report_limit")
    | refused(Unavailable, "reports_busy", "report_failed"),
)
async def get_order_report(
    order_id: OrderId,
    user: CurrentUser,
    services: ServicesDep,
    language: ReaderLanguage,
    format: AskedFormat = None,  # noqa: A002 - the parameter's name on the wire
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    named = format_of_accept(accept)
    kind = ReportFormat(format or (named if named in OF_ORDERS else ReportFormat.JSON))
    file = await services.report_files.open_order(user, order_id, kind, language)
    if kind is ReportFormat.JSON:  # for programs: nothing that a browser would save
        return ReportResponse(file.stream)
    return ReportResponse(file.stream, media_type=file.content_type, file_name=file.file_name)
