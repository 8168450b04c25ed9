"""Whether the process lives and whether it can serve."""

from typing import Literal

from app.core.schema_fields import described
from app.rest.schemas import ResponseBody


class Liveness(ResponseBody):
    status: Literal["ok"] = described("The process responds.", "ok", default="ok")


class ReadinessChecks(ResponseBody):
    """The first two decide the status; the others only degrade it."""

    database: Literal["ok", "unavailable", "damaged"] = described("Whether it accepts writes.", "ok")
    sweep: Literal["ok", "late"] = described("Whether events are delivered in time.", "ok")
    bus: Literal["ok", "degraded"] = described("Whether hints are delivered immediately.", "ok")
    captures: Literal["ok", "degraded"] = described("Whether the capture storage responds.", "ok")
    results: Literal["ok", "missing"] = described("Whether the result files of the newest scans exist.", "ok")

    @property
    def failed(self) -> bool:
        return self.database != "ok" or self.sweep != "ok"

    @property
    def degraded(self) -> bool:
        return self.bus != "ok" or self.captures != "ok" or self.results != "ok"


class Readiness(ResponseBody):
    """Returned with 503 for `stopping` and `unavailable`."""

    status: Literal["ok", "degraded", "stopping", "unavailable"] = described("Overall status.", "ok")
    checks: ReadinessChecks = described("Result of each check.")
