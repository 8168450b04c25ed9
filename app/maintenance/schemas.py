"""Whether the process lives and whether it can serve."""

from typing import Literal

from app.core.schema_fields import described
from app.rest.schemas import ResponseBody


class Liveness(ResponseBody):
    status: Literal["ok"] = described("The process answers.", "ok", default="ok")


class ReadinessChecks(ResponseBody):
    """The first two decide; the others only degrade."""

    database: Literal["ok", "unavailable", "damaged"] = described("Whether it takes writes.", "ok")
    sweep: Literal["ok", "late"] = described("Whether events are delivered in time.", "ok")
    bus: Literal["ok", "degraded"] = described("Whether hints arrive at once.", "ok")
    captures: Literal["ok", "degraded"] = described("Whether the storage of captures answers.", "ok")
    results: Literal["ok", "missing"] = described("Whether the files of the newest scans are there.", "ok")

    @property
    def failed(self) -> bool:
        return self.database != "ok" or self.sweep != "ok"

    @property
    def degraded(self) -> bool:
        return self.bus != "ok" or self.captures != "ok" or self.results != "ok"


class Readiness(ResponseBody):
    """Answered with 503 for `stopping` and `unavailable`."""

    status: Literal["ok", "degraded", "stopping", "unavailable"] = described("The sum of the checks.", "ok")
    checks: ReadinessChecks = described("Each check.")
