"""Asks the configured reading model one harmless question, so that an administrator sees whether it answers."""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import Conflict, LimitReached
from app.core.limits import TokenBucket
from app.core.live_settings import SettingsSource
from app.core.principal import Principal
from app.domain.reading import Void
from app.identity.audit import AuditTrail

BURST: Final = 3  # questions of all administrators of a server together
PER_S: Final = 1 / 10


class ModelQuestion(Protocol):
    """Asks the model of these settings. Returns None when it answered, else why there is no answer."""

    async def __call__(self, settings: Settings) -> Void | None: ...


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`latency_ms`: until the answer, or until it was known that there is none."""

    model: str
    latency_ms: int
    failure: Void | None  # None: it answered


@dataclass(kw_only=True, eq=False, repr=False)
class ReadingModelProbe:
    """Of one server. The question's time is bounded by `reading_model_timeout_s`."""

    settings: SettingsSource
    ask: ModelQuestion
    clock: Clock
    audit: AuditTrail

    def __post_init__(self) -> None:
        self._bucket = TokenBucket(burst=BURST, per_s=PER_S)
        self._asking = asyncio.Lock()  # one question at a time: a slow endpoint gathers none

    async def test(self, principal: Principal) -> ProbeResult:
        """Ask once.

        Raises:
            Conflict: `reading_model_missing`, none is configured.
            LimitReached: too often, or while another question is under way.
        """
        settings = self.settings.current
        if settings.reading_model_url is None or settings.reading_model_name is None:
            raise Conflict(code="reading_model_missing")
        if self._asking.locked():
            raise LimitReached(retry_after_s=1)
        if not self._bucket.take(self.clock.monotonic()):
            raise LimitReached(retry_after_s=self._bucket.wait_s())
        async with self._asking:
            began = self.clock.monotonic()
            failure = await self.ask(settings)
            latency_ms = round((self.clock.monotonic() - began) * 1_000)
        self.audit.record(
            "reading_model.test",
            "ok" if failure is None else "failed",
            user_id=principal.user_id,
            address=principal.address,
            detail={"failure": failure},
        )
        return ProbeResult(settings.reading_model_name, latency_ms, failure)
