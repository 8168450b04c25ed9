"""Administration of users. The last active administrator can neither be removed, disabled nor made a user."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict, NotFound, Unavailable
from app.core.ids import new_id
from app.core.principal import ADMIN, ASSIGNABLE, READER_ROUTES, VIEWER
from app.core.security import Passwords
from app.events.bus.base import AccessHint, Publisher
from app.identity.audit import AuditTrail
from app.identity.queries import links, sessions, users
from app.identity.queries.tokens import revoke_tokens
from app.scanstore.port import StoreRemoval

# Of one transaction, when a user is removed: some 10 ms of the write lock. Others come in the pauses.
TASKS_AT_ONCE: Final = 100
ROWS_AT_ONCE: Final = 1_000
NOTIFICATIONS_AT_ONCE: Final = 200  # which are longer
PAUSE_S: Final = 0.005
RETRY_AFTER_S: Final = 60.0  # a disk is not mended sooner
CHANGEABLE: Final = frozenset({"email", "password", "role", "is_active", "scan_priority"})
log = structlog.get_logger(__name__)


class UserScans(Protocol):
    """What users have ordered, as their removal and their priority change it; each in the caller's transaction."""

    def has_active(self, connection: Connection, user_id: str) -> bool:
        """Whether a task of the user runs."""
        ...

    def has_held(self, connection: Connection, user_id: str) -> bool:
        """Whether a task of the user is under a legal hold."""
        ...

    def change_ranks(self, connection: Connection, user_id: str, before: int, after: int) -> None:
        """Give waiting tasks another place, but for those that were given one of their own."""
        ...

    def forget(self, connection: Connection, user_id: str, now: datetime) -> None:
        """Mark what waits as deleted, and forget what is open of the user's sites."""
        ...

    def unassign(self, connection: Connection, user_id: str, now: datetime, *, only_foreign: bool) -> int:
        """Take the findings away that are assigned to the user, with `only_foreign` those of others' scans alone;
        return how many.
        """
        ...

    def mark_deleted_some(
        self, connection: Connection, user_id: str, now: datetime, limit: int
    ) -> list[tuple[str, int]]:
        """Mark some tasks as deleted, and return them, each with its last run."""
        ...

    def purge(self, connection: Connection, task_ids: Sequence[str], limit: int) -> int:
        """Remove up to `limit` rows of deleted tasks, one task after the other. Return how many tasks are gone."""
        ...

    def purge_notifications(self, connection: Connection, user_id: str, limit: int) -> int:
        """Remove some of what the user was notified of, and of what rules know of the user's scans; return how many
        rows that were.
        """
        ...


@dataclass(kw_only=True, eq=False, repr=False)
class UserService:
    """Every method is for administrators: the borders see to it. `by` is the acting administrator's id."""

    db: Database
    bus: Publisher
    clock: Clock
    passwords: Passwords
    audit: AuditTrail
    scans: UserScans
    remove_files: StoreRemoval

    async def list_page(
        self, wanted: users.UserFilter = users.ALL, *, page: int, page_size: int
    ) -> tuple[list[Row[Any]], int]:
        offset = (page - 1) * page_size
        return await self.db.read(
            lambda connection: users.list_page(connection, wanted, offset=offset, limit=page_size)
        )

    async def get(self, user_id: str) -> Row[Any]:
        """Raises NotFound."""
        return await self.db.read(lambda connection: _find(connection, user_id))

    async def create(self, *, username: str, email: str, password: str, role: str, by: str) -> Row[Any]:
        """Raises Conflict (`username_taken`, `email_taken`)."""
        values = {
            "id": new_id(),
            "username": username,
            "email": email,
            "password_hash": await self.passwords.hash(password),
            "role": role,
            "is_active": True,
            "token_version": 1,
            "created_at": self.clock.now(),
        }

        def work(connection: Connection) -> Row[Any]:
            _refuse_taken(connection, username=username, email=email)
            users.add(connection, values)
            return _find(connection, str(values["id"]))

        row = await self.db.write(work)
        self.audit.record("user.create", user_id=by, object_id=row.id, detail={"role": role})
        return row

    async def update(self, user_id: str, changes: Mapping[str, Any], *, by: str) -> Row[Any]:
        """Changes some of `CHANGEABLE`. A new password or a deactivation ends all of the user's sessions, API keys
        and read-only links; links end with the role of a reviewer or a viewer, too, and findings are no longer assigned
        to who may not judge them. A new priority holds for what waits, too.

        Raises NotFound; Conflict (`email_taken`, `last_admin`).
        """
        assert changes.keys() <= CHANGEABLE
        values = dict(changes)
        password = values.pop("password", None)
        if password is not None:
            values["password_hash"] = await self.passwords.hash(password)
        row, unassigned = await self.db.write(lambda connection: self._change(connection, user_id, values))
        self.bus.publish(AccessHint(user_id))
        self.audit.record("user.update", user_id=by, object_id=user_id, detail={"fields": sorted(changes)})
        self._note_unassigned(user_id, unassigned, by=by)
        return row

    async def delete(self, user_id: str, *, by: str) -> None:
        """Removes the user with sessions, tasks and results.

        A user may have millions of rows, and everybody writes behind one lock: the account ends at once, what belongs
        to it goes in small transactions, and the user's own row is the last. A process that ends in between leaves an
        account that is disabled, to be removed again.

        Raises NotFound; Conflict (`last_admin`, `user_has_running_tasks`, `user_has_held_scans`); Unavailable when
        files cannot be removed: before anything has changed, or, when a single file resists, to be asked again and to
        go on there.
        """
        with _files_unavailable("files_locked"):
            await asyncio.to_thread(self.remove_files.require_writable)
        unassigned = await self.db.write(lambda connection: self._disable(connection, user_id))
        self.bus.publish(AccessHint(user_id))
        self._note_unassigned(user_id, unassigned, by=by)
        mark_some = partial(self.scans.mark_deleted_some, user_id=user_id, now=self.clock.now(), limit=TASKS_AT_ONCE)
        while found := await self.db.write(mark_some):
            with _files_unavailable("file_not_removed"):
                await asyncio.to_thread(self._remove_all_files, found)
            await self._purge([task_id for task_id, _ in found])
        purge_told = partial(self.scans.purge_notifications, user_id=user_id, limit=NOTIFICATIONS_AT_ONCE)
        while await self.db.write(purge_told):
            await self.clock.sleep(PAUSE_S)
        await self.db.write(lambda connection: self._remove(connection, user_id))
        self.audit.record("user.delete", user_id=by, object_id=user_id)

    async def _purge(self, task_ids: list[str]) -> None:
        while task_ids:
            gone = await self.db.write(partial(self.scans.purge, task_ids=task_ids, limit=ROWS_AT_ONCE))
            task_ids = task_ids[gone:]
            await self.clock.sleep(PAUSE_S)

    def _remove_all_files(self, runs: Sequence[tuple[str, int]]) -> None:
        for task_id, last_run in runs:
            self.remove_files(task_id, last_run)

    def _note_unassigned(self, user_id: str, findings: int, *, by: str) -> None:
        if findings:
            self.audit.record("finding.unassign", user_id=by, object_id=user_id, detail={"findings": findings})

    def _change(self, connection: Connection, user_id: str, values: Mapping[str, Any]) -> tuple[Row[Any], int]:
        """Return the user's new row, and how many findings are assigned to nobody now."""
        row = _find(connection, user_id)
        _refuse_taken(connection, email=values.get("email"), besides=user_id)
        disabled = values.get("is_active") is False
        if disabled or values.get("role", ADMIN) != ADMIN:
            _keep_an_admin(connection, row)
        role = values.get("role", row.role)
        ends = disabled or "password_hash" in values
        if values:
            version = {"token_version": row.token_version + 1} if ends else {}
            users.change(connection, user_id, {**values, **version})
        if "scan_priority" in values:
            self.scans.change_ranks(connection, user_id, -row.scan_priority, -values["scan_priority"])
        if ends:
            sessions.revoke_all(connection, user_id, now=self.clock.now())
            revoke_tokens(connection, user_id, now=self.clock.now())
        elif role in READER_ROUTES:  # who could not revoke them
            links.revoke_of_user(connection, user_id, now=self.clock.now())
        unassigned = 0
        judges_none = disabled or role == VIEWER
        if judges_none or (row.role in ASSIGNABLE and role not in ASSIGNABLE):
            only_foreign = not judges_none
            unassigned = self.scans.unassign(connection, user_id, self.clock.now(), only_foreign=only_foreign)
        return _find(connection, user_id), unassigned

    def _remove(self, connection: Connection, user_id: str) -> None:
        """A scan may have come under a legal hold since the account was ended: its row would go with the user's."""
        users.lock(connection, user_id)
        self._require_free(connection, user_id)
        users.remove(connection, user_id)

    def _require_free(self, connection: Connection, user_id: str) -> None:
        if self.scans.has_held(connection, user_id):
            raise Conflict(code="user_has_held_scans")

    def _disable(self, connection: Connection, user_id: str) -> int:
        """End the account: no session stays open, and no task of the user begins to run. Return how many findings are
        assigned to nobody now.
        """
        row = _find(connection, user_id)
        _keep_an_admin(connection, row)
        if self.scans.has_active(connection, user_id):
            raise Conflict(code="user_has_running_tasks")
        users.lock(connection, user_id)  # a hold that is being placed is seen, and a later one finds what is left
        self._require_free(connection, user_id)
        users.change(connection, user_id, {"is_active": False, "token_version": row.token_version + 1})
        sessions.revoke_all(connection, user_id, now=self.clock.now())
        revoke_tokens(connection, user_id, now=self.clock.now())
        self.scans.forget(connection, user_id, self.clock.now())
        return self.scans.unassign(connection, user_id, self.clock.now(), only_foreign=False)


@contextmanager
def _files_unavailable(text: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("files_not_removed", path=error.filename, reason=error.strerror)
        raise Unavailable(text=text, retry_after_s=RETRY_AFTER_S) from error


def _find(connection: Connection, user_id: str) -> Row[Any]:
    row = users.find(connection, user_id)
    if row is None:
        raise NotFound(text="no_such_user")
    return row


def _refuse_taken(
    connection: Connection, *, username: str | None = None, email: str | None = None, besides: str | None = None
) -> None:
    taken = users.taken(connection, username=username, email=email, besides=besides)
    if taken:
        raise Conflict(code=f"{taken}_taken")


def _keep_an_admin(connection: Connection, row: Row[Any]) -> None:
    users.lock_admins(connection)  # two of them must not take each other away
    if row.role == ADMIN and row.is_active and not users.count_other_admins(connection, row.id):
        raise Conflict(code="last_admin")
