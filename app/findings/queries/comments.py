"""Comments on findings, by the owner and the target of the scans."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, insert, literal, select, union_all

from app.core.ids import new_id
from app.findings.tables import assignments, comments

Key = tuple[str, str, str, str]  # owner, target, domain and cause of a finding
a, c = assignments.c, comments.c
_KEY: Final = ("user_id", "target_domain", "domain", "cause")
_SHOWN: Final = (*_KEY, "author_name", "created_at", "text", "id")
# The note of an assignment that an older version wrote, as a comment.
_NOTE: Final = (*(a[name] for name in _KEY), a.changed_by_name, a.changed_at, a.comment, literal("").label("id"))


def of_target(connection: Connection, user_id: str, target_domain: str) -> list[Row[Any]]:
    """Return all comments on findings of one target, those of a finding in the order of time."""
    return _read(connection, {"user_id": user_id, "target_domain": target_domain})


def of_domains(connection: Connection, user_id: str, target_domain: str, domains: Sequence[str]) -> list[Row[Any]]:
    """Return the comments on findings of these domains, those of a finding in the order of time."""
    return _read(connection, {"user_id": user_id, "target_domain": target_domain}, domains)


def of_finding(connection: Connection, key: Key) -> list[Row[Any]]:
    """Return the comments on one finding in the order of time."""
    return _read(connection, dict(zip(_KEY, key, strict=True)))


def add(connection: Connection, key: Key, values: Mapping[str, Any]) -> Row[Any]:
    """Write a comment of these `author_name`, `created_at` and `text`, and return it."""
    row = insert(comments).values(id=new_id(), **dict(zip(_KEY, key, strict=True)), **values)
    return connection.execute(row.returning(comments)).one()


def keep_notes(connection: Connection, *which: ColumnElement[bool]) -> None:
    """Write the notes of these assignments as comments, before the assignments change. The caller removes the notes."""
    for row in connection.execute(select(*_NOTE).where(*which, a.comment.is_not(None))).all():
        add(connection, tuple(row)[: len(_KEY)], dict(zip(_SHOWN[len(_KEY) : -1], row[len(_KEY) : -1], strict=True)))


def _read(connection: Connection, key: Mapping[str, str], domains: Sequence[str] | None = None) -> list[Row[Any]]:
    wanted = list(dict.fromkeys(domains or ()))
    written = select(*(c[name] for name in _SHOWN)).where(*(c[name] == value for name, value in key.items()))
    notes = select(*_NOTE).where(*(a[name] == value for name, value in key.items()), a.comment.is_not(None))
    if domains is not None:
        written, notes = written.where(c.domain.in_(wanted)), notes.where(a.domain.in_(wanted))
    return sorted(connection.execute(union_all(written, notes)), key=lambda row: (row.created_at, row.id))
