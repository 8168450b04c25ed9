"""What the scan before has found, for a scan: from the database, which every worker reaches."""

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.domain.findings import FindingId
from app.domain.inventory import Showing
from app.engines.model import RecheckConfig
from app.inventory.earlier_findings import earlier_risks_of_running, seen_once_before
from app.inventory.memories import shown_before
from app.scans.queries import tasks

log = structlog.get_logger(__name__)


class EarlierFindings:
    """Of the newest conclusive scan of the same owner and target that ended before; and what others before have seen
    once.
    """

    def __init__(self, db: Database, clock: Clock, recheck_after_s: float) -> None:
        self._db = db
        self._clock = clock
        self._recheck_after_s = recheck_after_s

    async def load(self, task_id: str) -> RecheckConfig | None:
        """Return what is not judged once more; None: there is no scan before, or the database is away. Then all that
        is found counts at once.
        """
        try:
            earlier = await self._db.read(lambda connection: self._earlier(connection, task_id))
        except DatabaseUnavailable as error:
            log.warning("earlier_findings_unavailable", task_id=task_id, reason=str(error))
            return None
        if earlier is None:
            return None
        names, once, shown = earlier
        found = [found for name in names if (found := FindingId.parse(name)) is not None]
        known = frozenset((finding.domain, finding.cause.value) for finding in found)
        return RecheckConfig(known=known | once, after_s=self._recheck_after_s, shown=shown)

    def _earlier(
        self, connection: Connection, task_id: str
    ) -> tuple[list[str], frozenset[tuple[str, str]], dict[str, Showing]] | None:
        row, now = tasks.find(connection, task_id), self._clock.now()
        risks = None if row is None else earlier_risks_of_running(connection, row, now)
        if row is None or risks is None:
            return None
        return (
            list(risks),
            seen_once_before(connection, row, now),
            shown_before(connection, (row.user_id, row.target_domain)),
        )
