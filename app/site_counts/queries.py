"""Queries over the runs of each site, and over the rows with its current results (`site_counts.tables`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, exists, func, insert, literal, select, tuple_, update

from app.core.principal import Principal
from app.core.tables import insert_for, marks
from app.domain.findings import COUNTED
from app.events.tables import COMPLETED_VISIBLE, VISIBLE, scan_runs, scan_tasks
from app.findings.tables import FOR_REVIEW, findings
from app.site_counts.tables import IN_REVIEW, NOW, open_counts, site_changes, sites

MAX_TASKS: Final = 400  # newest tasks of one site that are read
MAX_RUNS: Final = 1_000
SITES_AT_ONCE: Final = 100  # as below
TASKS_AT_ONCE: Final = 100  # for more, PostgreSQL prefers to read the whole table of runs
SUMMED: Final = ("sites", *COUNTED)
NEVER: Final = datetime.min.replace(tzinfo=UTC)
FILLED: Final = "sites"  # name of the mark: all runs that ended before it are counted
c, f, o, r, s, t = site_changes.c, findings.c, open_counts.c, scan_runs.c, sites.c, scan_tasks.c
Counts = Mapping[str, int]
SiteKey = tuple[str, str]  # owner and target: another user's scans of the same target have another history


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended. `conclusive`: its results can represent the site."""

    task_id: str
    user_id: str
    target_domain: str
    run: int
    attempt: int
    status: str
    verdict: Mapping[str, Any] | None
    finding_counts: Counts
    completed_at: datetime
    conclusive: bool

    @property
    def site(self) -> SiteKey:
        return self.user_id, self.target_domain


def lock(connection: Connection, site: SiteKey) -> bool:
    """Lock the site's row, creating it if necessary; return whether the site was counted before.

    Later reads of the site's runs see the runs of all earlier holders of the lock.
    """
    row = {"user_id": site[0], "target_domain": site[1]}
    insert_or_lock = insert_for(connection, sites).values(**row)
    statement = insert_or_lock.on_conflict_do_update(
        index_elements=[s.user_id, s.target_domain], set_={"user_id": insert_or_lock.excluded.user_id}
    )
    return connection.execute(statement.returning(s.completed_at)).scalar_one() is not None


def counts_of(connection: Connection, site: SiteKey) -> Counts:
    """Return the open findings of the site from its row."""
    row = connection.execute(select(*(s[name] for name in COUNTED)).where(*_is(s, site))).one()
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


def changes_of(connection: Connection, site: SiteKey) -> dict[date, Counts]:
    found = connection.execute(select(c.day, *(c[name] for name in SUMMED)).where(*_is(c, site)))
    return {row.day: {name: getattr(row, name) for name in SUMMED} for row in found}


def ended_runs(connection: Connection, site: SiteKey) -> list[EndedRun]:
    """Return the runs of the site's newest tasks, in the order in which they ended."""
    ids = select(t.id).where(t.user_id == site[0], t.target_domain == site[1], VISIBLE)
    newest = list(connection.execute(ids.order_by(t.id.desc()).limit(MAX_TASKS)).scalars())
    columns = (r.task_id, r.run, r.attempt, r.status, r.verdict, r.finding_counts, r.completed_at, r.conclusive)
    found: list[EndedRun] = []
    for start in range(0, len(newest), TASKS_AT_ONCE):
        some = r.task_id.in_(newest[start : start + TASKS_AT_ONCE])
        query = select(*columns).where(some, r.completed_at.is_not(None)).limit(MAX_RUNS - len(found))
        found += [EndedRun(row[0], *site, *row[1:]) for row in connection.execute(query)]
    return sorted(found, key=lambda run: (run.completed_at, run.run))


def waiting_scan(connection: Connection, site: SiteKey) -> tuple[str, datetime] | None:
    """Return the newest completed scan of the site, and when it ended; None: none of its findings needs a review."""
    mine = (t.user_id == site[0], t.target_domain == site[1], COMPLETED_VISIBLE)
    query = select(t.id, t.completed_at).where(*mine).order_by(t.completed_at.desc(), t.id.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return None
    waits = connection.execute(select(exists().where(f.task_id == row.id, FOR_REVIEW))).scalar_one()
    return (row.id, row.completed_at) if waits else None


def write(connection: Connection, site: SiteKey, values: Mapping[str, Any]) -> None:
    connection.execute(update(sites).where(*_is(s, site)).values(**values))


def remove(connection: Connection, site: SiteKey) -> None:
    connection.execute(delete(sites).where(*_is(s, site)))


def replace_changes(connection: Connection, site: SiteKey, changes: Mapping[date, Counts]) -> None:
    connection.execute(delete(site_changes).where(*_is(c, site)))
    rows = [{"user_id": site[0], "target_domain": site[1], "day": day, **counts} for day, counts in changes.items()]
    if rows:
        connection.execute(insert(site_changes), rows)


def add_counts(connection: Connection, user_id: str, added: Mapping[date, Counts]) -> None:
    """Add to the open findings of all sites of the user, in the order of days, so that two writers cannot deadlock."""
    for day, counts in sorted(added.items()):
        statement = insert_for(connection, open_counts).values(day=day, user_id=user_id, **counts)
        more = {name: o[name] + statement.excluded[name] for name in counts}
        connection.execute(statement.on_conflict_do_update(index_elements=[o.day, o.user_id], set_=more))


def forget_user(connection: Connection, user_id: str) -> None:
    """Remove the counts of the user's sites; other data of the user is removed in batches."""
    for table in (sites, site_changes, open_counts):
        connection.execute(delete(table).where(table.c.user_id == user_id))


def totals(connection: Connection, principal: Principal, days: Sequence[date]) -> dict[date, Counts]:
    """Return the change in open findings on each of these days, without days without a change, and under NOW the
    current number.
    """
    query = select(o.day, *(func.sum(o[name]).label(name) for name in SUMMED)).where(o.day.in_([*days, NOW]))
    if not principal.sees_all:
        query = query.where(o.user_id == principal.user_id)
    found = connection.execute(query.group_by(o.day))
    return {row.day: {name: int(getattr(row, name)) for name in SUMMED} for row in found}


def worst(connection: Connection, principal: Principal, limit: int) -> list[Row[Any]]:
    """Return rows of `sites`, in the order of the overview."""
    query = select(sites).where(s.urgency.is_not(None))
    if not principal.sees_all:
        query = query.where(s.user_id == principal.user_id)
    return list(connection.execute(query.order_by(s.urgency).limit(limit)))


def waiting_scans(
    connection: Connection, principal: Principal, *, upto: tuple[datetime, str] | None, limit: int
) -> list[tuple[str, datetime]]:
    """Return (task, end time) of the next scans with findings that need a review, newest first; `upto`: from the scan
    with this time and id on, inclusive.
    """
    query = select(s.review_task_id, s.review_at).where(IN_REVIEW)
    if not principal.sees_all:
        query = query.where(s.user_id == principal.user_id)
    if upto is not None:
        query = query.where(tuple_(s.review_at, s.review_task_id) <= tuple_(literal(upto[0]), literal(upto[1])))
    found = connection.execute(query.order_by(s.review_at.desc(), s.review_task_id.desc()).limit(limit))
    return [(row.review_task_id, row.review_at) for row in found]


def standings(connection: Connection, some: Sequence[SiteKey]) -> dict[SiteKey, Row[Any]]:
    """Return the rows of `sites` of these sites, with `conclusive_at`: when the newest conclusive run ended.

    At most SITES_AT_ONCE of them.
    """
    shown = (r.task_id == s.shown_task_id) & (r.attempt == s.shown_attempt) & r.conclusive
    query = select(sites, r.completed_at.label("conclusive_at")).outerjoin(scan_runs, shown)
    found = connection.execute(query.where(_any_of(s, some)))
    return {(row.user_id, row.target_domain): row for row in found}


def changes_since(connection: Connection, some: Sequence[SiteKey], day: date) -> dict[SiteKey, dict[date, int]]:
    """Return the change in open findings of each site on each day after `day`. At most SITES_AT_ONCE sites."""
    found: dict[SiteKey, dict[date, int]] = {site: {} for site in some}
    query = select(c.user_id, c.target_domain, c.day, c.total).where(_any_of(c, some), c.day > day)
    for row in connection.execute(query):
        found[row.user_id, row.target_domain][row.day] = row.total
    return found


def site_runs(connection: Connection, after: SiteKey | None, limit: int) -> list[Row[Any]]:
    """Return (user_id, target_domain, task_id, attempt, run, completed_at) of the sites after this one: the run with
    the current results of each. `run` NULL: the run was removed.
    """
    same = (r.task_id == s.shown_task_id) & (r.attempt == s.shown_attempt)
    columns = (s.user_id, s.target_domain, s.shown_task_id.label("task_id"), s.shown_attempt.label("attempt"))
    query = select(*columns, r.run, r.completed_at).outerjoin(scan_runs, same).where(s.shown_task_id.is_not(None))
    if after is not None:
        query = query.where(tuple_(s.user_id, s.target_domain) > tuple_(*map(literal, after)))
    return list(connection.execute(query.order_by(s.user_id, s.target_domain).limit(limit)))


def existing_sites(connection: Connection, keys: Sequence[SiteKey]) -> set[SiteKey]:
    """Return the subset of these sites that has a run."""
    query = select(s.user_id, s.target_domain).where(tuple_(s.user_id, s.target_domain).in_(list(keys)))
    return {(row.user_id, row.target_domain) for row in connection.execute(query)}


def filled_until(connection: Connection) -> datetime | None:
    """Return the time up to which all ended runs are counted; None: not all older runs are counted yet."""
    return connection.execute(select(marks.c.at).where(marks.c.name == FILLED)).scalar_one_or_none()


def is_all_counted(connection: Connection) -> bool:
    """Return whether all runs are counted, or there are none."""
    if filled_until(connection) is not None:
        return True
    return connection.execute(select(r.task_id).limit(1)).first() is None


def note_filled(connection: Connection, at: datetime) -> None:
    statement = insert_for(connection, marks).values(name=FILLED, at=at)
    connection.execute(statement.on_conflict_do_update(index_elements=[marks.c.name], set_={"at": at}))


def ended_after(
    connection: Connection, after: tuple[datetime, str, int], limit: int
) -> tuple[list[SiteKey], tuple[datetime, str, int] | None]:
    """Read the next runs that ended after this time, task and number. Return the sites that do not count them yet, and
    where to continue; None: these were the last runs.
    """
    key = (r.completed_at, r.task_id, r.run)
    query = select(*key).where(tuple_(*key) > tuple_(*map(literal, after))).order_by(*key).limit(limit)
    ended = [(row.completed_at, row.task_id, row.run) for row in connection.execute(query)]
    owned = select(t.id, t.user_id, t.target_domain).where(t.id.in_({task_id for _, task_id, _ in ended}), VISIBLE)
    by_task = {row.id: (row.user_id, row.target_domain) for row in connection.execute(owned)}
    keys = tuple_(s.user_id, s.target_domain).in_(list(set(by_task.values())))
    counted = select(s.user_id, s.target_domain, s.completed_at).where(keys, s.completed_at.is_not(None))
    known = {(row.user_id, row.target_domain): row.completed_at for row in connection.execute(counted)}
    behind = [by_task[task] for at, task, _ in ended if task in by_task and known.get(by_task[task], NEVER) < at]
    return list(dict.fromkeys(behind)), None if len(ended) < limit else ended[-1]


def _any_of(columns: Any, some: Sequence[SiteKey]) -> Any:
    return tuple_(columns.user_id, columns.target_domain).in_(list(some))


def _is(columns: Any, site: SiteKey) -> Sequence[Any]:
    return columns.user_id == site[0], columns.target_domain == site[1]
