"""Sites as REST shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from app.core.clock import to_wire
from app.core.json_chunks import Json
from app.core.principal import Principal
from app.domain.findings import COUNTED
from app.scans.serialisers import optional_to_wire, serialise_verdict
from app.site_counts import summary
from app.sites.queries import sites
from app.sites.queries.sites import SiteRow
from app.sites.schemas import TREND_DAYS


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What stands beside the rows of sites, by owner and target; tags by the site's id."""

    tags: Mapping[str, Sequence[str]]
    standings: Mapping[sites.SiteKey, Row[Any]]
    unfinished: Mapping[sites.SiteKey, Row[Any]]
    trends: Mapping[sites.SiteKey, Sequence[int]]


def read_facts(connection: Connection, rows: Sequence[SiteRow], now: datetime) -> SiteFacts:
    """Read what a page of sites shows: as many queries for a hundred sites as for one."""
    keys = [(row.user_id, row.target_domain) for row in rows]
    standings = summary.standings(connection, keys)
    open_now = {key: row.total for key, row in standings.items()}
    return SiteFacts(
        tags=sites.tags_of(connection, [row.id for row in rows]),
        standings=standings,
        unfinished=sites.unfinished(connection, keys),
        trends=summary.open_by_day(connection, open_now, today=now.date(), days=TREND_DAYS),
    )


def site_view(row: SiteRow, facts: SiteFacts, principal: Principal) -> Json:
    """Return `sites.schemas.SiteHead`, for who may not read without what its scans found."""
    view = _whole_view(row, facts)
    return view if principal.may_read else view | _without_results(view)


def _without_results(view: Json) -> Json:
    last = view["last_scan"]
    last_scan = None if last is None else {**last, "verdict": None}
    return {"last_scan": last_scan, "last_conclusive_at": None, "finding_counts": {}, "trend": []}


def _whole_view(row: SiteRow, facts: SiteFacts) -> Json:
    key = (row.user_id, row.target_domain)
    standing, running = facts.standings.get(key), facts.unfinished.get(key)
    conclusive_at = None if standing is None else standing.conclusive_at
    return {
        "id": row.id,
        "user_id": row.user_id,
        "target_domain": row.target_domain,
        "group": row.group_name,
        "tags": list(facts.tags[row.id]),
        "config": row.config,
        "schedule": _schedule(row),
        "paused": row.paused,
        "next_run_at": optional_to_wire(row.next_run_at),
        "waits_for": row.waits_for,
        "last_run": _last_run(row),
        "last_scan": None if standing is None or standing.completed_at is None else _last_scan(standing),
        "last_conclusive_at": optional_to_wire(conclusive_at),
        "unfinished": None if running is None else _unfinished(running),
        "overdue_after_days": row.overdue_after_days,
        "overdue_since": optional_to_wire(_overdue_since(row, conclusive_at)),
        "finding_counts": {} if standing is None else {name: getattr(standing, name) for name in COUNTED},
        "trend": list(facts.trends.get(key, [0] * TREND_DAYS)),
        "created_at": to_wire(row.created_at),
    }


def _overdue_since(row: SiteRow, conclusive_at: datetime | None) -> datetime | None:
    """Return what was noted, unless a scan has ended the matter since the last look at all sites."""
    if row.overdue_since is None or row.paused:
        return None
    noted: datetime = row.overdue_since
    return None if conclusive_at is not None and conclusive_at > noted else noted


def _schedule(row: SiteRow) -> Json | None:
    if row.cron is None and row.every_hours is None:
        return None
    return {"cron": row.cron, "time_zone": row.time_zone or "UTC", "every_hours": row.every_hours}


def _last_run(row: SiteRow) -> Json | None:
    if row.last_task_id is None:
        return None
    return {
        "task_id": row.last_task_id,
        "due_at": to_wire(row.last_due_at),
        "started_at": to_wire(row.last_started_at),
        "missed": row.last_missed,
    }


def _last_scan(standing: Row[Any]) -> Json:
    return {
        "task_id": standing.task_id,
        "attempt": standing.attempt,
        "status": standing.status,
        "verdict": serialise_verdict(standing.verdict),
        "completed_at": to_wire(standing.completed_at),
    }


def _unfinished(row: Row[Any]) -> Json:
    return {"task_id": row.id, "status": row.status, "progress": row.progress}
