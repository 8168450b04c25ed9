"""What there is to know at a glance: open violations by site, what runs, how it went over time; and names found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.clock import to_wire
from app.core.db import Database
from app.core.principal import Principal
from app.domain.findings import FindingId
from app.domain.messages import Language
from app.domain.tasks import TaskStatus
from app.domain.violations import RiskLevel, ViolationKey
from app.repositories import overview, queue, runs, tasks
from app.repositories.overview import EndedRun
from app.repositories.task_filters import TaskFilter
from app.repositories.tasks import TaskRow
from app.services.decided_counts import Decided, RunKey, read_decided
from app.services.json_chunks import JsonChunks, encode, split
from app.services.serialisers import Json, serialise_task
from app.services.workers import KnownWorker

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


async def read_overview(
    db: Database, principal: Principal, *, today: date, language: Language, service: Mapping[str, Any] | None
) -> JsonChunks:
    """`schemas.overview.Overview` of the tasks that the principal may see. `today` in UTC; `service` as it is shown."""

    def work(connection: Connection) -> JsonChunks:
        ended, truncated = overview.ended_runs(connection, principal)
        unfinished, total = _unfinished(connection, principal, language)
        decided, is_cut = read_decided(connection, ended)
        sites, trend = _sites_and_trend(ended, decided, today)
        worst = sorted(((site, _open(site, decided)) for site in sites.values()), key=lambda one: _urgency(*one))
        document = {
            "violation_counts": trend[-1]["violation_counts"],
            "sites": [_site(*one) for one in worst[:MAX_SITES]],
            "total_sites": len(sites),
            "truncated": truncated or is_cut,
            "unfinished": unfinished,
            "total_unfinished": total,
            "trend": trend,
            "service": service,
        }
        return split(encode(document))

    return await db.read(work)


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
