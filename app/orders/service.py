"""Use cases of orders: scans of several domains, with a joint result (ADR 0051)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

from app.core.clock import to_wire
from app.core.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound
from app.core.field_faults import FieldFault, InvalidFields
from app.core.ids import new_id
from app.core.json_chunks import JsonChunks, encode_list, encode_object
from app.core.principal import Principal
from app.core.redact import display_text
from app.core.tracing import traced
from app.domain.messages import Language
from app.domain.orders import result_of_all
from app.domain.scan_options import ScanOptions
from app.domain.tasks import TaskStatus
from app.events.log import AppendResult
from app.identity import accounts
from app.orders import queries
from app.orders.standings import OrderedScan, read_scans
from app.scans.idempotent_request import IdempotentRequest
from app.scans.new_task import NewTask
from app.scans.own_domains import read_own_domains
from app.scans.queries import tasks
from app.scans.serialisers import Json, optional_to_wire, serialise_error
from app.scans.service import ScanService
from app.scans.shown_run import is_id

ChooseTasks = Callable[[Connection, str, Sequence[NewTask]], Sequence[NewTask]]  # of this user


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """A user's request. `said`: the options that the user set; the others are the deployment's defaults."""

    targets: Sequence[str]
    options: ScanOptions
    said: Collection[str]
    title: str | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class OrderService:
    """Makes its tasks as `scans` does, with what that has. An order of another user looks like a missing one.

    Documents are those of `orders.schemas`, encoded in threads.
    """

    scans: ScanService

    @traced
    async def create_once(
        self, principal: Principal, order: NewOrder, *, key: str | None, language: Language
    ) -> tuple[JsonChunks, bool]:
        """Make an order with a pending task for each target, all or none, once per key; equal targets are one.

        Return the order as it is, and whether this user used the key for the same request before.

        Raises:
            InvalidFields: targets that cannot or must not be scanned, or own domains that are none, each by its place.
            InvalidInput: `own_domains_too_long`; `idempotency_key_reused`, for another request.
            LimitReached: `task_limit`, there would be too many unfinished tasks of this user.
        """
        names, config = await self.check(order)
        order_id, new = new_id(), [NewTask(new_id(), name) for name in names]
        request = {"targets": list(order.targets), "config": order.options.chosen(), "title": order.title}
        idempotent = None if key is None else IdempotentRequest.of(principal.user_id, key, {"order": request})
        row = {"id": order_id, "user_id": principal.user_id, "title": order.title, "config": config}
        made = await self._write(principal, row, new, idempotent)
        if made == order_id:
            self.scans.runner.wake()
            self._record("order.create", principal, order_id, {"targets": len(new)})
        return await self.get(principal, made, language), made != order_id

    async def check(self, order: NewOrder) -> tuple[list[str], Json]:
        """Return the names of the targets, each once, and the options of the tasks. Raises as `create_once`."""
        names = await asyncio.to_thread(self._parse, order.targets)
        chosen = self.scans.fill_in(order.options, order.said)
        own = await asyncio.to_thread(read_own_domains, chosen.own_domains, self.scans.targets)
        return names, replace(chosen, own_domains=own).to_json()

    async def create_of(
        self,
        principal: Principal,
        new: Sequence[NewTask],
        *,
        title: str | None,
        choose: ChooseTasks,
        language: Language,
    ) -> JsonChunks:
        """Make an order of tasks that have options of their own. `choose` returns, in the transaction that makes them,
        which of them are made.

        Raises LimitReached (`task_limit`), and what `choose` raises.
        """
        order_id = new_id()
        row: Json = {"id": order_id, "user_id": principal.user_id, "title": title, "config": {}}
        await self._write(principal, row, new, None, choose)
        self.scans.runner.wake()
        self._record("order.create", principal, order_id, {"targets": len(new)})
        return await self.get(principal, order_id, language)

    def _parse(self, targets: Sequence[str]) -> list[str]:
        """Return the names in the order in which they were first named. Raises InvalidFields."""
        names: dict[str, None] = {}
        faults: list[FieldFault] = []
        for place, text in enumerate(targets):
            try:
                name = self.scans.targets.parse(text).name
                self.scans.rules.check(name)
            except (InvalidInput, Forbidden) as error:
                faults.append(FieldFault(f"body.targets.{place}", error.code, error.params))
            else:
                names[name] = None
        if faults:
            raise InvalidFields(faults=faults)
        return list(names)

    async def _write(
        self,
        principal: Principal,
        row: Json,
        new: Sequence[NewTask],
        idempotent: IdempotentRequest | None,
        choose: ChooseTasks | None = None,
    ) -> str:
        """Write order, tasks and key in one transaction; return the order's id, or that of the order before."""
        made: str = row["id"]

        def work(connection: Connection) -> Sequence[AppendResult]:
            nonlocal made
            settings, now = self.scans.settings.current, self.scans.clock.now()
            since = now - timedelta(seconds=settings.idempotency_key_ttl_s)
            accounts.lock(connection, principal.user_id)
            known = idempotent.recall(connection, since=since) if idempotent else None
            made = row["id"] if known is None else str(known["id"])
            if known is not None or queries.find(connection, made, principal) is not None:  # as COMMIT did not tell
                return []
            chosen = new if choose is None else choose(connection, principal.user_id, new)
            limit = settings.max_unfinished_tasks_per_user
            if tasks.count_unfinished(connection, principal.user_id) + len(chosen) > limit:
                raise LimitReached(code="task_limit", limit=limit, retry_after_s=60)
            create = self.scans.lifecycle.create_all(chosen, user_id=principal.user_id, config=row["config"])
            results = create(connection)
            queries.add(connection, {**row, "size": len(chosen), "created_at": now}, [item.id for item in chosen])
            if idempotent:
                idempotent.keep(connection, {"id": made}, now=now, since=since)
            return results

        await self.scans.event_writer.write_all(work)
        return made

    async def list_page(self, principal: Principal, *, page: int, page_size: int) -> JsonChunks:
        """Return `orders.schemas.OrderPage`, the newest first."""

        def work(connection: Connection) -> JsonChunks:
            rows, total = queries.list_page(connection, principal, offset=(page - 1) * page_size, limit=page_size)
            counts = queries.status_counts(connection, [row.id for row in rows])
            return encode_list((_head(row, counts[row.id]) for row in rows), total=total)

        return await self.scans.db.read(work)

    @traced
    async def get(self, principal: Principal, order_id: str, language: Language) -> JsonChunks:
        """Return `orders.schemas.OrderResponse`: how all its scans stand, the worst first. Raises NotFound."""

        def work(connection: Connection) -> JsonChunks:
            row = find_order(connection, order_id, principal)
            scans = read_scans(connection, row.id)
            return encode_object(summary(row, scans), properties=(property_view(scan, language) for scan in scans))

        return await self.scans.db.read(work)

    @traced
    async def cancel(self, principal: Principal, order_id: str, language: Language) -> JsonChunks:
        """Cancel all its tasks that wait, the last first, and ask those that run to stop. Asking again changes nothing.

        Each is a transaction of its own: one that ends by itself meanwhile stays as it is. Raises NotFound.
        """
        scans = await self.scans.db.read(lambda c: read_scans(c, find_order(c, order_id, principal).id))
        unfinished = [scan.task for scan in scans if scan.standing.is_unfinished]
        for task in sorted(unfinished, key=lambda task: (task.status != TaskStatus.PENDING, -task.turn)):
            try:
                await self.scans.end(principal, task.id)
            except (Conflict, NotFound):
                continue
        self._record("order.cancel", principal, order_id, {"tasks": len(unfinished)})
        return await self.get(principal, order_id, language)

    @traced
    async def delete(self, principal: Principal, order_id: str) -> None:
        """Delete all its tasks, each in a transaction of its own; with the last of them the order goes.

        One that was begun anew meanwhile stays, and the order with it. Raises NotFound; Conflict (`task_running`): one
        of them waits or runs; (`task_held`): one is under a legal hold.
        """
        scans = await self.scans.db.read(lambda c: read_scans(c, find_order(c, order_id, principal).id))
        if any(scan.standing.is_unfinished for scan in scans):
            raise Conflict(code="task_running")
        if any(scan.task.held_at is not None for scan in scans):
            raise Conflict(code="task_held")
        for scan in scans:
            with suppress(Conflict, NotFound):
                await self.scans.delete(principal, scan.task.id)
        self._record("order.delete", principal, order_id, {"tasks": len(scans)})

    def _record(self, action: str, principal: Principal, order_id: str, detail: Json) -> None:
        self.scans.audit.record(
            action, user_id=principal.user_id, address=principal.address, object_id=order_id, detail=detail
        )


def find_order(connection: Connection, order_id: str, principal: Principal) -> Row[Any]:
    """Return the order's row. Raises NotFound for missing orders, orders of other users, and malformed ids."""
    row = queries.find(connection, order_id, principal) if is_id(order_id) else None
    if row is None:
        raise NotFound(text="no_such_order")
    return row


def summary(row: Row[Any], scans: Sequence[OrderedScan]) -> Json:
    """Return `orders.schemas.OrderResponse` without its properties."""
    standings = [scan.standing for scan in scans]
    found, still_open = Counter[str](), Counter[str]()
    for standing in standings:
        found.update(standing.finding_counts)
        still_open.update(standing.open_counts)
    result = result_of_all(standings)
    return {
        **_head(row, Counter(standing.status for standing in standings)),
        "config": row.config,
        "result": None if result is None else result.value,
        "result_counts": dict(Counter(standing.result.value for standing in standings if standing.result)),
        "finding_counts": dict(found),
        "open_counts": dict(still_open),
    }


def _head(row: Row[Any], status_counts: Json) -> Json:
    return {
        "id": row.id,
        "user_id": row.user_id,
        "title": None if row.title is None else display_text(row.title),
        "targets": row.size,
        "status_counts": dict(_sorted(status_counts)),
        "created_at": to_wire(row.created_at),
    }


def _sorted(counts: Json) -> Iterator[tuple[str, int]]:
    yield from sorted(counts.items())


def property_view(scan: OrderedScan, language: Language) -> Json:
    """Return `orders.schemas.OrderedProperty`."""
    task, shown = scan.task, scan.shown
    return {
        "task_id": task.id,
        "target_domain": task.target_domain,
        "status": task.status,
        "attempt": task.attempt,
        "shown_attempt": shown.attempt,
        "progress": task.progress,
        "result": None if scan.standing.result is None else scan.standing.result.value,
        "verdict": shown.verdict,
        "finding_counts": shown.finding_counts,
        "open_counts": scan.open_counts,
        "error": serialise_error(task, language),
        "created_at": to_wire(task.created_at),
        "completed_at": optional_to_wire(task.completed_at),
    }
