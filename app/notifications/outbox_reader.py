"""Reads the outbox: what has happened becomes notifications and deliveries, in the transaction that removes its row.

So each is told once, whichever server looks first, and a server that ends in between has told nothing. What takes time,
reading findings and rules, is done before; what was read is still right when the row has the same version.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row

from app.core.aio import OnFailure, count_nothing
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.ids import new_id
from app.core.principal import ADMIN
from app.domain.findings import FindingId
from app.domain.notifications import DeliveryStatus, NotificationKind
from app.domain.tasks import TaskStatus
from app.domain.verdict import is_conclusive
from app.events.outbox import Kind
from app.findings.open_findings import OpenFinding, found_at, open_findings
from app.identity.accounts import roles_of_active
from app.notifications import content
from app.notifications.content import Content
from app.notifications.matching import in_force, timing_of, wants
from app.notifications.queries import deliveries, feed, outbox, rules, told
from app.notifications.queries.outbox import RunState
from app.notifications.told import ToldFindings

ROWS_AT_ONCE: Final = 50
MAX_FINDINGS: Final = 1_000  # of a run that are told of, the worst
# What a scan finds later than its first findings is told no more often than this until it ends.
BETWEEN_FINDINGS: Final = timedelta(minutes=10)
# From so many waiting deliveries on, a channel gets no single ones: what comes is gathered for so long.
CROWDED: Final = 10
GATHER: Final = timedelta(minutes=10)
MAX_IN_DIGEST: Final = 100  # contents of one delivery; of the others it has the number
EXPIRES_AFTER: Final = timedelta(hours=24)
AFTER_FAILURE: Final = timedelta(minutes=5)
log = structlog.get_logger(__name__)
_OF_SITES: Final = {Kind.CHANGED: NotificationKind.SITE_CHANGED, Kind.OVERDUE: NotificationKind.SITE_OVERDUE}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What was read of one row of the outbox. `rules`: those in force about it."""

    owner_id: str
    target_domain: str
    rules: Sequence[Row[Any]] = ()
    run: RunState | None = None  # None: it is about a site
    found: Sequence[OpenFinding] = ()
    there: Collection[str] = ()  # of the findings that rules have told of, those that the ended run has
    contents: Sequence[Content] = ()  # besides findings
    defer_until: datetime | None = None  # it is too early to tell of it


@dataclass(slots=True)
class _Told:
    """The notifications of one transaction, and what they need written."""

    now: datetime
    seqs: dict[str, int]  # by user, the last one given
    rows: list[dict[str, Any]] = field(default_factory=list)

    def notify(self, user_id: str, said: Content) -> str:
        """Return the id of the notification; rules of one user that say the same share it."""
        for row in self.rows:
            if row["user_id"] == user_id and row["content"] == said:
                return str(row["id"])
        self.seqs[user_id] += 1
        self.rows.append(
            {
                "user_id": user_id,
                "seq": self.seqs[user_id],
                "id": new_id(),
                "kind": said["kind"],
                "task_id": said.get("task_id"),
                "content": said,
                "created_at": self.now,
            }
        )
        return str(self.rows[-1]["id"])


@dataclass(kw_only=True, eq=False, repr=False)
class OutboxReader:
    """Any number of servers may run one each."""

    db: Database
    clock: Clock
    on_told: Callable[[Sequence[str]], None] = lambda _: None  # gets the kinds of new notifications, after COMMIT
    on_failure: OnFailure = count_nothing

    async def work_off(self) -> bool:
        """Look at what is due now, some of it. Return whether there may be more. Raises DatabaseUnavailable."""
        due = await self.db.read(partial(outbox.due, now=self.clock.now(), limit=ROWS_AT_ONCE))
        for row in due:
            await self._work_off(row)
        digests = await self.db.read(partial(rules.due_digests, now=self.clock.now(), limit=ROWS_AT_ONCE))
        for rule in digests:
            await self.db.write(partial(_send_digest, rule=rule, now=self.clock.now()))
        return ROWS_AT_ONCE in (len(due), len(digests))

    async def _work_off(self, row: Row[Any]) -> None:
        try:
            seen = await self.db.read(partial(_look, row=row, now=self.clock.now()))
            self.on_told(await self.db.write(partial(_settle, row=row, seen=seen, now=self.clock.now())))
        except DatabaseUnavailable:
            raise
        except Exception:  # a boundary: the other rows do not wait for what one trips over
            log.exception("outbox_row_failed", kind=row.kind, subject_id=row.subject_id, number=row.number)
            self.on_failure("outbox")
            until = self.clock.now() + AFTER_FAILURE
            await self.db.write(partial(outbox.defer, row=row, until=until))


def _look(connection: Connection, *, row: Row[Any], now: datetime) -> _Seen | None:
    """Return what the row is about; None: it is gone."""
    if row.kind in _OF_SITES:
        return _look_at_site(connection, row)
    run = outbox.run_of(connection, row.subject_id, row.number)
    if run is None:
        return None
    is_end = row.kind == Kind.ENDED
    if not is_end and not run.has_ended:
        last = feed.last_told(connection, run.task_id, NotificationKind.FINDINGS)
        if last is not None and last + BETWEEN_FINDINGS > now:
            return _Seen(owner_id=run.owner_id, target_domain=run.target_domain, defer_until=last + BETWEEN_FINDINGS)
    in_question = _rules_about(connection, run.owner_id, run.target_domain)
    wanted = any(wants(rule, NotificationKind.FINDINGS) for rule in in_question)
    said = content.of_end(run) if is_end else None
    return _Seen(
        owner_id=run.owner_id,
        target_domain=run.target_domain,
        rules=in_question,
        run=run,
        found=open_findings(connection, run.task_id, run.run, limit=MAX_FINDINGS) if wanted else (),
        there=_still_there(connection, run, in_question) if is_end and wanted else (),
        contents=() if said is None else (said,),
    )


def _still_there(connection: Connection, run: RunState, in_question: Sequence[Row[Any]]) -> set[str]:
    """Return the ids of findings that were told of before and that this run has. It has ended: they stay."""
    documents = told.of_rules(connection, [rule.id for rule in in_question], run.owner_id, run.target_domain)
    named = [FindingId.parse(name) for known in documents.values() for name in known]
    domains = {name.domain for name in named if name is not None}
    return found_at(connection, run.task_id, run.run, domains) if domains else set()


def _look_at_site(connection: Connection, row: Row[Any]) -> _Seen:
    detail: Mapping[str, Any] = row.detail or {}
    owner_id, target = detail.get("user_id", ""), detail.get("target_domain", "")
    said = content.of_site(_OF_SITES[Kind(row.kind)], detail)
    in_question = _rules_about(connection, owner_id, target)
    return _Seen(owner_id=owner_id, target_domain=target, rules=in_question, contents=(said,))


def _rules_about(connection: Connection, owner_id: str, target_domain: str) -> list[Row[Any]]:
    found = rules.about(connection, owner_id)
    roles = roles_of_active(connection, {rule.user_id for rule in found})
    return in_force(found, roles, owner_id, target_domain)


def _settle(connection: Connection, *, row: Row[Any], seen: _Seen | None, now: datetime) -> list[str]:
    """Remove the row and write what is told; return the kinds of that. Nothing, when it is no longer as it was seen."""
    if seen is not None and seen.defer_until is not None:
        outbox.defer(connection, row, seen.defer_until)
        return []
    if not outbox.remove(connection, row) or seen is None:
        return []
    is_end = row.kind == Kind.ENDED
    if is_end:
        outbox.remove_found(connection, row.subject_id, row.number)
    there = rules.hold(connection, {rule.id for rule in seen.rules})
    seen = replace(seen, rules=[rule for rule in seen.rules if rule.id in there])
    if not seen.rules:
        return []
    tells = _Told(now, feed.lock(connection, {rule.user_id for rule in seen.rules}))
    plans = _plan(connection, seen, tells, is_end=is_end)
    if tells.rows:
        feed.add(connection, tells.rows)
    for rule, notification_id, said in plans:
        _send(connection, rule, notification_id, said, now)
    return [row["kind"] for row in tells.rows]


def _plan(connection: Connection, seen: _Seen, tells: _Told, *, is_end: bool) -> list[tuple[Row[Any], str, Content]]:
    """Return which rule tells what, by which notification. What was told before is read here, under the feeds' lock:
    another scan of the same target may have told it since.
    """
    telling = [rule for rule in seen.rules if seen.run is not None and wants(rule, NotificationKind.FINDINGS)]
    target = (seen.owner_id, seen.target_domain)
    documents = told.of_rules(connection, [rule.id for rule in telling], *target) if telling else {}
    known = {rule.id: ToldFindings.from_json(documents.get(rule.id)) for rule in telling}
    plans = []
    for rule in seen.rules:
        said = [item for item in seen.contents if wants(rule, NotificationKind(item["kind"]))]
        if rule.id in known and seen.run is not None:
            new = known[rule.id].take_new(seen.found, rule.min_risk, tells.now)
            if new:
                said.insert(0, content.of_findings(seen.run, new))
            if is_end and seen.run.status == TaskStatus.COMPLETED:
                _note_scan(known[rule.id], seen, seen.run, tells.now)
        plans += [(rule, tells.notify(rule.user_id, item), item) for item in said]
    written = {rule_id: one.as_json() for rule_id, one in known.items()}
    changed = {rule_id: values for rule_id, values in written.items() if values != documents.get(rule_id, {})}
    if changed:
        told.put(connection, [_document(rule_id, target, values) for rule_id, values in changed.items()])
    return plans


def _note_scan(known: ToldFindings, seen: _Seen, run: RunState, now: datetime) -> None:
    there = {*seen.there, *(str(finding.id) for finding in seen.found)}
    known.note_scan(there, now, is_conclusive=is_conclusive(run.status, run.verdict))


def _document(rule_id: str, target: tuple[str, str], values: Content) -> dict[str, Any]:
    return {"rule_id": rule_id, "owner_id": target[0], "target_domain": target[1], "known": values}


def _send(connection: Connection, rule: Row[Any], notification_id: str, said: Content, now: datetime) -> None:
    """Let a notification leave by the rule's channels: now, or with others later."""
    ids = deliveries.enabled(connection, rule.user_id, rule.channel_ids) if rule.channel_ids else []
    if not ids:
        return
    due = timing_of(rule).due(now)
    if due <= now and any(deliveries.count_waiting(connection, one, limit=CROWDED) >= CROWDED for one in ids):
        due = now + GATHER
    if due > now:
        rules.gather(connection, rule.id, notification_id, said, due)
    else:
        _deliver(connection, rule.user_id, ids, notification_id, {"items": [said], "total": 1}, now)


def _send_digest(connection: Connection, *, rule: Row[Any], now: datetime) -> None:
    taken = rules.take_digest(connection, rule, limit=MAX_IN_DIGEST)
    if taken is None:
        return
    items, total, first = taken
    roles = roles_of_active(connection, {rule.user_id})
    if not rule.is_enabled or rule.user_id not in roles or (rule.all_users and roles[rule.user_id] != ADMIN):
        return  # what was gathered is no longer for this user to see
    ids = deliveries.enabled(connection, rule.user_id, rule.channel_ids)
    if items and ids:
        source = f"{rule.id}:{first}"  # of no other digest, whatever the clocks of two servers say
        _deliver(connection, rule.user_id, ids, source, {"items": list(items), "total": total}, now)


def _deliver(
    connection: Connection, user_id: str, channel_ids: Sequence[str], source: str, contents: Content, now: datetime
) -> None:
    rows = [
        {
            "id": new_id(),
            "channel_id": channel_id,
            "user_id": user_id,
            "source": source,
            "contents": contents,
            "status": DeliveryStatus.WAITING.value,
            "attempts": 0,
            "created_at": now,
            "next_at": now,
            "expires_at": now + EXPIRES_AFTER,
        }
        for channel_id in channel_ids
    ]
    deliveries.add(connection, rows)
    deliveries.wake(connection, channel_ids, now)
