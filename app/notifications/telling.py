"""Tells of one row of the outbox: who is told what, written in the transaction that removes the row.

Many may have rules about it, so a transaction serves some rules of one user; the row then says which were served, and
the next goes on behind them. Each removes the row as it was read: of two servers that look at it, one tells.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.ids import new_id
from app.domain.notifications import NotificationKind
from app.domain.tasks import TaskStatus
from app.domain.verdict import is_conclusive
from app.events.outbox import Kind
from app.findings.open_findings import OpenFinding
from app.notifications import content
from app.notifications.content import Content
from app.notifications.delivering import NewDelivery, deliver
from app.notifications.matching import timing_of, wants
from app.notifications.queries import deliveries, digests, feed, outbox, rules, told
from app.notifications.queries.outbox import RunState
from app.notifications.told import ToldFindings

RULES_AT_ONCE: Final = 10  # of one transaction; of scans with many findings fewer, for each rule compares them all
FINDINGS_AT_ONCE: Final = 1_000  # over the rules of a transaction: some 15 ms of the write lock
# From so many waiting deliveries on, a channel gets no single ones: what comes is gathered for so long.
CROWDED: Final = 10
GATHER: Final = timedelta(minutes=10)
TOLD: Final = "told"  # in the detail of a row: `Progress`
Plan = tuple[Row[Any], str, Content]  # which rule tells what, by which notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read of one row of the outbox. `rules`: those in force about it, by user and id."""

    owner_id: str
    target_domain: str
    rules: Sequence[Row[Any]] = ()
    run: RunState | None = None  # None: it is about a site
    found: Sequence[OpenFinding] = ()
    there: Collection[str] = ()  # of the findings that rules have told of, those that the ended run has
    told_before: int = 0  # approximate maximum number of findings that a rule has reported
    contents: Sequence[Content] = ()  # besides findings
    defer_until: datetime | None = None  # it is too early to tell of it

    @property
    def rules_at_once(self) -> int:
        """Return of how many rules one transaction tells."""
        compared = max(1, len(self.found), len(self.there), self.told_before)
        return min(RULES_AT_ONCE, max(1, FINDINGS_AT_ONCE // compared))


@dataclass(frozen=True, slots=True)
class Step:
    """What a transaction has told. `left`: the row for the next one; None: all is told."""

    kinds: Sequence[str] = ()  # of new notifications
    left: Row[Any] | None = None
    user_id: str = ""  # whose they are


@dataclass(frozen=True, slots=True)
class Progress:
    """The last rule that was told, and the numbers of the notifications that its user got of this row."""

    user_id: str = ""
    rule_id: str = ""
    seqs: Sequence[int] = ()

    @classmethod
    def of(cls, row: Row[Any]) -> "Progress":
        return cls(*(row.detail or {}).get(TOLD, ()))

    def next_piece(self, in_force: Sequence[Row[Any]], limit: int) -> tuple[list[Row[Any]], bool]:
        """Return the next rules, all of one user, `limit` at most, and whether there are more behind them."""
        left = [rule for rule in in_force if (rule.user_id, rule.id) > (self.user_id, self.rule_id)]
        piece = [rule for rule in left[:limit] if rule.user_id == left[0].user_id]
        return piece, len(piece) < len(left)


@dataclass(slots=True)
class _Told:
    """The notifications of one user that a transaction makes."""

    user_id: str
    now: datetime
    last_seq: int
    known: list[tuple[str, Content]]  # what the user was told of this row: rules that say the same share it
    rows: list[dict[str, Any]] = field(default_factory=list)

    def notify(self, said: Content) -> str:
        """Return the id of the notification."""
        for notification_id, known in self.known:
            if known == said:
                return notification_id
        self.last_seq += 1
        notification_id = new_id()
        self.known.append((notification_id, said))
        self.rows.append(
            {
                "user_id": self.user_id,
                "seq": self.last_seq,
                "id": notification_id,
                "kind": said["kind"],
                "task_id": said.get("task_id"),
                "content": said,
                "created_at": self.now,
            }
        )
        return notification_id


def settle(connection: Connection, *, row: Row[Any], seen: Seen | None, now: datetime) -> Step:
    """Remove the row and write what is told to some. Nothing, when it is no longer as it was seen."""
    if seen is not None and seen.defer_until is not None:
        outbox.defer(connection, row, seen.defer_until)
        return Step()
    if not outbox.remove(connection, row) or seen is None:
        return Step()
    if row.kind == Kind.ENDED:
        outbox.remove_found(connection, row.subject_id, row.number)
    progress = Progress.of(row)
    piece, has_more = progress.next_piece(seen.rules, seen.rules_at_once)
    if not piece:
        return Step()
    user_id = piece[0].user_id
    seqs = progress.seqs if progress.user_id == user_id else ()
    new = _tell(connection, seen, piece, seqs, is_end=row.kind == Kind.ENDED, now=now)
    left = None
    if has_more:
        done = (user_id, piece[-1].id, [*seqs, *(one["seq"] for one in new)])
        left = outbox.put_back(connection, row, {**(row.detail or {}), TOLD: done})
    return Step([one["kind"] for one in new], left, user_id)


def _tell(
    connection: Connection, seen: Seen, piece: Sequence[Row[Any]], seqs: Sequence[int], *, is_end: bool, now: datetime
) -> list[dict[str, Any]]:
    """Write what these rules of one user tell, and return the new notifications."""
    there = rules.hold(connection, [rule.id for rule in piece])
    telling = [rule for rule in piece if rule.id in there]
    if not telling:
        return []
    user_id = telling[0].user_id
    last_seq = feed.lock(connection, user_id)
    tells = _Told(user_id, now, last_seq, feed.contents_of(connection, user_id, seqs))
    plans = _plan(connection, seen, telling, tells, is_end=is_end)
    if tells.rows:
        feed.add(connection, tells.rows)
    _leave(connection, user_id, plans, now)
    return tells.rows


def _plan(connection: Connection, seen: Seen, telling: Sequence[Row[Any]], tells: _Told, *, is_end: bool) -> list[Plan]:
    """Return which rule tells what. What was told before is read here, under the feed's lock: another scan of the same
    target may have told it since.
    """
    of_findings = [rule for rule in telling if seen.run is not None and wants(rule, NotificationKind.FINDINGS)]
    target = (seen.owner_id, seen.target_domain)
    documents = told.of_rules(connection, [rule.id for rule in of_findings], *target) if of_findings else {}
    known = {rule.id: ToldFindings.from_json(documents.get(rule.id)) for rule in of_findings}
    plans = []
    for rule in telling:
        said = [item for item in seen.contents if wants(rule, NotificationKind(item["kind"]))]
        if rule.id in known and seen.run is not None:
            new = known[rule.id].take_new(seen.found, rule.min_risk, tells.now)
            if new:
                said.insert(0, content.of_findings(seen.run, new))
            if is_end and seen.run.status == TaskStatus.COMPLETED:
                _note_scan(known[rule.id], seen, seen.run, tells.now)
        plans += [(rule, tells.notify(item), item) for item in said]
    written = {rule_id: one.as_json() for rule_id, one in known.items()}
    changed = {rule_id: values for rule_id, values in written.items() if values != documents.get(rule_id, {})}
    if changed:
        told.put(connection, [_document(rule_id, target, values) for rule_id, values in changed.items()])
    return plans


def _note_scan(known: ToldFindings, seen: Seen, run: RunState, now: datetime) -> None:
    there = {*seen.there, *(str(finding.id) for finding in seen.found)}
    known.note_scan(there, now, is_conclusive=is_conclusive(run.status, run.verdict))


def _document(rule_id: str, target: tuple[str, str], values: Content) -> dict[str, Any]:
    return {"rule_id": rule_id, "owner_id": target[0], "target_domain": target[1], "known": values}


def _leave(connection: Connection, user_id: str, plans: Sequence[Plan], now: datetime) -> None:
    """Let notifications leave by the rules' channels: now, with the rule's others later, or, by a channel in which
    many wait, together with what comes after them.
    """
    named = {channel_id for rule, _, _ in plans for channel_id in rule.channel_ids}
    waiting = deliveries.count_waiting(connection, user_id, named, limit=CROWDED) if named else {}
    times: dict[str, datetime] = {}
    for_rules: list[Mapping[str, Any]] = []
    by_channel: dict[tuple[str, str], Content] = {}  # by the notification, too: that of two rules leaves once
    for rule, notification_id, said in plans:
        ids = [channel_id for channel_id in rule.channel_ids if channel_id in waiting]
        due = timing_of(rule).due(now)
        if ids and due > now:
            times[rule.id] = due
            for_rules.append({"rule_id": rule.id, "notification_id": notification_id, "content": said})
        elif ids:
            by_channel |= {(channel_id, notification_id): said for channel_id in ids}
    new, crowded = [], []
    for (channel_id, notification_id), said in by_channel.items():
        if waiting[channel_id] < CROWDED:
            waiting[channel_id] += 1
            new.append(NewDelivery(channel_id, notification_id, {"items": [said], "total": 1}))
        else:
            row = {"channel_id": channel_id, "notification_id": notification_id, "content": said}
            crowded.append({**row, "due_at": now + GATHER})
    digests.gather_for_rules(connection, for_rules, times)
    digests.gather_for_channels(connection, crowded)
    if new:
        deliver(connection, user_id, new, now)
