"""Versions of lists, how their updates went, and parts of their files. There are few: sixteen lists at most."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.domain.reputation_lists import ListFault
from app.events.tables import UNFINISHED_ONLY, scan_tasks
from app.lists.tables import list_parts, list_states, list_versions

MAX_SUPERSEDED: Final = 1_000  # that are looked at in one go

v, s, p, t = list_versions.c, list_states.c, list_parts.c, scan_tasks.c


def in_effect(connection: Connection, keys: Collection[str]) -> dict[str, Row[Any]]:
    """Return the version of each list that has one, by the key of its definition."""
    found = select(list_versions).where(v.list_key.in_(keys), v.superseded_at.is_(None))
    return {row.list_key: row for row in connection.execute(found)}


def states(connection: Connection, keys: Collection[str]) -> dict[str, Row[Any]]:
    """Return how the last update of each list went, by the key of its definition."""
    return {row.list_key: row for row in connection.execute(select(list_states).where(s.list_key.in_(keys)))}


def note_update(connection: Connection, values: dict[str, Any], taken: int | None = None) -> None:
    """Keep how an update went. `failing_since` of a list that fails already stays. `taken`: what an administrator
    takes, as the update knew it; that is done with when the source has said how long the list is.
    """
    found = select(s.failing_since, s.taken_entries).where(s.list_key == values["list_key"])
    known = connection.execute(found).first()
    since = known.failing_since if known is not None else None
    values = {**values, "failing_since": (since or values["checked_at"]) if values["fault"] is not None else None}
    if known is not None and known.taken_entries == taken and values["fault"] in (None, ListFault.SHRUNK):
        values["taken_entries"] = None
    if known is None:
        connection.execute(insert(list_states).values(**values))
    else:
        connection.execute(update(list_states).where(s.list_key == values["list_key"]).values(**values))


def take_shrunk(connection: Connection, key: str, entries: int) -> bool:
    """Note that a list may shrink to so many entries. False: it is not one that has shrunk to that."""
    shrunk = (s.list_key == key, s.fault == ListFault.SHRUNK.value, s.detail.startswith(f"{entries}/"))
    return connection.execute(update(list_states).where(*shrunk).values(taken_entries=entries)).rowcount == 1


def add_version(connection: Connection, values: dict[str, Any]) -> None:
    """Add a version, which takes the place of the one in effect."""
    older = update(list_versions).where(v.list_key == values["list_key"], v.superseded_at.is_(None))
    connection.execute(older.values(superseded_at=values["fetched_at"]))
    connection.execute(insert(list_versions).values(**values))


def note_validators(connection: Connection, version_id: str, etag: str, last_modified: str) -> None:
    """Keep what the source is to be asked with: it sent the same list under another mark."""
    changed = update(list_versions).where(v.id == version_id)
    connection.execute(changed.values(etag=etag, last_modified=last_modified))


def drop_others(connection: Connection, keys: Collection[str], now: datetime) -> None:
    """Forget lists that are in the setting no more; scans that began with them go on."""
    gone = update(list_versions).where(v.superseded_at.is_(None), v.list_key.not_in(keys))
    connection.execute(gone.values(superseded_at=now))
    connection.execute(delete(list_states).where(s.list_key.not_in(keys)))


def superseded(connection: Connection) -> list[Row[Any]]:
    """Return key, id and time of versions that are in effect no more, the latest first."""
    found = select(v.list_key, v.id, v.superseded_at).where(v.superseded_at.is_not(None))
    return list(connection.execute(found.order_by(v.superseded_at.desc()).limit(MAX_SUPERSEDED)))


def oldest_begun(connection: Connection) -> datetime | None:
    """Return when the oldest task was ordered that has begun and not ended; None: there is none."""
    found = select(func.min(t.created_at)).where(UNFINISHED_ONLY, t.started_at.is_not(None))
    oldest: datetime | None = connection.execute(found).scalar_one()
    return oldest


def remove(connection: Connection, ids: Collection[str]) -> None:
    """Remove versions, and files of no version."""
    connection.execute(delete(list_versions).where(v.id.in_(ids)))
    connection.execute(delete(list_parts).where(p.file_sha256.not_in(select(v.file_sha256))))


def files(connection: Connection) -> set[str]:
    """Return the hashes of the files of all versions."""
    return set(connection.execute(select(v.file_sha256).distinct()).scalars())


def add_part(connection: Connection, file_sha256: str, number: int, data: bytes) -> None:
    """Add a part, or write it anew."""
    connection.execute(delete(list_parts).where(p.file_sha256 == file_sha256, p.number == number))
    connection.execute(insert(list_parts).values(file_sha256=file_sha256, number=number, data=data))


def part(connection: Connection, file_sha256: str, number: int) -> bytes | None:
    """Return a part; None: there is no such."""
    found = select(p.data).where(p.file_sha256 == file_sha256, p.number == number)
    return connection.execute(found).scalar_one_or_none()
