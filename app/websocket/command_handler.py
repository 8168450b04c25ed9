"""What a client says and what it gets back: one command after the other, in the order received."""

from dataclasses import dataclass

from pydantic import ValidationError

from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.domain.close_codes import CloseCode
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.delivery.feeds import TOPIC, NotificationFeeds
from app.websocket.delivery.subscriptions import SubscriptionRequest, Subscriptions
from app.websocket.lifecycle.token_refresh import TokenRefresh
from app.websocket.messages.codes import ErrorCode
from app.websocket.messages.commands import (
    Auth,
    BadFrame,
    Command,
    GetStatus,
    Ping,
    Resume,
    Subscribe,
    SubscribeItem,
    SubscribeTask,
    SubscribeTasks,
    Unsubscribe,
    UnsubscribeTask,
    parse,
)
from app.websocket.messages.commands import Pong as PongCommand
from app.websocket.messages.frames import Error, Pong, Status, StatusSubscription, StatusTopic
from app.websocket.messages.topics import topics
from app.websocket.messages.wording import say

RATE_ERROR_EVERY_S = 1.0  # protocol.md, section 5: `rate_limited` at most once a second


@dataclass(kw_only=True, eq=False, repr=False)
class CommandHandler:
    """Parses, limits and carries out the frames of clients."""

    settings: Settings
    clock: Clock
    subscriptions: Subscriptions
    feeds: NotificationFeeds
    token_refresh: TokenRefresh

    async def handle(self, connection: ConnectionInfo, message: str | bytes) -> None:
        """Answer one frame. Returns when its reply was handed over."""
        if not connection.commands.take(self.clock.monotonic()):
            self._limit_rate(connection)
            return
        try:
            command = self._parse(message)
        except BadFrame as bad:
            message = say(bad.text, connection.language, **bad.values)
            self._strike(connection, bad.code, message, command_id=bad.command_id)
            return
        await self._carry_out(connection, command)

    def _parse(self, message: str | bytes) -> Command:
        if isinstance(message, bytes):
            raise BadFrame(ErrorCode.BINARY_NOT_SUPPORTED, "binary_not_supported")
        return parse(message, max_bytes=self.settings.ws_max_command_bytes, max_nesting=self.settings.ws_max_nesting)

    async def _carry_out(self, connection: ConnectionInfo, command: Command) -> None:
        match command:
            case Ping():
                self._pong(connection, command)
            case PongCommand():
                pass  # any frame is a sign of life; the transport has noted it
            case SubscribeTask():
                await self.subscriptions.subscribe(connection, _request(command, command))
            case SubscribeTasks():
                await self._subscribe_many(connection, command)
            case UnsubscribeTask():
                await self.subscriptions.unsubscribe(connection, command.task_id, command.id)
            case Resume():
                await self.subscriptions.resume(
                    connection, command.task_id, command.last_seq, command.epoch, command.id
                )
            case Subscribe():
                await self.feeds.subscribe(connection, command)
            case Unsubscribe():
                self.feeds.unsubscribe(connection, command)
            case Auth():
                await self.token_refresh.refresh(connection, command)
            case GetStatus():
                self._status(connection, command)
            case _:
                raise AssertionError(command)  # a command without a case is a bug

    async def _subscribe_many(self, connection: ConnectionInfo, command: SubscribeTasks) -> None:
        further = len(command.items) - 1  # each costs as much as a command of its own; the frame has paid for one
        if not connection.commands.take(self.clock.monotonic(), further):
            self._limit_rate(connection, further, command.id)
            return
        named: set[str] = set()
        for item in command.items:
            try:
                parsed = SubscribeItem.model_validate(item)
            except ValidationError:
                self._refuse_item(connection, item, "item_invalid", command.id)
                continue
            if parsed.task_id in named:
                self._refuse_item(connection, item, "item_twice", command.id)
                continue
            named.add(parsed.task_id)
            await self.subscriptions.subscribe(connection, _request(parsed, command))

    def _refuse_item(self, connection: ConnectionInfo, item: object, text: str, command_id: str | None) -> None:
        named = item.get("task_id") if isinstance(item, dict) else None
        task_id = named[:64] if isinstance(named, str) else ""
        self.subscriptions.refuse_item(connection, task_id, text, command_id)

    def _pong(self, connection: ConnectionInfo, command: Ping) -> None:
        connection.ping_count += 1
        now = to_wire(self.clock.now())
        connection.send_frame(
            Pong(
                ping_count=connection.ping_count,
                server_time=now,
                client_time=command.client_time,
                id=command.id,
                timestamp=now,
            )
        )

    def _status(self, connection: ConnectionInfo, command: GetStatus) -> None:
        frame = Status(
            connection_id=connection.connection_id,
            user_id=connection.user_id,
            connected_at=to_wire(connection.connected_at),
            subscriptions=tuple(
                StatusSubscription(
                    task_id=task_id, seq=subscription.last_sent, topics=tuple(sorted(subscription.topics.names))
                )
                for task_id, subscription in connection.followed.items()
            ),
            feeds=None if connection.feed is None else (StatusTopic(topic=TOPIC, seq=connection.feed.last_sent),),
            id=command.id,
            timestamp=to_wire(self.clock.now()),
        )
        connection.send_frame(frame)

    def _limit_rate(self, connection: ConnectionInfo, amount: int = 1, command_id: str | None = None) -> None:
        now, last = self.clock.monotonic(), connection.last_rate_error_at
        if last is not None and now - last < RATE_ERROR_EVERY_S:
            return
        connection.last_rate_error_at = now
        retry_after_ms = int(connection.commands.wait_s(amount) * 1000) + 1
        self._strike(
            connection,
            ErrorCode.RATE_LIMITED,
            say("too_many_commands", connection.language),
            command_id=command_id,
            retry_after_ms=retry_after_ms,
        )

    def _strike(
        self,
        connection: ConnectionInfo,
        code: ErrorCode,
        message: str,
        *,
        command_id: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        last_straw = connection.strikes.add(self.clock.monotonic())
        if last_straw:
            retry_after_ms = int(self.settings.ws_strike_window_s * 1000)
        connection.send_frame(
            Error(
                code=code,
                message=message,
                id=command_id,
                retry_after_ms=retry_after_ms,
                fatal=last_straw,
                timestamp=to_wire(self.clock.now()),
            )
        )
        if last_straw:
            connection.close(CloseCode.STRIKES, code)


def _request(place: SubscribeTask | SubscribeItem, command: SubscribeTask | SubscribeTasks) -> SubscriptionRequest:
    return SubscriptionRequest(
        place.task_id,
        "subscribe",
        place.last_seq,
        place.epoch,
        command.log_tail,
        topics(command.topics),
        command.id,
    )
