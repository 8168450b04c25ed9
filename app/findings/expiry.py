"""Opens findings again whose dismissal has expired (ADR 0083). One process acts: the one that watches tasks.

A dismissal holds until its day (`domain.decisions.has_expired`). What is stored of it, the state of the findings of all
scans and the counts of the site, is written once after the day has come: in the transaction that marks the decision, so
nothing of it is lost with a process, and nothing is done twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.lease import Lease, LeaseLost
from app.core.live_settings import SettingsSource
from app.domain.findings import FindingId
from app.domain.violations import ViolationKey
from app.findings.queries import decisions, findings
from app.identity.audit import AuditTrail
from app.site_counts.service import recount

AT_ONCE: Final = 100  # decisions of one read
WRITTEN_AT_ONCE: Final = 5  # of one site: each costs some 10 ms of the write lock for every 100 scans of its target
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class DecisionExpiry:
    """Event loop only. `db`: all that is written begins with the lease's guard."""

    db: Database
    clock: Clock
    settings: SettingsSource
    lease: Lease
    audit: AuditTrail
    on_change: Callable[[str], None] = lambda _: None  # is told whose findings they are

    async def keep_current(self) -> None:
        """Look every few seconds, until cancelled; at once after a start, for what has expired meanwhile."""
        while True:
            try:
                if await self.lease.is_held():
                    await self.look()
            except (DatabaseUnavailable, LeaseLost) as error:
                log.warning("expiry_waits", reason=type(error).__name__)
            await self.clock.sleep(self.settings.current.monitor_interval_s)

    async def look(self) -> None:
        """Open again all that is due. Raises DatabaseUnavailable, LeaseLost; the next look continues."""
        now = self.clock.now()
        while due := await self.db.read(partial(decisions.expired, today=now.date(), limit=AT_ONCE)):
            for some in _parts(due):
                for row in await self.db.write(partial(_reopen, due=some, now=now)):
                    self._tell(row)

    def _tell(self, row: Row[Any]) -> None:
        self.on_change(row.user_id)
        self.audit.record(
            "finding.expire",
            detail={
                "finding": str(_finding_of(row)),
                "user_id": row.user_id,
                "target_domain": row.target_domain,
                "expires_on": row.expires_on.isoformat(),
                "version": row.version,
            },
        )


def _parts(due: Sequence[Row[Any]]) -> Iterator[list[Row[Any]]]:
    """Yield the decisions of each site, few at a time, in the order of their keys."""
    for _, rows in groupby(sorted(due, key=_key), key=_site_of):
        of_site = list(rows)
        for start in range(0, len(of_site), WRITTEN_AT_ONCE):
            yield of_site[start : start + WRITTEN_AT_ONCE]


def _reopen(connection: Connection, *, due: Sequence[Row[Any]], now: datetime) -> list[Row[Any]]:
    """Open findings of one site again; return those of the decisions that nobody has changed since they were read.

    All decisions are marked first, in the order of their keys: so of two writers none waits for the other in a circle.
    """
    marked = [
        row for row in due if decisions.mark_expired(connection, _site_of(row), _finding_of(row), row.version, now)
    ]
    for row in marked:
        findings.decide(connection, *_site_of(row), _finding_of(row), now.date())
    if marked:
        recount(connection, _site_of(marked[0]), now=now)
    return marked


def _key(row: Row[Any]) -> tuple[str, str, str, str]:
    return row.user_id, row.target_domain, row.domain, row.cause


def _site_of(row: Row[Any]) -> tuple[str, str]:
    return row.user_id, row.target_domain


def _finding_of(row: Row[Any]) -> FindingId:
    return FindingId(ViolationKey(row.cause), row.domain)
