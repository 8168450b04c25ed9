"""A database with scans and rules, and a sender whose channels only remember: what notifications are tested with."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.domain.notifications import NotificationKind, Timing
from app.domain.verdict import Result, Verdict
from app.domain.violations import Evidence, RiskLevel, ViolationKey
from app.events.bus.memory import MemoryBus
from app.events.log import AppendResult
from app.events.outbox import Kind
from app.events.tables import outbox as outbox_table
from app.events.types import ErrorInfo, Statistics
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.notifications.adapters.mail import Mail
from app.notifications.carrier import Carrier
from app.notifications.messages import MessageWriter
from app.notifications.outbox_reader import OutboxReader
from app.notifications.ports import HttpAnswer, HttpRequest
from app.notifications.sealing import SecretSeal
from app.notifications.sender import NotificationSender, Retries
from app.notifications.tables import channels, deliveries, notifications, rules, told_findings
from app.scans.lifecycle import Lifecycle
from tests.support.rows import add_user
from tests.support.violations import new_violation, tell

ALL_KINDS = tuple(NotificationKind)
TAKEN = HttpAnswer(200, {}, b"ok")


@dataclass
class RememberingHttp:
    """Keeps `app.notifications.ports.HttpSender`; answers by script, then `TAKEN`."""

    requests: list[HttpRequest] = field(default_factory=list)
    script: list[HttpAnswer] = field(default_factory=list)

    async def post(self, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        return self.script.pop(0) if self.script else TAKEN

    async def close(self) -> None: ...


class NotifiedWorld:
    """One owner with scans. Time moves only when told to."""

    def __init__(self, db: Database, clock: Any) -> None:
        self.db, self.clock = db, clock
        self.http = RememberingHttp()
        self.seal = SecretSeal([b"k" * 32])
        self.lifecycle = Lifecycle(clock=clock, texts=MessageCatalog("en"))
        self.writer = EventWriter(db=db, bus=MemoryBus())
        self.owner = add_user(db, clock, "owner")
        self.counted: list[tuple[str, str]] = []
        self.reader = OutboxReader(db=db, clock=clock)
        self.sender = self.new_sender(clock)

    def new_sender(self, clock: Clock) -> NotificationSender:
        """A further process has one of its own."""
        mail = Mail(server=None, sender="")
        carrier = Carrier(http=self.http, mail=mail, seal=self.seal, writer=MessageWriter(), clock=clock)
        return NotificationSender(
            db=self.db,
            clock=clock,
            outbox=OutboxReader(db=self.db, clock=clock),
            carrier=carrier,
            retries=Retries(5.0),
            count=lambda kind, outcome: self.counted.append((kind, outcome)),
        )

    # Channels and rules

    def channel(self, kind: str = "webhook", *, user_id: str | None = None, **config: str) -> str:
        channel_id = new_id()
        given = {"url": "https://hooks.example/x", "secret": "whsec_c2VjcmV0", **config}
        row = {
            "id": channel_id,
            "user_id": user_id or self.owner,
            "name": kind,
            "kind": kind,
            "language": "en",
            "shown": "https://hooks.example/…",
            "sealed": self.seal.seal(given, channel_id),
            "is_enabled": True,
            "created_at": self.clock.now(),
            "failures": 0,
        }
        self.db.write_sync(lambda c: c.execute(channels.insert().values(**row)) and None)
        return channel_id

    def rule(
        self,
        *channel_ids: str,
        kinds: Sequence[str] = ALL_KINDS,
        min_risk: str = "high",
        user_id: str | None = None,
        timing: Timing | None = None,
        **more: Any,
    ) -> str:
        rule_id = new_id()
        row = {
            "id": rule_id,
            "user_id": user_id or self.owner,
            "name": "rule",
            "is_enabled": True,
            "kinds": list(kinds),
            "min_risk": min_risk,
            "targets": [],
            "all_users": False,
            "channel_ids": list(channel_ids),
            "timing": asdict(timing or Timing()),
            "created_at": self.clock.now(),
            **more,
        }
        self.db.write_sync(lambda c: c.execute(rules.insert().values(**row)) and None)
        return rule_id

    # Scans

    async def begin(self, target: str = "corp.example", *, owner: str | None = None) -> str:
        """Return the id of a scan that runs."""
        task_id = new_id()
        create = self.lifecycle.create(task_id, user_id=owner or self.owner, target_domain=target, config={})
        await self.writer.write(create)
        await self.writer.write(self.lifecycle.claim(task_id, 1, "w", target))
        return task_id

    async def find(
        self,
        task_id: str,
        *domains: str,
        risk: RiskLevel = RiskLevel.HIGH,
        kinds: Sequence[ViolationKey] = (ViolationKey.GAMBLING,),
        evidence: Sequence[Evidence] = (),
    ) -> AppendResult | None:
        """Let a scan find violations of these kinds at each of these domains."""
        told = tell(
            *(
                new_violation(domain, risk_level=risk, violation_key=kind, evidence=tuple(evidence))
                for domain in domains
                for kind in kinds
            )
        )
        recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=self.clock)
        return await self.writer.write(recorder.record(told.events, told.violations, told.changes))

    async def complete(self, task_id: str, result: Result = Result.VIOLATIONS) -> None:
        unit = self.lifecycle.complete(task_id, 1, Statistics(), verdict=Verdict(result))
        assert await self.writer.write(unit) is not None

    async def fail(self, task_id: str) -> None:
        error = ErrorInfo.told("timeout", MessageCatalog("en")("error.internal"))
        assert await self.writer.write(self.lifecycle.fail(task_id, 1, error, Statistics())) is not None

    async def scan(self, *domains: str, target: str = "corp.example", owner: str | None = None, **found: Any) -> str:
        """Make a whole scan that finds these (`found`: as in `find`), and work off what it leaves in the outbox."""
        task_id = await self.begin(target, owner=owner)
        if domains:
            await self.find(task_id, *domains, **found)
        await self.complete(task_id, Result.VIOLATIONS if domains else Result.CLEAN)
        await self.work_off()
        return task_id

    # What came of it

    async def work_off(self) -> None:
        while await self.reader.work_off():
            continue

    def later(self, **time: float) -> None:
        self.clock.advance(timedelta(**time).total_seconds())

    def rows(self, table: Any, *order: Any) -> list[Row[Any]]:
        return self.db.read_sync(lambda c: list(c.execute(select(table).order_by(*order))))

    def told(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """The contents of a user's feed, the oldest first."""
        found = self.rows(notifications, notifications.c.user_id, notifications.c.seq)
        return [row.content for row in found if row.user_id == (user_id or self.owner)]

    def told_domains(self) -> list[list[str]]:
        return [[one["domain"] for one in said["findings"]] for said in self.told() if said["kind"] == "findings"]

    def deliveries(self) -> list[Row[Any]]:
        return self.rows(deliveries, deliveries.c.created_at, deliveries.c.id)

    def known(self) -> list[str]:
        """The ids of the findings that rules have told of."""
        return [name for row in self.rows(told_findings, told_findings.c.rule_id) for name in row.known]

    def outbox(self) -> list[tuple[Kind, str, int]]:
        found = self.rows(outbox_table, outbox_table.c.created_at, outbox_table.c.kind)
        return [(Kind(row.kind), row.subject_id, row.number) for row in found]

    def change(self, table: Any, *where: Any, **values: Any) -> None:
        self.db.write_sync(lambda c: c.execute(update(table).where(*where).values(**values)) and None)
