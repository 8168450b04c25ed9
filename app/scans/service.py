"""Use cases of scan tasks: create, read, cancel, retry, delete. A task of another user looks like a missing one."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection

from app.configuration.target_rules import TargetRules
from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict, Forbidden, InvalidInput, LimitReached
from app.core.ids import new_id
from app.core.json_chunks import JsonChunks, encode_list
from app.core.live_settings import SettingsSource
from app.core.principal import Principal
from app.core.tracing import traced
from app.domain.messages import Language
from app.domain.scan_options import DEFAULTS, ScanOptions
from app.domain.targets import ParsedTarget, TargetParser
from app.domain.task_row import TaskRow
from app.domain.tasks import TaskStatus
from app.events.log import AppendResult
from app.events.writer import EventWriter, UnitOfWork
from app.identity import accounts
from app.identity.audit import AuditTrail
from app.scans.idempotent_request import IdempotentRequest
from app.scans.lifecycle import Lifecycle
from app.scans.own_domains import read_own_domains
from app.scans.ports import ScanRunner
from app.scans.queries import queue, runs, tasks
from app.scans.queries.task_filters import TaskFilter
from app.scans.serialisers import Json, serialise_run
from app.scans.shown_run import find_run, find_seen
from app.scans.task_views import view_tasks

_ROUNDS: Final = 5  # of compare-and-set, when others change the task at the same time


@dataclass(kw_only=True, eq=False, repr=False)
class ScanService:
    """Each method is one use case with its own transactions. After COMMIT the runner gets its hint.

    Raises ConfigurationError when an allowed target of the settings is no name.
    """

    settings: SettingsSource
    db: Database
    clock: Clock
    event_writer: EventWriter
    lifecycle: Lifecycle
    audit: AuditTrail
    runner: ScanRunner
    targets: TargetParser

    def __post_init__(self) -> None:
        self.rules = TargetRules(settings=self.settings, targets=self.targets)

    def default_options(self) -> ScanOptions:
        """Return what a scan does here when its user does not say."""
        settings = self.settings.current
        return ScanOptions(
            max_pages=settings.default_max_pages,
            max_depth=settings.default_max_depth,
            time_limit_s=settings.default_time_limit_s,
            use_passive_sources=settings.default_use_passive_sources,
            screenshots=settings.default_screenshots,
            cloaking=settings.default_cloaking,
        )

    async def create(self, principal: Principal, target_domain: str, options: ScanOptions = DEFAULTS) -> Json:
        """Make a pending task. The bounds of the options were checked.

        Raises:
            InvalidInput: the target or a start URL cannot be scanned (`target_...`, `start_url_...`).
            Forbidden: `target_not_allowed` in this deployment.
            LimitReached: `task_limit`, too many unfinished tasks of this user.
        """
        task, _ = await self.create_once(principal, target_domain, options, key=None)
        return task

    @traced
    async def create_once(
        self,
        principal: Principal,
        target_domain: str,
        options: ScanOptions,
        *,
        key: str | None,
        said: Collection[str] | None = None,
    ) -> tuple[Json, bool]:
        """Create a task once per key: also tell whether this user used the key for the same request before.

        `said`: the options that the user has said, the others are this deployment's; None: all of them.
        Such a request gets what the first one got, for `idempotency_key_ttl_s`; of several at once one is carried out.
        Kept is the answer without `config`, which is the request's own and may be large.

        Raises:
            InvalidInput: also `own_domains_too_long`, and `idempotency_key_reused` for another request.
            Forbidden: `target_not_allowed`, also of a target that is not in the group of the principal's key.
        """
        # In a thread: there may be a hundred long URLs, and the first name of all loads the list of public suffixes.
        chosen = options if said is None else self.fill_in(options, said)
        target, parsed = await asyncio.to_thread(self.parse, target_domain, chosen)
        if not await self.db.read(lambda connection: tasks.may_order(connection, principal, target.name)):
            raise Forbidden(code="target_not_allowed")
        stored = parsed.to_json()
        task_id = new_id()
        create = self.lifecycle.create(task_id, user_id=principal.user_id, target_domain=target.name, config=stored)
        unit = self.within_limit(principal.user_id, task_id, create)
        request = {"target_domain": target_domain, "config": options.chosen()}
        idempotent = None if key is None else IdempotentRequest.of(principal.user_id, key, request)
        task, replayed = await self._carry_out(principal, task_id, unit, idempotent)
        if replayed:
            task = {**task, "config": stored}
        else:
            self.runner.wake()
            self._record("task.create", principal, task_id, {"target": target.name})
        return task, replayed

    def fill_in(self, options: ScanOptions, said: Collection[str]) -> ScanOptions:
        """Return the options with this deployment's defaults for all that was not `said`."""
        return replace(self.default_options(), **{name: getattr(options, name) for name in said})

    def parse(self, target_domain: str, options: ScanOptions) -> tuple[ParsedTarget, ScanOptions]:
        """Return the target, and the options with serialised start URLs and own domains in A-labels. Blocking.

        Raises InvalidInput (InvalidFields among it), Forbidden.
        """
        target = self.targets.parse(target_domain)
        self.rules.check(target.name)
        starts = [self.targets.parse_start_url(url, target) for url in options.start_urls]
        own = read_own_domains(options.own_domains, self.targets)
        return target, replace(options, start_urls=tuple(dict.fromkeys(starts)), own_domains=own)

    async def _carry_out(
        self, principal: Principal, task_id: str, unit: UnitOfWork, idempotent: IdempotentRequest | None
    ) -> tuple[Json, bool]:
        """Write task and key in one transaction; return the new task, or what was kept of the answer before."""
        known: Json | None = None
        made: Json = {}

        def work(connection: Connection) -> AppendResult | None:
            nonlocal known, made
            now = self.clock.now()
            since = now - timedelta(seconds=self.settings.current.idempotency_key_ttl_s)
            known = idempotent.recall(connection, since=since) if idempotent else None
            if known is not None:
                return None
            result = unit(connection)
            made = self._view(connection, find_seen(connection, task_id, principal), None, principal)
            if idempotent:
                answer = {key: value for key, value in made.items() if key != "config"}
                idempotent.keep(connection, answer, now=now, since=since)
            return result

        await self.event_writer.write(work)
        if known is None or known["id"] == made.get("id"):  # ours, from a run whose COMMIT nobody had told us of
            return made, False
        return known, True

    @traced
    async def get(
        self, principal: Principal, task_id: str, attempt: int | None = None, *, language: Language | None = None
    ) -> Json:
        """The task as it is; with `attempt` as the run left it that has this attempt. Raises NotFound.

        `language`: of the reader; None: the deployment's, here as everywhere below.
        """

        def work(connection: Connection) -> Json:
            row = find_seen(connection, task_id, principal)
            shown = row if attempt is None else find_run(connection, row, attempt).task
            return self._view(connection, shown, language, principal)

        return await self.db.read(work)

    async def require_seen(self, principal: Principal, task_id: str) -> str:
        """Return the id of its owner. Raises NotFound for a task that is missing, deleted or foreign."""
        return await self.db.read(lambda connection: find_seen(connection, task_id, principal).user_id)

    async def attempts(
        self, principal: Principal, task_id: str, *, page: int, page_size: int, language: Language | None = None
    ) -> JsonChunks:
        """A page of the task's runs, the newest first (`scans.schemas.attempts.AttemptPage`). Raises NotFound."""
        chosen = language or self.settings.current.language

        def work(connection: Connection) -> JsonChunks:
            row = find_seen(connection, task_id, principal)
            found, total = runs.page(connection, row, offset=(page - 1) * page_size, limit=page_size)
            shown = runs.shown_attempts(connection, [row])[task_id]
            views = (serialise_run(run, chosen) for run in found)
            return encode_list(views, total=total, shown_attempt=shown)

        return await self.db.read(work)

    async def list_page(
        self,
        principal: Principal,
        wanted: TaskFilter,
        *,
        page: int,
        page_size: int,
        sort: str = "-created_at",
        language: Language | None = None,
    ) -> tuple[list[Json], int]:
        """One page and the total. `sort`: a name of `scans.queries.tasks.SORTABLE`, descending with a leading minus.

        Raises InvalidInput.
        """
        if sort.removeprefix("-") not in tasks.SORTABLE:
            raise InvalidInput(code="invalid_sort", fields=", ".join(tasks.SORTABLE))

        def work(connection: Connection) -> tuple[list[Json], int]:
            offset = (page - 1) * page_size
            rows, total = tasks.list_page(connection, principal, wanted, offset=offset, limit=page_size, sort=sort)
            chosen = language or self.settings.current.language
            return view_tasks(connection, rows, language=chosen, is_outside=principal.is_outside), total

        return await self.db.read(work)

    @traced
    async def cancel(self, principal: Principal, task_id: str, language: Language | None = None) -> Json:
        """Cancel a pending task at once, and ask a running one to stop (`cancelling`). Asking again changes nothing.

        Raises NotFound; Conflict (`task_finished`).
        """
        await self.end(principal, task_id)
        return await self.get(principal, task_id, language=language)

    async def end(self, principal: Principal, task_id: str) -> None:
        """Do what `cancel` does, for callers that do not show the task."""
        for _ in range(_ROUNDS):
            row = await self._find(principal, task_id)
            match TaskStatus(row.status):
                case TaskStatus.CANCELLING | TaskStatus.CANCELLED:
                    return
                case TaskStatus.PENDING:
                    unit = self.lifecycle.cancel_pending(task_id, by=principal.username)
                case TaskStatus.RUNNING:
                    unit = self.lifecycle.request_cancel(task_id, by=principal.username)
                case _:
                    raise Conflict(code="task_finished")
            if await self.event_writer.write(_while_seen(principal, task_id, unit)) is not None:
                self.runner.cancel(task_id)
                self._record("task.cancel", principal, task_id)
                return
        raise Conflict(code="contended")

    @traced
    async def prioritise(
        self, principal: Principal, task_id: str, priority: int, language: Language | None = None
    ) -> Json:
        """Have a task that waits go before all of a lower priority; for administrators. It holds until the task waits
        anew.

        Raises NotFound; Conflict (`task_not_waiting`).
        """
        await self._find(principal, task_id)
        if not await self.db.write(lambda connection: queue.set_rank(connection, task_id, -priority)):
            raise Conflict(code="task_not_waiting")
        self.runner.wake()
        self._record("task.prioritise", principal, task_id, {"priority": priority})
        return await self.get(principal, task_id, language=language)

    async def retry(self, principal: Principal, task_id: str, language: Language | None = None) -> Json:
        """Take an ended task back to pending, to begin anew. One that waits, or runs after a retry, is unchanged.

        Raises NotFound; Conflict (`task_running`); Forbidden (`target_not_allowed`); LimitReached (`task_limit`).
        """
        for _ in range(_ROUNDS):
            row = await self._find(principal, task_id)
            if _is_retried(row):
                return await self.get(principal, task_id, language=language)
            if row.status in (TaskStatus.RUNNING, TaskStatus.CANCELLING):
                raise Conflict(code="task_running")
            await asyncio.to_thread(self.rules.check, row.target_domain)
            retry = _while_seen(principal, task_id, self.lifecycle.retry(task_id, by=principal.username))
            if await self.event_writer.write(self.within_limit(row.user_id, task_id, retry)) is not None:
                self.runner.wake()
                self._record("task.retry", principal, task_id)
                return await self.get(principal, task_id, language=language)
        raise Conflict(code="contended")

    @traced
    async def delete(self, principal: Principal, task_id: str) -> None:
        """Make the task invisible; its rows are purged later.

        Raises NotFound; Conflict (`task_running`, `task_held`).
        """
        await self._find(principal, task_id)
        if await self.event_writer.write(self.lifecycle.delete(task_id, by=principal.username)) is None:
            row = await self._find(principal, task_id)  # deleted by somebody else meanwhile: missing
            raise Conflict(code="task_running" if row.held_at is None else "task_held")
        self.runner.wake()
        self._record("task.delete", principal, task_id)

    async def _find(self, principal: Principal, task_id: str) -> TaskRow:
        return await self.db.read(lambda connection: find_seen(connection, task_id, principal))

    def _view(self, connection: Connection, row: TaskRow, language: Language | None, principal: Principal) -> Json:
        chosen = language or self.settings.current.language
        (view,) = view_tasks(connection, [row], language=chosen, is_outside=principal.is_outside)
        return view

    def within_limit(self, user_id: str, task_id: str, unit: UnitOfWork) -> UnitOfWork:
        """Return the unit behind a count in the same transaction, so that two requests cannot both be the last.

        The task itself is not counted: when the unit runs again after a COMMIT with unknown outcome, it may be there.
        """
        limit = self.settings.current.max_unfinished_tasks_per_user

        def limited(connection: Connection) -> AppendResult | None:
            accounts.lock(connection, user_id)
            if tasks.count_unfinished(connection, user_id, besides=task_id) >= limit:
                raise LimitReached(code="task_limit", limit=limit, retry_after_s=60)
            return unit(connection)

        return limited

    def _record(self, action: str, principal: Principal, task_id: str, detail: Mapping[str, Any] | None = None) -> None:
        self.audit.record(
            action, user_id=principal.user_id, address=principal.address, object_id=task_id, detail=detail
        )


def _is_retried(row: TaskRow) -> bool:
    """A retry has had its effect already: the task waits, or runs in a run that a retry began."""
    return row.status == TaskStatus.PENDING or (row.status == TaskStatus.RUNNING and row.run > 1)


def _while_seen(principal: Principal, task_id: str, unit: UnitOfWork) -> UnitOfWork:
    """Return the unit behind another look: what a key is for may have changed since the first. Raises NotFound."""

    def seen(connection: Connection) -> AppendResult | None:
        find_seen(connection, task_id, principal)
        return unit(connection)

    return unit if principal.group is None else seen
