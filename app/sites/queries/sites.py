"""Rows of sites: found, listed, written and removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, func, insert, select, update

from app.core.listing import count_up_to, in_order
from app.core.principal import Principal
from app.core.tables import insert_for
from app.domain.task_row import TaskRow
from app.events.tables import UNFINISHED_VISIBLE, VISIBLE, scan_tasks
from app.identity import accounts
from app.sites.tables import OVERDUE, managed_sites, site_tags

MAX_LABELLED: Final = 10_000  # sites whose groups are counted, and tags of sites
MAX_LABELS: Final = 500  # groups, and tags, of a list of them
m, g, t = managed_sites.c, site_tags.c, scan_tasks.c
SiteKey = tuple[str, str]  # owner and target
SiteRow = Row[Any]  # of `managed_sites`


@dataclass(frozen=True, slots=True)
class SiteFilter:
    """Which sites a list has; None does not filter. `q` is a part of the target's name; `overdue`: these alone."""

    group: str | None = None
    tag: str | None = None
    q: str | None = None
    target: str | None = None
    overdue: bool = False


def find(connection: Connection, site_id: str, principal: Principal) -> Row[Any] | None:
    """Return the site's row; None when it is missing or not for the principal."""
    return connection.execute(_seen_by(select(managed_sites).where(m.id == site_id), principal)).one_or_none()


def known_targets(connection: Connection, user_id: str, targets: Sequence[str]) -> dict[str, str]:
    """Return the ids of those of these targets that the user has as sites."""
    query = select(m.target_domain, m.id).where(m.user_id == user_id, m.target_domain.in_(targets))
    return {row.target_domain: row.id for row in connection.execute(query)}


def count(connection: Connection, user_id: str, at_most: int) -> int:
    """Count the user's sites, up to `at_most`."""
    return count_up_to(connection, select(m.id).where(m.user_id == user_id), at_most)


def list_page(
    connection: Connection, principal: Principal, wanted: SiteFilter, *, offset: int, limit: int
) -> tuple[list[Row[Any]], int]:
    """Return one page by name, and the total as far as it is counted (`listing.MAX_COUNTED`)."""
    query = _seen_by(select(m.id).where(*_terms(wanted)), principal)
    page = query.order_by(m.target_domain, m.id).offset(offset).limit(limit)
    ids = list(connection.execute(page).scalars())
    return in_order(connection, managed_sites, ids), count_up_to(connection, query)


def in_group(connection: Connection, user_id: str, group: str, limit: int) -> list[Row[Any]]:
    """Return the user's sites of this group, by name, at most `limit`."""
    query = select(managed_sites).where(m.user_id == user_id, m.group_name == group)
    return list(connection.execute(query.order_by(m.target_domain).limit(limit)))


def after(connection: Connection, site_id: str, limit: int) -> list[Row[Any]]:
    """Return the next sites by id, of all users, each with `owner_is_active`."""
    is_active = accounts.owner_is_active(m.user_id).label("owner_is_active")
    query = select(managed_sites, is_active).where(m.id > site_id)
    return list(connection.execute(query.order_by(m.id).limit(limit)))


def count_overdue(connection: Connection) -> int:
    """Count the sites of all users that are overdue."""
    return count_up_to(connection, select(m.overdue_since).where(OVERDUE))


def groups(connection: Connection, principal: Principal) -> list[tuple[str, int]]:
    """Return the groups, each with its number of sites, by name."""
    some = _seen_by(select(m.group_name), principal).limit(MAX_LABELLED).subquery()
    query = select(some.c.group_name, func.count()).where(some.c.group_name.is_not(None)).group_by(some.c.group_name)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(some.c.group_name).limit(MAX_LABELS))]


def tags(connection: Connection, principal: Principal) -> list[tuple[str, int]]:
    """Return the tags, each with its number of sites, by name."""
    mine = select(m.id).where(m.user_id == principal.user_id).limit(MAX_LABELLED)
    some = select(g.tag) if principal.sees_all else select(g.tag).where(g.site_id.in_(mine))
    read = some.limit(MAX_LABELLED).subquery()
    query = select(read.c.tag, func.count()).group_by(read.c.tag).order_by(read.c.tag)
    return [(row[0], row[1]) for row in connection.execute(query.limit(MAX_LABELS))]


def tags_of(connection: Connection, site_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the tags of each of these sites, by name."""
    found: dict[str, list[str]] = {site_id: [] for site_id in site_ids}
    for row in connection.execute(select(site_tags).where(g.site_id.in_(site_ids))):
        found[row.site_id].append(row.tag)
    return {site_id: sorted(labels) for site_id, labels in found.items()}


def add(connection: Connection, row: Mapping[str, Any], labels: Sequence[str]) -> bool:
    """Write a new site with its tags. False: its owner has that target already."""
    statement = insert_for(connection, managed_sites).values(**row)
    unless_known = statement.on_conflict_do_nothing(index_elements=[m.user_id, m.target_domain])
    if not connection.execute(unless_known.returning(m.id)).first():
        return False
    _add_tags(connection, row["id"], labels)
    return True


def change(connection: Connection, site_id: str, values: Mapping[str, Any], labels: Sequence[str] | None) -> None:
    """Change columns and, unless None, the tags of a site."""
    if values:
        connection.execute(update(managed_sites).where(m.id == site_id).values(**values))
    if labels is not None:
        connection.execute(delete(site_tags).where(g.site_id == site_id))
        _add_tags(connection, site_id, labels)


def remove(connection: Connection, site_id: str) -> None:
    connection.execute(delete(managed_sites).where(m.id == site_id))


def forget_user(connection: Connection, user_id: str) -> None:
    """Remove the user's sites: nothing of them is scanned any more; the rest of the user goes piece by piece."""
    connection.execute(delete(managed_sites).where(m.user_id == user_id))


def scans(connection: Connection, site: SiteKey, *, offset: int, limit: int) -> tuple[list[TaskRow], int]:
    """Return a page of the site's scans, the newest first, and the total."""
    query = select(t.id).where(t.user_id == site[0], t.target_domain == site[1], VISIBLE)
    ids = list(connection.execute(query.order_by(t.id.desc()).offset(offset).limit(limit)).scalars())
    return [TaskRow(*row) for row in in_order(connection, scan_tasks, ids)], count_up_to(connection, query)


def unfinished(connection: Connection, some: Sequence[SiteKey]) -> dict[SiteKey, Any]:
    """Return of each of these sites, where it has one, the newest scan that waits or runs."""
    found: dict[SiteKey, Any] = {}
    wanted = set(some)
    columns = (t.id, t.user_id, t.target_domain, t.status, t.progress)
    for user_id in {owner for owner, _ in some}:
        query = select(*columns).where(t.user_id == user_id, UNFINISHED_VISIBLE)
        for row in connection.execute(query):
            key = (row.user_id, row.target_domain)
            if key in wanted and (key not in found or found[key].id < row.id):
                found[key] = row
    return found


def has_unfinished(connection: Connection, site: SiteKey, *, besides: str = "") -> bool:
    """Return whether a scan of the site waits or runs, other than `besides`."""
    mine = (t.user_id == site[0], t.target_domain == site[1], UNFINISHED_VISIBLE, t.id != besides)
    return connection.execute(select(t.id).where(*mine).limit(1)).first() is not None


def _terms(wanted: SiteFilter) -> list[ColumnElement[bool]]:
    terms: list[ColumnElement[bool]] = []
    if wanted.target is not None:
        terms.append(m.target_domain == wanted.target)
    if wanted.group is not None:
        terms.append(m.group_name == wanted.group)
    if wanted.q:
        terms.append(m.target_domain.contains(wanted.q, autoescape=True))
    if wanted.tag is not None:
        terms.append(exists().where(g.site_id == m.id, g.tag == wanted.tag))
    if wanted.overdue:
        terms.append(m.overdue_since.is_not(None))
    return terms


def _seen_by(query: Select[Any], principal: Principal) -> Select[Any]:
    mine = () if principal.sees_all else (m.user_id == principal.user_id,)
    of_group = () if principal.group is None else (m.group_name == principal.group,)
    return query.where(*mine, *of_group)


def _add_tags(connection: Connection, site_id: str, labels: Sequence[str]) -> None:
    if labels:
        connection.execute(insert(site_tags), [{"site_id": site_id, "tag": tag} for tag in labels])
