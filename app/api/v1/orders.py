"""Orders: scans of many domains at once, looked at as one."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.responses import Response

from app.api.dependencies import PageNumber, PageSize, ServicesDep
from app.api.documented_responses import refused
from app.api.language import ReaderLanguage
from app.api.responses import JsonChunksResponse
from app.api.v1.tasks import REPLAYED, IdempotencyKey
from app.core.dependencies import CurrentUser
from app.core.errors import InvalidInput, LimitReached
from app.schemas.orders import OrderCreate, OrderPage, OrderResponse
from app.schemas.tasks import CommonOptions
from app.services.orders import NewOrder

router = APIRouter(prefix="/orders", tags=["orders"])
OrderId = Annotated[str, Path(description="The order's id.", examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a11"])]
REPLAY_HEADER: Final = {"headers": {REPLAYED: {"description": "`true`: done before", "schema": {"type": "string"}}}}


@router.post(
    "",
    status_code=201,
    summary="Scan many domains: a task for each, all or none",
    response_model=OrderResponse,
    responses={201: REPLAY_HEADER}
    | refused(InvalidInput, "idempotency_key_reused")
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


@router.get("", summary="My orders; all orders for administrators", response_model=OrderPage)
async def list_orders(
    user: CurrentUser, services: ServicesDep, page: PageNumber = 1, page_size: PageSize = 50
) -> Response:
    return JsonChunksResponse(await services.orders.list_page(user, page=page, page_size=page_size))


@router.get("/{order_id}", summary="An order over all its scans, the worst first", response_model=OrderResponse)
async def get_order(order_id: OrderId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage) -> Response:
    return JsonChunksResponse(await services.orders.get(user, order_id, language))


@router.post(
    "/{order_id}/cancel",
    status_code=202,
    summary="Cancel all that waits or runs; also when it is so already",
    response_model=OrderResponse,
)
async def cancel_order(
    order_id: OrderId, user: CurrentUser, services: ServicesDep, language: ReaderLanguage
) -> Response:
    return JsonChunksResponse(await services.orders.cancel(user, order_id, language), status_code=202)
