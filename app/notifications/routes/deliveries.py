"""Deliveries: sent, waiting and failed messages."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.core.dependencies import CurrentUser
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.list_cursor import moment_of, read_cursor, text_of, write_cursor
from app.domain.notifications import DeliveryStatus
from app.notifications.dependencies import PartsDep
from app.notifications.schemas.feed import DeliveryPage, DeliveryResponse
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage
from app.rest.parameters import PageSize
from app.rest.schemas import Text

router = APIRouter(prefix="/deliveries", tags=["notifications"])
DeliveryId = Annotated[
    str, Path(max_length=36, description="Delivery id.", examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a23"])
]
MAX_CURSOR = 200


@router.get("", summary="List the user's deliveries, newest first", responses=refused(InvalidInput, "invalid_cursor"))
async def list_deliveries(
    user: CurrentUser,
    parts: PartsDep,
    language: ReaderLanguage,
    status: Annotated[
        DeliveryStatus | None, Query(description="Only deliveries with this status.", examples=["dead"])
    ] = None,
    channel_id: Annotated[
        Text | None,
        Query(
            max_length=36,
            description="Only deliveries to this channel.",
            examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a20"],
        ),
    ] = None,
    cursor: Annotated[
        str | None,
        Query(max_length=MAX_CURSOR, description="The `next_cursor` of the previous page.", examples=["WyI"]),
    ] = None,
    page_size: PageSize = 50,
) -> DeliveryPage:
    rows = await parts.feed.deliveries(
        user,
        status=None if status is None else status.value,
        channel_id=channel_id,
        before=None if cursor is None else _position(cursor),
        limit=page_size + 1,
    )
    shown = rows[:page_size]
    more = write_cursor([shown[-1].created_at.isoformat(), shown[-1].id]) if len(rows) > page_size else None
    return DeliveryPage(items=[DeliveryResponse.of(row, language) for row in shown], next_cursor=more)


@router.post(
    "/{delivery_id}/resend",
    status_code=202,
    summary="Send a delivery again, with the same id",
    responses=refused(NotFound) | refused(Conflict, "delivery_waiting"),
)
async def resend_delivery(
    delivery_id: DeliveryId, user: CurrentUser, parts: PartsDep, language: ReaderLanguage
) -> DeliveryResponse:
    return DeliveryResponse.of(await parts.feed.resend(user, delivery_id), language)


def _position(cursor: str) -> tuple[datetime, str]:
    """Raises InvalidInput (`invalid_cursor`)."""
    try:
        moment, delivery_id = read_cursor(cursor)
        return moment_of(moment), text_of(delivery_id)
    except (ValueError, TypeError) as error:
        raise InvalidInput(code="invalid_cursor") from error
