"""What a client says and what it gets back: one command after the other, in the order received."""

from pydantic import ValidationError

from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.websocket.codes import CloseCode, ErrorCode
from app.websocket.commands import (
    Auth,
    BadFrame,
    Command,
    GetStatus,
    Ping,
    Resume,
    SubscribeItem,
    SubscribeTask,
    SubscribeTasks,
    UnsubscribeTask,
    parse,
)
from app.websocket.commands import Pong as PongCommand
from app.websocket.connection import ConnectionInfo
from app.websocket.protocol import Error, Pong, Status, StatusSubscription
from app.websocket.renewal import Renewal
from app.websocket.subscriptions import Request, Subscriptions
from app.websocket.topics import topics

RATE_ERROR_EVERY_S = 1.0  # protocol.md, section 5: `rate_limited` at most once a second


class Dialogue:
    """Parses, limits and carries out the frames of clients."""

    def __init__(self, *, settings: Settings, clock: Clock, subscriptions: Subscriptions, renewal: Renewal) -> None:
        self._settings = settings
        self._clock = clock
        self._renewal = renewal
        self._subscriptions = subscriptions

    async def handle(self, connection: ConnectionInfo, message: str | bytes) -> None:
        """Answer one frame. Returns when its reply was handed over."""
        if not connection.commands.take(self._clock.monotonic()):
            self._limit_rate(connection)
            return
        try:
            command = self._parse(message)
        except BadFrame as bad:
            self._strike(connection, bad.code, bad.message, command_id=bad.command_id)
            return
        await self._carry_out(connection, command)

    def _parse(self, message: str | bytes) -> Command:
        if isinstance(message, bytes):
            raise BadFrame(ErrorCode.BINARY_NOT_SUPPORTED, "commands are text frames")
        return parse(message, max_bytes=self._settings.ws_max_command_bytes, max_nesting=self._settings.ws_max_nesting)

    async def _carry_out(self, connection: ConnectionInfo, command: Command) -> None:
        match command:
            case Ping():
                self._pong(connection, command)
            case PongCommand():
                pass  # any frame is a sign of life; the transport has noted it
            case SubscribeTask():
                await self._subscriptions.subscribe(connection, _request(command, command))
            case SubscribeTasks():
                await self._subscribe_many(connection, command)
            case UnsubscribeTask():
                await self._subscriptions.unsubscribe(connection, command.task_id, command.id)
            case Resume():
                await self._subscriptions.resume(
                    connection, command.task_id, command.last_seq, command.epoch, command.id
                )
            case Auth():
                await self._renewal.renew(connection, command)
            case GetStatus():
                self._status(connection, command)
            case _:
                raise AssertionError(command)  # a command without a case is a mistake of ours

    async def _subscribe_many(self, connection: ConnectionInfo, command: SubscribeTasks) -> None:
        further = len(command.items) - 1  # each costs as much as a command of its own; the frame has paid for one
        if not connection.commands.take(self._clock.monotonic(), further):
            self._limit_rate(connection, further, command.id)
            return
        named: set[str] = set()
        for item in command.items:
            try:
                wanted = SubscribeItem.model_validate(item)
            except ValidationError:
                self._refuse_item(connection, item, "the item is not valid", command.id)
                continue
            if wanted.task_id in named:
                self._refuse_item(connection, item, "the task is named twice", command.id)
                continue
            named.add(wanted.task_id)
            await self._subscriptions.subscribe(connection, _request(wanted, command))

    def _refuse_item(self, connection: ConnectionInfo, item: object, message: str, command_id: str | None) -> None:
        named = item.get("task_id") if isinstance(item, dict) else None
        task_id = named[:64] if isinstance(named, str) else ""
        self._subscriptions.refuse_item(connection, task_id, message, command_id)

    def _pong(self, connection: ConnectionInfo, command: Ping) -> None:
        connection.ping_count += 1
        now = to_wire(self._clock.now())
        frame = Pong(
            ping_count=connection.ping_count,
            server_time=now,
            client_time=command.client_time,
            id=command.id,
            timestamp=now,
        )
        connection.send(frame.to_bytes())

    def _status(self, connection: ConnectionInfo, command: GetStatus) -> None:
        frame = Status(
            connection_id=connection.connection_id,
            user_id=connection.user_id,
            connected_at=to_wire(connection.connected_at),
            subscriptions=tuple(
                StatusSubscription(task_id=task_id, seq=follower.last_sent, topics=tuple(sorted(follower.topics.names)))
                for task_id, follower in connection.followers.items()
            ),
            id=command.id,
            timestamp=to_wire(self._clock.now()),
        )
        connection.send(frame.to_bytes())

    def _limit_rate(self, connection: ConnectionInfo, amount: int = 1, command_id: str | None = None) -> None:
        now, last = self._clock.monotonic(), connection.last_rate_error_at
        if last is not None and now - last < RATE_ERROR_EVERY_S:
            return
        connection.last_rate_error_at = now
        retry_after_ms = int(connection.commands.wait_s(amount) * 1000) + 1
        self._strike(
            connection,
            ErrorCode.RATE_LIMITED,
            "too many commands",
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
        last_straw = connection.strikes.add(self._clock.monotonic())
        if last_straw:
            retry_after_ms = int(self._settings.ws_strike_window_s * 1000)
        frame = Error(
            code=code,
            message=message,
            id=command_id,
            retry_after_ms=retry_after_ms,
            fatal=last_straw,
            timestamp=to_wire(self._clock.now()),
        )
        connection.send(frame.to_bytes())
        if last_straw:
            connection.close(CloseCode.STRIKES, code)


def _request(place: SubscribeTask | SubscribeItem, command: SubscribeTask | SubscribeTasks) -> Request:
    return Request(
        place.task_id,
        "subscribe",
        place.last_seq,
        place.epoch,
        command.log_tail,
        topics(command.topics),
        command.id,
    )
