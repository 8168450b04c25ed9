"""Scan tasks as their owners use them: create, look, cancel, retry, delete. Foreign looks like missing."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound
from app.core.identity import Identity
from app.core.ids import new_id
from app.domain.tasks import TaskStatus
from app.events.journal import Journal, Unit
from app.events.log import Place
from app.repositories import queue, tasks
from app.repositories.tasks import Viewer
from app.services.audit import AuditTrail
from app.services.lifecycle import Lifecycle
from app.services.once import Once
from app.services.ports import ParsedTarget, ScanRunner, TargetParser
from app.services.views import Json, task_view

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROUNDS: Final = 5  # of compare-and-set, when others change the task at the same time


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from which address (for the audit trail)."""

    user_id: str
    username: str
    is_admin: bool
    address: str | None = None

    @classmethod
    def of(cls, identity: Identity, address: str | None = None) -> "Actor":
        return cls(identity.user_id, identity.username, identity.is_admin, address)

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.user_id, is_admin=self.is_admin)


class ScanService:
    """Each method is one use case with its own transactions. After COMMIT the runner gets its hint."""

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        clock: Clock,
        journal: Journal,
        lifecycle: Lifecycle,
        audit: AuditTrail,
        runner: ScanRunner,
        targets: TargetParser,
    ) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock
        self._journal = journal
        self._lifecycle = lifecycle
        self._audit = audit
        self._runner = runner
        self._targets = targets

    async def create(self, actor: Actor, target_domain: str, config: Mapping[str, Any]) -> Json:
        """A pending task. `config` holds `schemas.tasks.ScanOptions`, bounds checked.

        Raises:
            InvalidInput: the target or a start URL cannot be scanned (`target_...`, `start_url_...`).
            Forbidden: `target_not_allowed` in this deployment.
            LimitReached: `task_limit`, too many unfinished tasks of this user.
        """
        task, _ = await self.create_once(actor, target_domain, config, key=None)
        return task

    async def create_once(
        self, actor: Actor, target_domain: str, config: Mapping[str, Any], *, key: str | None
    ) -> tuple[Json, bool]:
        """As `create`, and whether nothing was done because this user has used the key for the same request before.

        Such a request gets what the first one got, for `idempotency_key_ttl_s`; of several at once one is carried out.
        Kept is the answer without `config`, which is the request's own and may be large.

        Raises:
            InvalidInput: also `idempotency_key_reused`, for another request.
        """
        # In a thread: there may be a hundred long URLs, and the first name of all loads the list of public suffixes.
        target, stored = await asyncio.to_thread(self._parse, target_domain, config)
        task_id = new_id()
        create = self._lifecycle.create(task_id, user_id=actor.user_id, target_domain=target.name, config=stored)
        unit = self._within_limit(actor.user_id, create)
        request = {"target_domain": target_domain, "config": config}
        once = None if key is None else Once.of(actor.user_id, key, request)
        task, replayed = await self._carry_out(actor, task_id, unit, once)
        if replayed:
            task = {**task, "config": stored}
        else:
            self._runner.wake()
            self._record("task.create", actor, task_id, {"target": target.name})
        return task, replayed

    def _parse(self, target_domain: str, config: Mapping[str, Any]) -> tuple[ParsedTarget, dict[str, Any]]:
        """The target, and the options as they are kept."""
        target = self._targets.parse(target_domain)
        self._check_allowed(target)
        starts = [self._targets.parse_start_url(url, target) for url in config.get("start_urls", ())]
        return target, {**config, "start_urls": list(dict.fromkeys(starts))}

    async def _carry_out(self, actor: Actor, task_id: str, unit: Unit, once: Once | None) -> tuple[Json, bool]:
        """The new task as it is answered, or what was kept of the answer before; key and task are one transaction."""
        known: Json | None = None
        made: Json = {}

        def work(connection: Connection) -> Place | None:
            nonlocal known, made
            now = self._clock.now()
            since = now - timedelta(seconds=self._settings.idempotency_key_ttl_s)
            known = once.recall(connection, since=since) if once else None
            if known is not None:
                return None
            place = unit(connection)
            made = self._view(connection, find_seen(connection, task_id, actor.viewer))
            if once:
                once.keep(connection, {key: value for key, value in made.items() if key != "config"}, now=now)
            return place

        await self._journal.write(work)
        return (made, False) if known is None else (known, True)

    async def get(self, actor: Actor, task_id: str) -> Json:
        """Raises NotFound."""

        def work(connection: Connection) -> Json:
            return self._view(connection, find_seen(connection, task_id, actor.viewer))

        return await self._db.read(work)

    async def list_page(
        self,
        actor: Actor,
        *,
        page: int,
        page_size: int,
        status: str | None = None,
        domain: str | None = None,
        sort: str = "-created_at",
    ) -> tuple[list[Json], int]:
        """One page and the total. `sort`: a name of `repositories.tasks.SORTABLE`, descending with a leading minus.

        Raises InvalidInput.
        """
        if sort.removeprefix("-") not in tasks.SORTABLE:
            raise InvalidInput(f"Tasks can be sorted by {', '.join(tasks.SORTABLE)}.", code="invalid_sort")

        def work(connection: Connection) -> tuple[list[Json], int]:
            offset = (page - 1) * page_size
            rows, total = tasks.list_page(
                connection, actor.viewer, offset=offset, limit=page_size, status=status, domain=domain, sort=sort
            )
            places = queue.positions(connection, rows)
            language = self._settings.language
            return [task_view(row, language=language, queue_position=places.get(row.id)) for row in rows], total

        return await self._db.read(work)

    async def cancel(self, actor: Actor, task_id: str) -> Json:
        """Pending: cancelled at once. Running: `cancelling`. Already so: nothing changes.

        Raises NotFound; Conflict (`task_finished`).
        """
        for _ in range(_ROUNDS):
            row = await self._find(actor, task_id)
            match TaskStatus(row.status):
                case TaskStatus.CANCELLING | TaskStatus.CANCELLED:
                    return await self.get(actor, task_id)
                case TaskStatus.PENDING:
                    unit = self._lifecycle.cancel_pending(task_id, by=actor.username)
                case TaskStatus.RUNNING:
                    unit = self._lifecycle.request_cancel(task_id, by=actor.username)
                case _:
                    raise Conflict("The task has ended already.", code="task_finished")
            if await self._journal.write(unit) is not None:
                self._runner.cancel(task_id)
                self._record("task.cancel", actor, task_id)
                return await self.get(actor, task_id)
        raise _contended()

    async def retry(self, actor: Actor, task_id: str) -> Json:
        """From a terminal status to pending, from the beginning. One that waits, or runs after a retry: unchanged.

        Raises NotFound; Conflict (`task_running`); LimitReached (`task_limit`).
        """
        for _ in range(_ROUNDS):
            row = await self._find(actor, task_id)
            if _is_retried(row):
                return await self.get(actor, task_id)
            if row.status in (TaskStatus.RUNNING, TaskStatus.CANCELLING):
                raise Conflict("The task is running.", code="task_running")
            retry = self._lifecycle.retry(task_id, by=actor.username)
            if await self._journal.write(self._within_limit(row.user_id, retry)) is not None:
                self._runner.wake()
                self._record("task.retry", actor, task_id)
                return await self.get(actor, task_id)
        raise _contended()

    async def delete(self, actor: Actor, task_id: str) -> None:
        """Invisible from now on; the rows are purged later.

        Raises NotFound; Conflict (`task_running`).
        """
        await self._find(actor, task_id)
        if await self._journal.write(self._lifecycle.delete(task_id, by=actor.username)) is None:
            await self._find(actor, task_id)  # deleted by somebody else meanwhile: missing
            raise Conflict("A running task cannot be deleted; cancel it first.", code="task_running")
        self._runner.wake()
        self._record("task.delete", actor, task_id)

    async def _find(self, actor: Actor, task_id: str) -> Row[Any]:
        return await self._db.read(lambda connection: find_seen(connection, task_id, actor.viewer))

    def _view(self, connection: Connection, row: Row[Any]) -> Json:
        position = queue.position(connection, row)
        return task_view(row, language=self._settings.language, queue_position=position)

    def _check_allowed(self, target: ParsedTarget) -> None:
        allowed = [name.lower().rstrip(".") for name in self._settings.allowed_targets]
        if allowed and not any(target.name == name or target.name.endswith(f".{name}") for name in allowed):
            raise Forbidden("This deployment does not scan that domain.", code="target_not_allowed")

    def _within_limit(self, user_id: str, unit: Unit) -> Unit:
        """The same unit behind a count in the same transaction, so that two requests cannot both be the last."""
        limit = self._settings.max_unfinished_tasks_per_user

        def limited(connection: Connection) -> Place | None:
            if tasks.count_unfinished(connection, user_id) >= limit:
                raise LimitReached(f"At most {limit} unfinished tasks at once.", code="task_limit", retry_after_s=60)
            return unit(connection)

        return limited

    def _record(self, action: str, actor: Actor, task_id: str, detail: Mapping[str, Any] | None = None) -> None:
        self._audit.record(action, user_id=actor.user_id, address=actor.address, object_id=task_id, detail=detail)


def find_seen(connection: Connection, task_id: str, viewer: Viewer) -> Row[Any]:
    """The task's row. Raises NotFound for missing, deleted and foreign ones, and for what is no id at all."""
    row = tasks.find(connection, task_id, viewer) if _ID.fullmatch(task_id) else None
    if row is None:
        raise NotFound("There is no such task.")
    return row


def _is_retried(row: Row[Any]) -> bool:
    """A retry has had its effect already: the task waits, or runs in a run that a retry began."""
    return bool(row.status == TaskStatus.PENDING or (row.status == TaskStatus.RUNNING and row.run > 1))


def _contended() -> Conflict:
    return Conflict("Others are changing this task; look again.", code="contended")
