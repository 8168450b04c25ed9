"""The overview: open findings by site, running scans, trend; and the search."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.clock import Clock, to_wire
from app.core.db import Database
from app.core.json_chunks import JsonChunks, encode, split
from app.core.principal import Principal
from app.core.single_flight import SingleFlightCache
from app.domain.findings import COUNTED, FindingId
from app.domain.messages import Language
from app.domain.task_row import TaskRow
from app.domain.tasks import UNFINISHED, TaskStatus
from app.domain.violations import ViolationKey
from app.events.bus.base import AccessHint, Hint, TaskHint
from app.overview import queries
from app.scans.queries import tasks
from app.scans.queries.task_filters import TaskFilter
from app.scans.serialisers import Json
from app.scans.task_views import view_tasks
from app.scans.workers import KnownWorker
from app.site_counts import summary as sites
from app.site_counts.service import NOTHING, TREND_DAYS
from app.site_counts.summary import NOW, Counts

KEEP_S: Final = 3.0  # an overview: somebody who looks at it does not see more often that a scan gets on
MAX_KEPT: Final = 200  # of these, some 60 KB each
MAX_STATUSES: Final = 10_000
EVERYBODY: Final = ""  # whose tasks administrators see
MAX_SITES: Final = 50
MAX_UNFINISHED: Final = 20  # scans that are shown; how many there are is said
MAX_FOUND: Final = 10  # of each kind
_LOOKED_AT: Final = 200  # rows that a search makes its kinds of
_UNFINISHED: Final = (TaskStatus.RUNNING, TaskStatus.CANCELLING, TaskStatus.PENDING)


class OverviewService:
    """Reads the overview, and keeps it for some seconds: as long as nothing happens in this process that changes it.

    A user who has done something sees it at the next look; what other servers do, and how far scans are, may be KEEP_S
    old.
    """

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._kept: SingleFlightCache[tuple[str, Language, date], Json] = SingleFlightCache(
            clock=clock, ttl_s=KEEP_S, max_entries=MAX_KEPT
        )
        self._changes: Counter[str] = Counter()  # of what a user sees, and of all (EVERYBODY)
        self._statuses: dict[str, str] = {}  # of unfinished tasks, as hints told of them

    async def read(
        self, principal: Principal, *, today: date, language: Language, service: Mapping[str, Any] | None
    ) -> JsonChunks:
        """Return `overview.schemas.overview.Overview` of the tasks that the principal may see.

        `today` in UTC; `service` as it is shown, which is never kept. Raises DatabaseUnavailable, LimitReached.
        """
        viewer = EVERYBODY if principal.sees_all else principal.user_id
        key, version = (viewer, language, today), self._changes[viewer]
        kept = self._kept.find(key)
        if kept is None or kept.version != version:
            work = partial(_read_overview, principal=principal, today=today, language=language)
            kept = self._kept.start(key, self._db.read(work, user_id=principal.user_id), version=version)
        return split(encode({**await kept.answer(), "service": service}))

    def note_change(self, user_id: str) -> None:
        """Something that this user's overview shows has changed. Event loop only."""
        self._changes[user_id] += 1
        self._changes[EVERYBODY] += 1

    def on_hint(self, hint: Hint) -> None:
        """What the bus says. How far a scan is changes nothing: that is told of many times a second."""
        match hint:
            case TaskHint() if self._statuses.get(hint.task_id) != hint.status:
                if len(self._statuses) >= MAX_STATUSES:  # of tasks whose end no hint has told
                    self._statuses.clear()
                if hint.status in UNFINISHED:
                    self._statuses[hint.task_id] = hint.status
                else:
                    self._statuses.pop(hint.task_id, None)
                self.note_change(hint.user_id)
            case AccessHint():
                self.note_change(hint.user_id)


def _read_overview(connection: Connection, *, principal: Principal, today: date, language: Language) -> Json:
    """Return the overview without what it says of the service."""
    unfinished, total = _unfinished(connection, principal, language)
    days = [today - timedelta(days=ago) for ago in range(TREND_DAYS)]
    trend = _trend(sites.totals(connection, principal, days), days)
    return {
        "finding_counts": trend[-1]["finding_counts"],
        "sites": [_site(row) for row in sites.worst(connection, principal, MAX_SITES)],
        "total_sites": trend[-1]["sites"],
        "truncated": not sites.is_all_counted(connection),
        "unfinished": unfinished,
        "total_unfinished": total,
        "trend": trend,
    }


async def search(db: Database, principal: Principal, text: str) -> Json:
    """Return `overview.schemas.overview.SearchResult`: what has a domain that contains the text, in any case."""
    wanted = text.strip().lower()

    def work(connection: Connection) -> Json:
        scans = queries.targets_with(connection, principal, wanted, _LOOKED_AT)
        domains = queries.findings_with(connection, principal, wanted, _LOOKED_AT)
        return {
            "scans": [_scan(row) for row in scans[:MAX_FOUND]],
            "sites": list(dict.fromkeys(row.target_domain for row in scans))[:MAX_FOUND],
            "findings": _findings(domains)[:MAX_FOUND],
        }

    return await db.read(work)


def count_workers(known: Sequence[KnownWorker]) -> Json:
    """`overview.schemas.overview.WorkerCounts`."""
    alive = [worker for worker in known if worker.state == "alive"]
    return {
        "alive": len(alive),
        "silent": len(known) - len(alive),
        "concurrency": sum(worker.row.concurrency for worker in alive),
        "running": sum(len(worker.runs) for worker in known),
    }


def _unfinished(connection: Connection, principal: Principal, language: Language) -> tuple[list[Json], int]:
    """What runs, then what waits; and how many there are."""
    rows: list[TaskRow] = []
    total = 0
    for status in _UNFINISHED:
        found, count = tasks.list_page(connection, principal, TaskFilter(status), offset=0, limit=MAX_UNFINISHED)
        rows += found
        total += count
    return view_tasks(connection, rows[:MAX_UNFINISHED], language=language), total


def _trend(totals: Mapping[date, Counts], days: Sequence[date]) -> list[Json]:
    """Return for each of these days (UTC), the newest first, what was open at its end; the newest last."""
    open_then = dict(totals.get(NOW, NOTHING))
    trend: list[Json] = []
    for day in days:
        counts = {name: open_then[name] for name in COUNTED}
        trend.append({"day": day.isoformat(), "sites": open_then["sites"], "finding_counts": counts})
        for name, more in totals.get(day, NOTHING).items():
            open_then[name] -= more
    return trend[::-1]


def _site(row: Row[Any]) -> Json:
    return {
        "target_domain": row.target_domain,
        "user_id": row.user_id,
        "task_id": row.task_id,
        "attempt": row.attempt,
        "status": row.status,
        "verdict": row.verdict,
        "completed_at": to_wire(row.completed_at),
        "shown_task_id": row.shown_task_id,
        "shown_attempt": row.shown_attempt,
        "finding_counts": {name: getattr(row, name) for name in COUNTED},
    }


def _scan(row: Row[Any]) -> Json:
    return {"task_id": row.id, "target_domain": row.target_domain, "status": row.status}


def _findings(rows: Sequence[queries.DomainFinding]) -> list[Json]:
    """The worst finding of each domain in each task."""
    found: dict[tuple[str, str], queries.DomainFinding] = {}
    for row in rows:
        known = found.get((row.task_id, row.domain))
        if known is None or row.score > known.score:
            found[row.task_id, row.domain] = row
    return [
        {
            "task_id": row.task_id,
            "finding_id": str(FindingId(ViolationKey(row.cause), row.domain)),
            "target_domain": row.target_domain,
            "domain": row.domain,
            "risk_level": row.risk_level,
        }
        for row in found.values()
    ]
