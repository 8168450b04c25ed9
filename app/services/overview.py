"""What there is to know at a glance: open violations by site, what runs, how it went over time; and names found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.clock import Clock, to_wire
from app.core.db import Database
from app.core.principal import Principal
from app.core.single_flight import SingleFlightCache
from app.domain.findings import FindingId
from app.domain.messages import Language
from app.domain.tasks import UNFINISHED, TaskStatus
from app.domain.violations import RiskLevel, ViolationKey
from app.events.bus.base import AccessHint, Hint, TaskHint
from app.repositories import overview, queue, runs, tasks
from app.repositories.overview import EndedRun
from app.repositories.task_filters import TaskFilter
from app.repositories.tasks import TaskRow
from app.services.decided_counts import Decided, RunKey, read_decided
from app.services.json_chunks import JsonChunks, encode, split
from app.services.serialisers import Json, serialise_task
from app.services.workers import KnownWorker

KEEP_S: Final = 3.0  # an overview: somebody who looks at it does not see more often that a scan gets on
MAX_KEPT: Final = 200  # of these, some 60 KB each
MAX_STATUSES: Final = 10_000
EVERYBODY: Final = ""  # whose tasks administrators see
MAX_SITES: Final = 50
MAX_UNFINISHED: Final = 20  # scans that are shown; how many there are is said
TREND_DAYS: Final = 30
MAX_FOUND: Final = 10  # of each kind
_LOOKED_AT: Final = 200  # rows that a search makes its kinds of
_UNFINISHED: Final = (TaskStatus.RUNNING, TaskStatus.CANCELLING, TaskStatus.PENDING)
_RISKS: Final = tuple(level.value for level in reversed(RiskLevel))  # the highest first
_COUNTED: Final = ("total", *_RISKS, "needs_review")
_DecidedByRun = Mapping[RunKey, Sequence[Decided]]


@dataclass(slots=True)
class Site:
    """What is known of one site. `standing`: the run whose results count, the newest conclusive one if there is one."""

    last: EndedRun
    standing: EndedRun

    def add(self, run: EndedRun) -> None:
        """Take the next run, in the order in which they ended."""
        self.last = run
        if run.conclusive or not self.standing.conclusive:
            self.standing = run


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
        """Return `schemas.overview.Overview` of the tasks that the principal may see.

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
    ended, truncated = overview.ended_runs(connection, principal)
    unfinished, total = _unfinished(connection, principal, language)
    decided, is_cut = read_decided(connection, ended)
    sites, trend = _sites_and_trend(ended, decided, today)
    worst = sorted(((site, _open(site, decided)) for site in sites.values()), key=lambda one: _urgency(*one))
    return {
        "violation_counts": trend[-1]["violation_counts"],
        "sites": [_site(*one) for one in worst[:MAX_SITES]],
        "total_sites": len(sites),
        "truncated": truncated or is_cut,
        "unfinished": unfinished,
        "total_unfinished": total,
        "trend": trend,
    }


async def search(db: Database, principal: Principal, text: str) -> Json:
    """`schemas.overview.SearchResult`: scans, sites and findings whose domain contains the text, in any case."""
    wanted = text.strip().lower()

    def work(connection: Connection) -> Json:
        scans = overview.targets_with(connection, principal, wanted, _LOOKED_AT)
        domains = overview.domains_with(connection, principal, wanted, _LOOKED_AT)
        return {
            "scans": [_scan(row) for row in scans[:MAX_FOUND]],
            "sites": list(dict.fromkeys(row.target_domain for row in scans))[:MAX_FOUND],
            "findings": _findings(domains)[:MAX_FOUND],
        }

    return await db.read(work)


def count_workers(known: Sequence[KnownWorker]) -> Json:
    """`schemas.overview.WorkerCounts`."""
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
    shown = rows[:MAX_UNFINISHED]
    positions, attempts = queue.positions(connection, shown), runs.shown_attempts(connection, shown)
    views = [
        serialise_task(row, attempts[row.id], language=language, queue_position=positions.get(row.id)) for row in shown
    ]
    return views, total


def _sites_and_trend(
    ended: Sequence[EndedRun], decided: _DecidedByRun, today: date
) -> tuple[dict[tuple[str, str], Site], list[Json]]:
    """Each site as it is now, and for each of the last days (UTC) what was open at its end."""
    sites: dict[tuple[str, str], Site] = {}
    counts = dict.fromkeys(_COUNTED, 0)
    trend: list[Json] = []
    upto = 0
    for day in (today - timedelta(days=ago) for ago in reversed(range(TREND_DAYS))):
        while upto < len(ended) and (ended[upto].completed_at.date() <= day or day == today):
            _take(sites, counts, ended[upto])
            upto += 1
        still = dict(counts)
        for site in sites.values():
            _take_off(still, [one for one in _of(site, decided) if one.at.date() <= day or day == today])
        trend.append({"day": day.isoformat(), "sites": len(sites), "violation_counts": still})
    return sites, trend


def _of(site: Site, decided: _DecidedByRun) -> Sequence[Decided]:
    return decided.get((site.standing.task_id, site.standing.run), ())


def _take_off(counts: dict[str, int], decided: Sequence[Decided]) -> None:
    """What nobody counted cannot be taken off: a run's counts may be those of an older version."""
    for one in decided:
        for name, number in one.taken.items():
            if name in counts:
                counts[name] = max(0, counts[name] - number)


def _take(sites: dict[tuple[str, str], Site], counts: dict[str, int], run: EndedRun) -> None:
    """Take the next run into its site, and into the counts of all."""
    site = sites.get(run.site)
    if site is None:
        sites[run.site] = Site(run, run)
        _add(counts, run, 1)
        return
    _add(counts, site.standing, -1)
    site.add(run)
    _add(counts, site.standing, 1)


def _add(counts: dict[str, int], run: EndedRun, times: int) -> None:
    for name in counts:
        counts[name] += times * run.violation_counts.get(name, 0)


def _open(site: Site, decided: _DecidedByRun) -> dict[str, int]:
    """What is open of the results that stand for the site."""
    counts = dict(site.standing.violation_counts)
    _take_off(counts, _of(site, decided))
    return counts


def _urgency(site: Site, counts: Mapping[str, int]) -> tuple[list[int], bool, float]:
    """Order: the worst first, then where nobody knows, then the newest."""
    return [-counts.get(risk, 0) for risk in _RISKS], site.last.conclusive, -site.last.completed_at.timestamp()


def _site(site: Site, counts: Mapping[str, int]) -> Json:
    last, standing = site.last, site.standing
    return {
        "target_domain": last.target_domain,
        "user_id": last.user_id,
        "task_id": last.task_id,
        "attempt": last.attempt,
        "status": last.status,
        "verdict": last.verdict,
        "completed_at": to_wire(last.completed_at),
        "shown_task_id": standing.task_id,
        "shown_attempt": standing.attempt,
        "violation_counts": counts,
    }


def _scan(row: Row[Any]) -> Json:
    return {"task_id": row.id, "target_domain": row.target_domain, "status": row.status}


def _findings(rows: Sequence[Row[Any]]) -> list[Json]:
    """One of each domain in each task, with the highest risk of its violations."""
    found: dict[tuple[str, str], Json] = {}
    for row in rows:
        known = found.get((row.task_id, row.domain))
        if known is None or _RISKS.index(row.risk_level) < _RISKS.index(known["risk_level"]):
            found[row.task_id, row.domain] = {
                "task_id": row.task_id,
                "finding_id": str(FindingId(ViolationKey(row.violation_key), row.domain)),
                "target_domain": row.target_domain,
                "domain": row.domain,
                "risk_level": row.risk_level,
            }
    return list(found.values())
