"""Reads the outbox: what has happened becomes notifications and deliveries, in the transactions that remove its row.

So each is told once, whichever server looks first, and a server that ends in between has told nothing. What takes time,
reading findings and rules, is done before; what was read is still right when the row has the same version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row

from app.core.aio import OnFailure, count_nothing
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.domain.findings import FindingId
from app.domain.notifications import NotificationKind
from app.events.outbox import Kind
from app.findings.open_findings import findings_to_tell, found_at
from app.identity.accounts import roles_of_active
from app.notifications import content
from app.notifications.digests import send_of_channel, send_of_rule
from app.notifications.matching import in_force, wants
from app.notifications.queries import digests, feed, outbox, rules, told
from app.notifications.queries.outbox import RunState
from app.notifications.telling import Seen, settle
from app.site_counts.summary import read_open_counts

ROWS_AT_ONCE: Final = 50
CHARACTERS_OF_ONE: Final = 80  # of a finding in the document of what a rule has told of
MAX_FINDINGS: Final = 1_000  # of a run that are told of, the worst
# What a scan finds later than its first findings is told no more often than this until it ends.
BETWEEN_FINDINGS: Final = timedelta(minutes=10)
AFTER_FAILURE: Final = timedelta(minutes=5)
log = structlog.get_logger(__name__)
_OF_SITES: Final = {Kind.CHANGED: NotificationKind.SITE_CHANGED, Kind.OVERDUE: NotificationKind.SITE_OVERDUE}


@dataclass(kw_only=True, eq=False, repr=False)
class OutboxReader:
    """Any number of servers may run one each."""

    db: Database
    clock: Clock
    on_told: Callable[[Sequence[str]], None] = lambda _: None  # gets the kinds of new notifications, after COMMIT
    on_fed: Callable[[str], None] = lambda _: None  # gets a user who has new ones, after COMMIT
    on_failure: OnFailure = count_nothing

    async def work_off(self) -> bool:
        """Look at what is due now, some of it. Return whether there may be more. Raises DatabaseUnavailable."""
        due = await self.db.read(partial(outbox.due, now=self.clock.now(), limit=ROWS_AT_ONCE))
        for row in due:
            await self._work_off(row)
        of_rules = await self.db.read(partial(digests.due_of_rules, now=self.clock.now(), limit=ROWS_AT_ONCE))
        for rule in of_rules:
            await self._send_digest(
                rule.id, partial(send_of_rule, rule=rule), partial(digests.defer_of_rule, rule=rule)
            )
        of_channels = await self.db.read(partial(digests.due_of_channels, now=self.clock.now(), limit=ROWS_AT_ONCE))
        for channel_id in of_channels:
            send = partial(send_of_channel, channel_id=channel_id)
            await self._send_digest(channel_id, send, partial(digests.defer_of_channel, channel_id=channel_id))
        return ROWS_AT_ONCE in (len(due), len(of_rules), len(of_channels))

    async def _work_off(self, row: Row[Any]) -> None:
        left: Row[Any] | None = row
        try:
            seen = await self.db.read(partial(_look, row=row, now=self.clock.now()))
            while left is not None:
                row = left
                step = await self.db.write(partial(settle, row=row, seen=seen, now=self.clock.now()))
                self.on_told(step.kinds)
                if step.kinds:
                    self.on_fed(step.user_id)
                left = step.left
        except DatabaseUnavailable:
            raise
        except Exception:  # a boundary: the other rows do not wait for what one trips over
            log.exception("outbox_row_failed", kind=row.kind, subject_id=row.subject_id, number=row.number)
            self.on_failure("outbox")
            until = self.clock.now() + AFTER_FAILURE
            await self.db.write(partial(outbox.defer, row=row, until=until))

    async def _send_digest(self, owner_id: str, send: Callable[..., None], defer: Callable[..., None]) -> None:
        try:
            await self.db.write(partial(send, now=self.clock.now()))
        except DatabaseUnavailable:
            raise
        except Exception:  # a boundary: the others do not wait for a digest that cannot be made
            log.exception("digest_failed", owner_id=owner_id)
            self.on_failure("digest")
            await self.db.write(partial(defer, until=self.clock.now() + AFTER_FAILURE))


def _look(connection: Connection, *, row: Row[Any], now: datetime) -> Seen | None:
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
            return Seen(owner_id=run.owner_id, target_domain=run.target_domain, defer_until=last + BETWEEN_FINDINGS)
    in_question = _rules_about(connection, run.owner_id, run.target_domain)
    of_findings = [rule.id for rule in in_question if wants(rule, NotificationKind.FINDINGS)]
    wanted, length, found = bool(of_findings), 0, []
    if wanted:
        found = findings_to_tell(
            connection, run.task_id, run.run, limit=MAX_FINDINGS, has_ended=run.has_ended, today=now.date()
        )
        length = told.longest(connection, of_findings, run.owner_id, run.target_domain)
    said = content.of_end(run, _open_counts(connection, run)) if is_end else None
    return Seen(
        owner_id=run.owner_id,
        target_domain=run.target_domain,
        rules=in_question,
        run=run,
        found=found,
        told_before=length // CHARACTERS_OF_ONE,
        there=_still_there(connection, run, in_question) if is_end and wanted else (),
        contents=() if said is None else (said,),
    )


def _open_counts(connection: Connection, run: RunState) -> Mapping[str, int]:
    key = (run.task_id, run.run)
    return read_open_counts(connection, {key: run.finding_counts})[key]


def _still_there(connection: Connection, run: RunState, in_question: Sequence[Row[Any]]) -> set[str]:
    """Return the ids of findings that were told of before and that this run has. It has ended: they stay."""
    documents = told.of_rules(connection, [rule.id for rule in in_question], run.owner_id, run.target_domain)
    named = [FindingId.parse(name) for known in documents.values() for name in known]
    domains = {name.domain for name in named if name is not None}
    return found_at(connection, run.task_id, run.run, domains) if domains else set()


def _look_at_site(connection: Connection, row: Row[Any]) -> Seen:
    detail: Mapping[str, Any] = row.detail or {}
    owner_id, target = detail.get("user_id", ""), detail.get("target_domain", "")
    said = content.of_site(_OF_SITES[Kind(row.kind)], detail)
    in_question = _rules_about(connection, owner_id, target)
    return Seen(owner_id=owner_id, target_domain=target, rules=in_question, contents=(said,))


def _rules_about(connection: Connection, owner_id: str, target_domain: str) -> list[Row[Any]]:
    found = rules.about(connection, owner_id)
    roles = roles_of_active(connection, {rule.user_id for rule in found})
    rules_in_force = in_force(found, roles, owner_id, target_domain)
    return sorted(rules_in_force, key=lambda rule: (rule.user_id, rule.id))
