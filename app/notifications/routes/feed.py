"""The feed of notifications, with a cursor and the number of unread ones."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.core.dependencies import CurrentUser
from app.notifications.dependencies import PartsDep
from app.notifications.schemas.feed import MAX_SEQ, NotificationPage, NotificationResponse, ReadRequest, ReadState
from app.rest.language import ReaderLanguage
from app.rest.parameters import MAX_PAGE_SIZE

router = APIRouter(prefix="/notifications", tags=["notifications"])


@router.get("", summary="List the user's notifications: those after a number, or the newest")
async def list_notifications(
    user: CurrentUser,
    parts: PartsDep,
    language: ReaderLanguage,
    after: Annotated[
        int | None,
        Query(ge=0, le=MAX_SEQ, description="Only those after this number, oldest first.", examples=[12]),
    ] = None,
    before: Annotated[
        int | None,
        Query(ge=0, le=MAX_SEQ, description="Only those before this number, newest first.", examples=[12]),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_PAGE_SIZE, description="Maximum number of notifications.", examples=[50])
    ] = 50,
) -> NotificationPage:
    page = await parts.feed.read(user, after=after, before=before, limit=limit)
    items = [NotificationResponse.of(row, language) for row in page.rows]
    return NotificationPage(
        items=items, last_seq=page.head.last_seq, unread=page.unread, read_revision=page.head.read_revision
    )


@router.post("/read", summary="Mark notifications as read")
async def mark_notifications_read(body: ReadRequest, user: CurrentUser, parts: PartsDep) -> ReadState:
    state = await parts.feed.mark_read(user, up_to=body.up_to, seqs=body.seqs)
    return ReadState(last_seq=state.head.last_seq, unread=state.unread, read_revision=state.head.read_revision)
