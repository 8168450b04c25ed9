"""A process that writes a task's events as a scan's process does, and notes when each was committed.

Started by realtime_server.py: `realtime_writer.py DATABASE_URL PLAN`. Hints leave on stdout, as a scan's do; when it is
through, PLAN's `result` file holds `[[seq, committed at (monotonic ns), phase], ...]`, ascending.
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
from app.events.bus.base import Hint
from app.events.journal import Journal
from app.events.types import (
    NewEvent,
    PendingLine,
    PendingLogs,
    Statistics,
    TaskProgress,
    Violation,
    ViolationDetected,
)
from app.services.lifecycle import Lifecycle
from app.services.recorder import Finding, Recorder
from app.services.texts import Texts
from app.tasks.pipe import PipeBus
from app.tasks.pulse import LoopPulse

TURN_S = 0.005
HEARTBEAT_S = 5.0
Batch = list[tuple[NewEvent, Finding | None]]


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
        self._journal = Journal(db=self._db, bus=bus)
        self._lifecycle = Lifecycle(clock=self._clock, texts=Texts("zh-CN"))
        self._recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=self._clock)
        self._task_id = task_id
        self._lines = 0

    def run(self, phases: list[Phase]) -> list[tuple[int, int, str]]:
        """(seq, committed at, phase) of every event."""
        committed: list[tuple[int, int, str]] = []
        beat_at = 0.0
        before = self._last_seq()
        for phase in phases:
            for batch in self._paced(phase):
                if time.monotonic() >= beat_at:
                    self._db.write_sync(lambda connection: self._recorder.heartbeat(connection, HEARTBEAT_S))
                    beat_at = time.monotonic() + HEARTBEAT_S
                findings = [finding for _, finding in batch if finding is not None]
                self._journal.write_sync(self._recorder.record([event for event, _ in batch], findings))
                seq, at = self._bus.stamps[-1]
                committed += [(number, at, phase.name) for number in range(before + 1, seq + 1)]
                before = seq
        self._journal.write_sync(self._lifecycle.complete(self._task_id, 1, Statistics()))
        return committed

    def _last_seq(self) -> int:
        query = "SELECT last_seq FROM scan_tasks WHERE id = ?"
        return self._db.read_sync(lambda connection: connection.exec_driver_sql(query, (self._task_id,)).scalar_one())

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

    def _make(self, kind: str, phase: Phase, passed: float) -> tuple[NewEvent, Finding | None]:
        if kind == "violations":
            return self._violation()
        body = self._logs(phase.lines_per_group) if kind == "logs" else _progress(int(100 * passed / phase.seconds))
        return NewEvent(body), None

    def _logs(self, count: int) -> PendingLogs:
        now = self._clock.now()
        self._lines += count
        return PendingLogs(
            tuple(
                PendingLine(
                    "INFO", "page_crawl", f"https://www.corp.example/news/2026/{self._lines - n}.html: 200", now
                )
                for n in range(count)
            )
        )

    def _violation(self) -> tuple[NewEvent, Finding]:
        finding = Finding(
            new_id(), f"{new_id()}.example", "gambling", "high", 0.93, "两个以上的赌博词语", [], needs_review=False,
            url="https://bad.example/", found_on="https://www.corp.example/",
        )  # fmt: skip
        said = Violation(
            domain=finding.domain,
            violation_type="赌博内容",
            risk_level="high",
            confidence_score=0.93,
            description=finding.description,
        )
        body = ViolationDetected(
            violation=said, violation_id=finding.violation_id, violation_key="gambling", needs_review=False
        )
        return NewEvent(body), finding


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
    pipe = PipeBus(descriptor=sys.stdout.fileno(), pulse=LoopPulse(), on_broken=lambda: os._exit(1))
    pipe.start()
    writer = Writer(url=url, task_id=plan["task_id"], bus=StampingBus(pipe))
    committed = writer.run([Phase(**phase) for phase in plan["phases"]])
    Path(plan["result"]).write_text(json.dumps(committed))
    pipe.close(1.0)


if __name__ == "__main__":
    main()
