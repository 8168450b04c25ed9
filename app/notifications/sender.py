"""Sends what waits. Any number of servers may run one each: a channel is claimed by one of them at a time (ADR 0075).

A process that dies in between holds its claim until it ends by itself; the next one then sends the same delivery again,
under the same id.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Connection

from app.core.aio import OnFailure, count_nothing, end_tasks, keep_running
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.ids import new_id
from app.domain.notifications import DeliveryStatus
from app.domain.tasks import TERMINAL
from app.events.bus.base import Hint, TaskHint
from app.notifications.carrier import TRY_S, Carrier
from app.notifications.outbox_reader import OutboxReader
from app.notifications.outcome import Failed, FailureCode, Outcome
from app.notifications.queries import deliveries
from app.notifications.queries.deliveries import Claimed

LOOK_EVERY_S: Final = 2.0
AT_ONCE: Final = 16  # tries of this process under way: one for each channel at most
CLAIM: Final = timedelta(seconds=3 * TRY_S)  # longer than a try and writing what became of it
END_S: Final = 3.0  # at the end of the process, for tries that are under way
RETRY_FACTOR: Final = 3.0  # of the pause, with each try that failed
MAX_RETRY_S: Final = 2 * 3_600.0
MAX_CHANNEL_PAUSE_S: Final = 300.0  # of a channel in trouble: it is not asked for each of its deliveries by itself
JITTER: Final = 0.2  # of every pause, so that not all servers' receivers are asked together
HURRY_FROM: Final = 3  # failures in a row, after which a success is news: what waits longer is tried at once
# Of these the channel itself is to blame, not the one delivery.
_TROUBLE: Final = frozenset(FailureCode) - {FailureCode.HTTP_STATUS, FailureCode.REJECTED}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """When a delivery is tried again: after `first_s`, three times as long with each failure, two hours at most."""

    first_s: float = 5.0

    def pause_s(self, failures: int) -> float:
        return min(MAX_RETRY_S, self.first_s * RETRY_FACTOR ** min(failures - 1, 20))


@dataclass(kw_only=True, eq=False, repr=False)
class NotificationSender:
    """Turns the outbox into deliveries, and sends these. `start` and `stop` are its life."""

    db: Database
    clock: Clock
    outbox: OutboxReader
    carrier: Carrier
    retries: Retries = field(default_factory=Retries)
    is_sole: bool = False  # no other process sends: what one before had under way is nobody's
    claim: timedelta = CLAIM
    on_failure: OnFailure = count_nothing
    count: Callable[[str, str], None] = lambda _kind, _outcome: None  # kind of channel, and "sent", "failed" or "dead"

    def __post_init__(self) -> None:
        self._wanted = asyncio.Event()
        self._tries: dict[str, asyncio.Task[None]] = {}  # by channel
        self._running: asyncio.Task[None] | None = None  # between `start` and `stop`
        self._claims: dict[str, tuple[Claimed, str]] = {}  # by channel, until what became of it is written

    def wake(self) -> None:
        """Look now. On the event loop."""
        self._wanted.set()

    def on_hint(self, hint: Hint) -> None:
        """Look at once when a task has ended; of all else the next look finds out. On the event loop."""
        if isinstance(hint, TaskHint) and hint.status in TERMINAL:
            self.wake()

    async def start(self) -> None:
        work = keep_running(self._run, name="notifications", on_failure=self.on_failure)
        self._running = asyncio.get_running_loop().create_task(work, name="notifications")

    async def stop(self) -> None:
        """Begin nothing more, wait a moment for what is under way, and give back what is not done then."""
        if self._running is not None:
            await end_tasks([self._running])
            self._running = None
        if self._tries:
            await asyncio.wait(self._tries.values(), timeout=END_S)
        await end_tasks(list(self._tries.values()))
        for claimed, token in list(self._claims.values()):
            try:
                await self.db.write(partial(deliveries.release, claimed=claimed, token=token, now=self.clock.now()))
            except DatabaseUnavailable:
                log.warning("claim_not_released", channel_id=claimed.channel.id)  # it ends by itself
        self._claims.clear()

    async def _run(self) -> None:
        await self._begin_anew()
        while True:
            await self._round()
            await self._pause()

    async def _begin_anew(self) -> None:
        """Raises DatabaseUnavailable: then it is begun again."""
        if self.is_sole:
            await self.db.write(partial(deliveries.release_all, now=self.clock.now()))

    async def _round(self) -> None:
        try:
            while await self.outbox.work_off():
                continue
            await self._send_due()
        except DatabaseUnavailable as error:
            log.warning("notifications_wait", reason=error.message)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._wanted.wait()
        except TimeoutError:
            return
        self._wanted.clear()

    async def _send_due(self) -> None:
        """Begin tries, as many as may be under way."""
        while len(self._tries) < AT_ONCE:
            busy, now = list(self._tries), self.clock.now()
            if not await self.db.read(partial(deliveries.has_due, now=now, busy=busy)):
                return
            token = new_id()
            claim = partial(deliveries.claim, now=now, busy=busy, token=token, until=now + self.claim)
            claimed = await self.db.write(claim)
            if claimed is None:
                return
            self._begin(claimed, token)

    def _begin(self, claimed: Claimed, token: str) -> None:
        channel_id = claimed.channel.id
        self._claims[channel_id] = (claimed, token)
        work = self._serve(claimed, token)
        task = asyncio.get_running_loop().create_task(work, name=f"delivery {claimed.delivery.id}")
        self._tries[channel_id] = task
        task.add_done_callback(lambda ended: self._ended(channel_id, ended))

    def _ended(self, channel_id: str, ended: "asyncio.Task[None]") -> None:
        del self._tries[channel_id]
        if not ended.cancelled() and (error := ended.exception()) is not None:
            log.error("delivery_failed", exc_info=error)  # its claim ends by itself
            self._claims.pop(channel_id, None)
        self._wanted.set()

    async def _serve(self, claimed: Claimed, token: str) -> None:
        """Make a try and write what became of it."""
        until = self.clock.monotonic() + self.claim.total_seconds() - TRY_S
        outcome = await self.carrier.send(claimed.channel, claimed.delivery)
        kind = claimed.channel.kind
        while True:
            try:
                unit = partial(self._finish, claimed=claimed, token=token, outcome=outcome, now=self.clock.now())
                status = await self.db.write(unit)
                break
            except DatabaseUnavailable as error:  # while nobody else can have claimed it, writing is tried again
                log.warning("delivery_not_written", delivery_id=claimed.delivery.id, reason=error.message)
                if self.clock.monotonic() >= until:
                    status = None
                    break
                await self.clock.sleep(LOOK_EVERY_S)
        self._claims.pop(claimed.channel.id, None)
        if status is not None:
            self.count(kind, status)
        log.info("delivery_tried", delivery_id=claimed.delivery.id, channel=kind, outcome=status or "unknown")

    def _finish(
        self, connection: Connection, *, claimed: Claimed, token: str, outcome: Outcome, now: datetime
    ) -> str | None:
        """Return "sent", "failed" or "dead"; None: the claim has ended."""
        spacing = now + timedelta(seconds=self.carrier.spacing_s(claimed.channel.kind))
        if isinstance(outcome, Failed):
            return self._finish_failed(connection, claimed, token, outcome, now, spacing)
        delivery = {"status": DeliveryStatus.SENT.value, "sent_at": now, "error": None}
        channel = {"failures": 0, "last_error": None, "last_sent_at": now}
        if claimed.channel.failures >= HURRY_FROM:
            deliveries.hurry(connection, claimed.channel.id, now)
        if not deliveries.finish(connection, claimed, token, delivery=delivery, channel=channel, not_before=spacing):
            return None
        return "sent"

    def _finish_failed(
        self, connection: Connection, claimed: Claimed, token: str, failed: Failed, now: datetime, spacing: datetime
    ) -> str | None:
        attempts = claimed.delivery.attempts + 1
        pause_s = max(_jittered(self.retries.pause_s(attempts)), failed.retry_after_s or 0.0)
        next_at = now + timedelta(seconds=pause_s)
        is_dead = failed.is_final or next_at > claimed.delivery.expires_at
        delivery = {
            "status": (DeliveryStatus.DEAD if is_dead else DeliveryStatus.WAITING).value,
            "next_at": next_at,
            "error": failed.as_json(),
        }
        failures = claimed.channel.failures + 1
        channel = {"failures": failures, "last_error": failed.as_json()}
        not_before = max(spacing, now + self._channel_pause(failed, failures))
        if not deliveries.finish(connection, claimed, token, delivery=delivery, channel=channel, not_before=not_before):
            return None
        return "dead" if is_dead else "failed"

    def _channel_pause(self, failed: Failed, failures: int) -> timedelta:
        if failed.retry_after_s is not None:
            return timedelta(seconds=failed.retry_after_s)
        if failed.code not in _TROUBLE:
            return timedelta()
        pause_s = (1 - JITTER) * self.retries.pause_s(failures)  # no longer than that of its only delivery
        return timedelta(seconds=min(MAX_CHANNEL_PAUSE_S, pause_s))


def _jittered(pause_s: float) -> float:
    return pause_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - so that not all meet again
