"""Channels to which notifications are sent."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.core.dependencies import CurrentUser
from app.core.errors import LimitReached, NotFound
from app.notifications.dependencies import PartsDep
from app.notifications.outcome import Failed
from app.notifications.schemas.channels import (
    ChannelCreate,
    ChannelCreated,
    ChannelList,
    ChannelResponse,
    ChannelUpdate,
    DeliveryError,
    TestResult,
)
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage

router = APIRouter(prefix="/channels", tags=["notifications"])
ChannelId = Annotated[
    str, Path(max_length=36, description="Channel id.", examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a20"])
]


@router.get("", summary="List the user's channels")
async def list_channels(user: CurrentUser, parts: PartsDep, language: ReaderLanguage) -> ChannelList:
    found = await parts.channels.list_all(user)
    items = [ChannelResponse.of(channel, language) for channel in found]
    return ChannelList(items=items, mail_configured=parts.channels.mail_configured)


@router.post(
    "",
    status_code=201,
    summary="Add a channel; the signing secret of a webhook is returned only in this response",
    responses=refused(LimitReached, "channel_limit"),
)
async def create_channel(
    body: ChannelCreate, user: CurrentUser, parts: PartsDep, language: ReaderLanguage
) -> ChannelCreated:
    row, secret = await parts.channels.create(user, body.model_dump(mode="json"))
    return ChannelCreated.made(row, secret, language)


@router.patch("/{channel_id}", summary="Change a channel", responses=refused(NotFound))
async def update_channel(
    channel_id: ChannelId, body: ChannelUpdate, user: CurrentUser, parts: PartsDep, language: ReaderLanguage
) -> ChannelResponse:
    changes = body.model_dump(mode="json", exclude_none=True)
    return ChannelResponse.of(await parts.channels.change(user, channel_id, changes), language)


@router.delete(
    "/{channel_id}", status_code=204, summary="Delete a channel with its deliveries", responses=refused(NotFound)
)
async def delete_channel(channel_id: ChannelId, user: CurrentUser, parts: PartsDep) -> None:
    await parts.channels.delete(user, channel_id)


@router.post(
    "/{channel_id}/test",
    summary="Send a test message, report the result, and list it among the deliveries",
    responses=refused(NotFound) | refused(LimitReached),
)
async def test_channel(
    channel_id: ChannelId, user: CurrentUser, parts: PartsDep, language: ReaderLanguage
) -> TestResult:
    outcome = await parts.channels.test(user, channel_id)
    error = outcome.as_json() if isinstance(outcome, Failed) else None
    return TestResult(sent=error is None, error=DeliveryError.of(error, language))
