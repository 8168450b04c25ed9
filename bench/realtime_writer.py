"""A process that writes a task's events as a scan's process does, and notes when each was committed.

Started by realtime_server.py: `realtime_writer.py DATABASE_URL PLAN`. Hints leave on stdout, as a scan's do; when it is
through, PLAN's `result` file holds `[[seq, committed at (monotonic ns), phase], ...]`, ascending. Without
`"ends": false` the task is completed at the end.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.ids import new_id
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.violations import RiskLevel, ViolationFact, ViolationKey
from app.events.bus.base import Hint
from app.events.event import NewEvent, PendingLogs
from app.events.types import Statistics, TaskProgress
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.findings.run_findings import RunFindings
from app.findings.violation_mapping import NewViolation
from app.scans.lifecycle import Lifecycle
from app.scans.queries import tasks
from app.tasks.worker.loop_watchdog import LoopWatchdog
from app.tasks.worker.pipe_bus import PipeBus

TURN_S = 0.005
HEARTBEAT_S = 5.0
ADDRESS = "https://www.corp.example/news/2026/"
Batch = list[tuple[NewEvent, NewViolation | None]]


@dataclass(frozen=True, slots=True)
class Phase:
    """How much of what is written, per second, for how long."""

    name: str
    seconds: float
    log_groups_per_s: float
    lines_per_group: int
    progress_per_s: float = 1.0  # protocol.md, section 7.1
    violations_per_s: float = 0.5


@dataclass(slots=True)
class StampingBus:
    """Passes hints on and notes the moment: publishing is the first thing after COMMIT."""

    pipe: PipeBus
    stamps: list[tuple[int, int]] = field(default_factory=list)  # (last seq, monotonic ns)

    def publish(self, hint: Hint) -> None:
        self.stamps.append((hint.seq, time.monotonic_ns()))
        self.pipe.publish(hint)


class Writer:
    def __init__(self, *, url: str, task_id: str, bus: StampingBus) -> None:
        self._clock = SystemClock()
        self._db = Database(url)
        self._bus = bus
        self._event_writer = EventWriter(db=self._db, bus=bus)
        self._lifecycle = Lifecycle(clock=self._clock, texts=MessageCatalog("zh-CN"))
        self._recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=self._clock)
        self._task_id = task_id
        self._findings = RunFindings()
        self._lines = 0

    def run(self, phases: list[Phase], *, ends: bool) -> list[tuple[int, int, str]]:
        """(seq, committed at, phase) of every event."""
        committed: list[tuple[int, int, str]] = []
        beat_at = 0.0
        before = self._last_seq()
        for phase in phases:
            for batch in self._paced(phase):
                if time.monotonic() >= beat_at:
                    self._db.write_sync(lambda connection: self._recorder.heartbeat(connection, HEARTBEAT_S))
                    beat_at = time.monotonic() + HEARTBEAT_S
                violations = [violation for _, violation in batch if violation is not None]
                self._event_writer.write_sync(self._recorder.record([event for event, _ in batch], violations))
                seq, at = self._bus.stamps[-1]
                committed += [(number, at, phase.name) for number in range(before + 1, seq + 1)]
                before = seq
        if ends:
            self._event_writer.write_sync(self._lifecycle.complete(self._task_id, 1, Statistics()))
        return committed

    def _last_seq(self) -> int:
        row = self._db.read_sync(lambda connection: tasks.find(connection, self._task_id))
        assert row is not None
        return row.last_seq

    def _paced(self, phase: Phase) -> Iterator[Batch]:
        """What is due, a batch at a time: what came while the database was busy goes into the next transaction."""
        started = time.monotonic()
        given = {"logs": 0, "progress": 0, "violations": 0}
        while (passed := time.monotonic() - started) < phase.seconds:
            batch: Batch = []
            for kind, rate in (
                ("logs", phase.log_groups_per_s),
                ("violations", phase.violations_per_s),
                ("progress", phase.progress_per_s),
            ):
                due = int(passed * rate) - given[kind]
                given[kind] += due
                for _ in range(due):
                    batch.append(self._make(kind, phase, passed))
            if batch:
                yield batch
            time.sleep(TURN_S)

    def _make(self, kind: str, phase: Phase, passed: float) -> tuple[NewEvent, NewViolation | None]:
        if kind == "violations":
            return self._violation()
        body = self._logs(phase.lines_per_group) if kind == "logs" else _progress(int(100 * passed / phase.seconds))
        return NewEvent(body), None

    def _logs(self, count: int) -> PendingLogs:
        now = self._clock.now()
        self._lines += count
        return PendingLogs(
            tuple(
                LogEntry("INFO", "page_crawl", f"{ADDRESS}{self._lines - n}.html: 200 @t={time.monotonic_ns()}", now)
                for n in range(count)
            )
        )

    def _violation(self) -> tuple[NewEvent, NewViolation]:
        fact = ViolationFact(
            f"{new_id()}.example", ViolationKey.GAMBLING, 0.93, "两个以上的赌博词语", (),
            needs_review=False, url="https://bad.example/", found_on="https://www.corp.example/",
        )  # fmt: skip
        violation, _ = self._findings.tell_stated(fact, RiskLevel.HIGH)
        return NewEvent(self._findings.event(violation, "zh-CN")), violation


def _progress(percent: int) -> TaskProgress:
    return TaskProgress(
        progress=percent,
        stage="页面爬取",
        message="已爬取 120 个页面",
        stage_key="page_crawl",
        stage_index=2,
        stage_progress=percent,
        counts={"pages": 120, "urls_known": 800, "third_parties": 17},
    )


def main() -> None:
    url, plan = sys.argv[1], json.loads(sys.argv[2])
    pipe = PipeBus(descriptor=sys.stdout.fileno(), watchdog=LoopWatchdog(), on_broken=lambda: os._exit(1))
    pipe.start()
    writer = Writer(url=url, task_id=plan["task_id"], bus=StampingBus(pipe))
    committed = writer.run([Phase(**phase) for phase in plan["phases"]], ends=plan.get("ends", True))
    Path(plan["result"]).write_text(json.dumps(committed))
    pipe.close(1.0)


if __name__ == "__main__":
    main()
