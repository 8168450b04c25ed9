"""Whether a server can serve, from what its parts know of themselves."""

from typing import Final, Literal, Protocol

from app.core.db import Database
from app.events.bus.base import Bus
from app.maintenance.captures_probe import CapturesProbe
from app.maintenance.database_probe import DatabaseProbe
from app.maintenance.result_files import ResultFileCheck
from app.maintenance.schemas import Readiness, ReadinessChecks

MAX_SWEEP_LAG_S: Final = 10.0


class RealTime(Protocol):
    """What carries events to sockets."""

    @property
    def stopping(self) -> bool: ...
    @property
    def sweep_lag_s(self) -> float | None:
        """None: there was no sweep yet."""
        ...


class Watched(Protocol):
    """The parts that are asked."""

    @property
    def db(self) -> Database: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def database_probe(self) -> DatabaseProbe: ...
    @property
    def captures_probe(self) -> CapturesProbe: ...
    @property
    def result_files(self) -> ResultFileCheck: ...
    @property
    def manager(self) -> RealTime: ...


async def readiness_of(services: Watched) -> Readiness:
    """Look at everything that serving needs. The write that shows that the database takes some is shared."""
    checks = ReadinessChecks(
        database=_database(services, writable=await services.database_probe.is_writable()),
        sweep=_sweep(services),
        bus="ok" if services.bus.healthy else "degraded",
        captures="ok" if services.captures_probe.answers else "degraded",
        results="missing" if services.result_files.missing else "ok",
    )
    return Readiness(status=_status(checks, stopping=services.manager.stopping), checks=checks)


def _status(checks: ReadinessChecks, *, stopping: bool) -> Literal["ok", "degraded", "stopping", "unavailable"]:
    if stopping:
        return "stopping"
    if checks.failed:
        return "unavailable"
    return "degraded" if checks.degraded else "ok"


def _database(services: Watched, *, writable: bool) -> Literal["ok", "unavailable", "damaged"]:
    if services.db.damaged:
        return "damaged"
    return "ok" if writable else "unavailable"


def _sweep(services: Watched) -> Literal["ok", "late"]:
    """Before the first sweep nothing can be behind."""
    lag = services.manager.sweep_lag_s
    return "ok" if lag is None or lag < MAX_SWEEP_LAG_S else "late"
