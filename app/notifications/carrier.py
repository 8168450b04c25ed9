"""Sends one delivery to its channel: selects the adapter, decrypts the secret, and limits the time of an attempt."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Row

from app.core.clock import Clock
from app.domain.notifications import ChannelKind
from app.notifications.adapters.mail import Mail
from app.notifications.adapters.robots import DingTalk, Feishu, Slack, WeCom
from app.notifications.adapters.webhook import Webhook
from app.notifications.delivering import NO_CONTENTS, is_test
from app.notifications.messages import MessageWriter
from app.notifications.outcome import Failed, FailureCode, Outcome
from app.notifications.ports import HttpAnswer, HttpRequest, HttpSender, Outgoing
from app.notifications.sealing import SecretSeal, UnreadableSecret

TRY_S: Final = 30.0  # maximum time of one attempt


class HttpAdapter(Protocol):
    """Composes the request of a kind of channel, and interprets the response. Pure."""

    @property
    def spacing_s(self) -> float:
        """Return the seconds between two messages."""
        ...

    def compose(self, config: Mapping[str, Any], outgoing: Outgoing, now: datetime) -> HttpRequest: ...

    def read(self, answer: HttpAnswer) -> Outcome: ...


HTTP: Final[Mapping[ChannelKind, HttpAdapter]] = MappingProxyType(
    {
        ChannelKind.WEBHOOK: Webhook(),
        ChannelKind.DINGTALK: DingTalk(),
        ChannelKind.WECOM: WeCom(),
        ChannelKind.FEISHU: Feishu(),
        ChannelKind.SLACK: Slack(),
    }
)
TEST: Final = "test"
NOTIFICATION: Final = "notification"
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class Carrier:
    http: HttpSender
    mail: Mail
    seal: SecretSeal
    writer: MessageWriter
    clock: Clock

    def spacing_s(self, kind: str) -> float:
        """Return the seconds between two messages of a channel of this kind."""
        adapter = HTTP.get(ChannelKind(kind))
        return self.mail.spacing_s if adapter is None else adapter.spacing_s

    async def send(self, channel: Row[Any], delivery: Row[Any]) -> Outcome:
        """Make one attempt. Never raises because of the receiver."""
        try:
            if is_test(delivery.source):  # which a user sends again
                return await self.test(channel, delivery.id)
            message = self.writer.write(delivery.contents, channel.language)
            outgoing = Outgoing(delivery.id, NOTIFICATION, delivery.created_at, delivery.contents, message)
            return await self._send(channel, outgoing)
        except Exception:  # a boundary: a delivery that causes an error expires, and its channel continues
            log.exception("delivery_broke", delivery_id=delivery.id, kind=channel.kind)
            return Failed(FailureCode.PROTOCOL, {"detail": ""})

    async def test(self, channel: Row[Any], delivery_id: str) -> Outcome:
        """Send a test message."""
        message = self.writer.test(channel.language)
        return await self._send(channel, Outgoing(delivery_id, TEST, self.clock.now(), NO_CONTENTS, message))

    async def _send(self, channel: Row[Any], outgoing: Outgoing) -> Outcome:
        try:
            config = self.seal.open(channel.sealed, channel.id)
        except UnreadableSecret:
            return Failed(FailureCode.SECRET_UNREADABLE)
        try:
            async with asyncio.timeout(TRY_S):
                adapter = HTTP.get(ChannelKind(channel.kind))
                if adapter is None:
                    return await self.mail.send(config["address"], outgoing)
                answer = await self.http.post(adapter.compose(config, outgoing, self.clock.now()))
                return adapter.read(answer)
        except TimeoutError:
            return Failed(FailureCode.TIMEOUT, {"detail": ""})
