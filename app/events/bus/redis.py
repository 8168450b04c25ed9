"""The bus between processes: Redis pub/sub, one channel for each user whose tasks somebody may watch, and one for all.

Pub/sub forgets those who are away, a server that restarts forgets its subscribers, and a connection can be dead without
anybody being told. So each process sends itself a canary over the same way as hints: when it does not arrive, the
connection is made anew, and meanwhile `healthy` says that hints do not arrive.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from app.core.aio import BackgroundTasks, OnFailure, call_on_loop, count_nothing
from app.core.clock import Clock
from app.core.ids import new_id
from app.events.bus.base import BroadcastHint, Hint, Listener, TaskHint
from app.events.bus.codec import UnreadableHint, decode, encode
from app.events.bus.inline_bodies import are_sound
from app.events.bus.memory import MemoryBus
from app.events.bus.signature import ForgedMessage, MessageSigner

CANARY_EVERY_S: Final = 2.0
SILENT_AFTER_S: Final = 8.0  # noticed within ten seconds, the time between two looks included
SOCKET_TIMEOUT_S: Final = 5.0
LOOK_S: Final = 1.0  # how long one wait for a message lasts
MAX_WAITING: Final = 10_000  # hints to send; beyond that the oldest are dropped, and the sweep delivers what they meant
BATCH: Final = 500  # of one round trip
LOSSES_LOGGED_EVERY_S: Final = 10.0  # while Redis is away, which is looked for more often
REFUSALS_LOGGED_EVERY_S: Final = 60.0  # a stranger can bring about any number; the metric counts them all
RECONNECT_S: Final = (0.1, 0.5, 2.0)  # upper bounds of the pause before a try, the last one repeats
_TROUBLE: Final = (RedisError, OSError, TimeoutError)
log = structlog.get_logger(__name__)


class RedisBus:
    """Fulfils `events.bus.base.Bus`. `publish` may be called from any thread, the rest on the loop of `start`.

    What this process publishes reaches its own listeners at once; it goes over Redis for the others.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        keys: Sequence[bytes],
        prefix: str = "compliance",
        on_refused: Callable[[str], None] | None = None,
        on_failure: OnFailure = count_nothing,
    ) -> None:
        """`keys`: with which the processes of the deployment prove who they are (`MessageSigner`); without one this
        process neither tells others anything nor believes what it hears. `on_refused` is told of each "signature" that
        is not ours, of each "message" that cannot be read, and of "bodies" that are not sound.
        """
        self._clock = clock
        self._prefix = prefix
        self._signer = MessageSigner(keys)
        self._on_refused = on_refused
        self._refusal_logged_at: float | None = None  # monotonic, as the next one
        self._loss_logged_at: float | None = None
        self._redis = Redis.from_url(url, socket_timeout=SOCKET_TIMEOUT_S, socket_connect_timeout=SOCKET_TIMEOUT_S)
        self._id = new_id()
        self._local = MemoryBus()
        self._loop: asyncio.AbstractEventLoop | None = None  # set while it runs
        self._tasks = BackgroundTasks(on_failure)
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MAX_WAITING)
        self._has_waiting = asyncio.Event()
        self._followed: Counter[str] = Counter()  # users, by how many ask for them
        self._changed = asyncio.Event()  # of what is followed
        self._pubsub: PubSub | None = None  # while it is connected
        self._sends = True
        self._heard_at = 0.0  # monotonic, of the last canary

    @property
    def healthy(self) -> bool:
        return self._sends and self._clock.monotonic() - self._heard_at < SILENT_AFTER_S

    async def start(self) -> None:
        """Begin to send and to listen. A Redis that is away is no reason to fail."""
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._clock.monotonic()
        for work in (self._send, self._listen, self._keep_subscriptions, self._send_canaries):
            self._tasks.keep(work, name=f"bus{work.__name__}")

    async def stop(self) -> None:
        """Send what waits, as far as Redis takes it at once, and end."""
        self._loop = None
        await self._tasks.close()
        with suppress(*_TROUBLE):
            await asyncio.wait_for(self._send_waiting(), SOCKET_TIMEOUT_S)
        await self._redis.aclose()

    def publish(self, hint: Hint) -> None:
        self._local.publish(hint)
        if self._loop is not None and self._signer.can_sign:
            channel = self._for_all if isinstance(hint, BroadcastHint) else self._channel(hint.user_id)
            item = (channel, self._signer.sign(channel, encode(hint, sender=self._id)))
            call_on_loop(self._loop, self._enqueue, item)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return self._local.subscribe(listener)

    def follow(self, user_id: str) -> None:
        self._followed[user_id] += 1
        self._changed.set()

    def unfollow(self, user_id: str) -> None:
        self._followed[user_id] -= 1
        if self._followed[user_id] <= 0:
            del self._followed[user_id]
        self._changed.set()

    def _channel(self, user_id: str) -> str:
        return f"{self._prefix}:hints:{user_id}"

    @property
    def _for_all(self) -> str:
        return f"{self._prefix}:broadcasts"

    @property
    def _canary(self) -> str:
        return f"{self._prefix}:canary:{self._id}"

    def _enqueue(self, item: tuple[str, bytes]) -> None:
        self._waiting.append(item)
        self._has_waiting.set()

    async def _send(self) -> None:
        failures = 0
        while True:
            await self._has_waiting.wait()
            try:
                has_sent = await self._send_waiting()
            except _TROUBLE as error:
                self._note_sending(error)
                await self._clock.sleep(_pause_s(failures))
                failures += 1
            else:
                if has_sent:
                    self._note_sending(None)
                    failures = 0

    async def _send_waiting(self) -> bool:
        """Send all that waits, and say whether there was something.

        What was taken when it fails is not sent again: a hint that is late helps nobody.
        """
        has_sent = bool(self._waiting)
        while self._waiting:
            async with self._redis.pipeline(transaction=False) as pipe:
                for _ in range(min(BATCH, len(self._waiting))):
                    pipe.publish(*self._waiting.popleft())
                await pipe.execute()
        self._has_waiting.clear()
        return has_sent

    def _note_sending(self, error: BaseException | None) -> None:
        if error is not None and self._sends:
            log.warning("bus_cannot_send", reason=type(error).__name__)
        elif error is None and not self._sends:
            log.info("bus_sends_again")
        self._sends = error is None

    async def _send_canaries(self) -> None:
        while True:
            self._enqueue((self._canary, b""))
            await self._clock.sleep(CANARY_EVERY_S)

    async def _listen(self) -> None:
        failures = 0
        while True:
            began_at = self._clock.monotonic()
            try:
                await self._listen_once()
            except Exception as error:  # noqa: BLE001 - whatever the library trips over, the next connection is a new one
                self._note_lost(error)
            finally:
                self._pubsub = None
            failures = 0 if self._heard_at > began_at else failures + 1
            await self._clock.sleep(_pause_s(failures))

    def _note_lost(self, error: Exception) -> None:
        now = self._clock.monotonic()
        if self._loss_logged_at is None or now - self._loss_logged_at >= LOSSES_LOGGED_EVERY_S:
            self._loss_logged_at = now
            log.warning("bus_connection_lost", reason=type(error).__name__)

    async def _listen_once(self) -> None:
        """Receive over one connection until it breaks, or says nothing for too long."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._canary, self._for_all, *map(self._channel, self._followed))
            self._pubsub = pubsub
            self._changed.set()  # somebody may have been followed since
            began_at = self._clock.monotonic()
            while self._clock.monotonic() - max(began_at, self._heard_at) < SILENT_AFTER_S:
                message = await pubsub.get_message(timeout=LOOK_S)
                if message is not None:
                    self._receive(message)
        raise TimeoutError

    def _receive(self, message: dict[str, Any]) -> None:
        if message["channel"] == self._canary.encode():
            self._heard_at = self._clock.monotonic()
            return
        if not self._signer.can_sign:
            return
        try:
            sender, hint = decode(self._signer.verify(message["channel"].decode(), message["data"]))
        except ForgedMessage:
            self._note_refused("signature")
            return
        except UnreadableHint:
            self._note_refused("message")
            return
        if sender == self._id:
            return
        if isinstance(hint, TaskHint) and hint.events and not are_sound(hint):
            self._note_refused("bodies")
            hint = replace(hint, events=())
        self._local.publish(_untrusted(hint))

    def _note_refused(self, what: str) -> None:
        now = self._clock.monotonic()
        if self._refusal_logged_at is None or now - self._refusal_logged_at >= REFUSALS_LOGGED_EVERY_S:
            self._refusal_logged_at = now
            log.warning("bus_message_refused", what=what)
        if self._on_refused is not None:
            self._on_refused(what)

    async def _keep_subscriptions(self) -> None:
        """Bring what Redis knows of us to what is followed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if (pubsub := self._pubsub) is not None:
                try:
                    await self._adjust(pubsub)
                except Exception as error:  # noqa: BLE001 - as in `_listen`, which may have lost the connection
                    log.warning("bus_cannot_subscribe", reason=type(error).__name__)
                    await self._clock.sleep(_pause_s(1))
                    self._changed.set()

    async def _adjust(self, pubsub: PubSub) -> None:
        wanted = {self._channel(user_id).encode() for user_id in self._followed}
        known = set(pubsub.channels) - {self._canary.encode(), self._for_all.encode()}
        if wanted - known:
            await pubsub.subscribe(*(wanted - known))
        if known - wanted:
            await pubsub.unsubscribe(*(known - wanted))


def _untrusted(hint: Hint) -> Hint:
    """Return the hint without the number of its commit: a stranger who writes to Redis could make us believe that the
    log went back. The sweep learns the number from the database.
    """
    return replace(hint, commits=0) if isinstance(hint, TaskHint) else hint


def _pause_s(failures: int) -> float:
    """Full jitter: a Redis that comes back is not met by everybody at once."""
    return random.uniform(0.0, RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])  # noqa: S311 - no secret
