"""Attempts under random sequences of create, retry, cancel, fail, complete, lost processes and retention."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from app.core.config import Settings
from app.core.db import Database
from app.core.ids import new_id
from app.core.principal import Principal
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.stages import STAGES
from app.domain.tasks import TERMINAL
from app.domain.verdict import Result, Verdict
from app.events.bus.memory import MemoryBus
from app.events.event import NewEvent, PendingLogs
from app.events.tables import RUN_COLUMNS, scan_runs, task_events
from app.events.types import ErrorInfo, Statistics, TaskStage
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.maintenance.retention import RetentionService
from app.scans.lifecycle import Lifecycle
from app.scans.queries import runs, tasks
from app.scans.shown_run import RunRef, find_run, find_shown
from tests.support.databases import create_tables
from tests.support.monitored_tasks import HandClock
from tests.support.rows import add_user

ADMIN = Principal("nobody", "admin", "admin")
LOST = ErrorInfo(code="internal", message="m", retryable=True)


@dataclass
class Model:
    """What should be known of one run."""

    first: int
    last: int
    end: str | None = None
    ended_at: Any = None
    row: list[Any] | None = None  # the run's columns when it ended
    lines: list[int] = field(default_factory=list)

    @property
    def conclusive(self) -> bool:
        return self.end in ("violations", "clean")


class Attempts(RuleBasedStateMachine):
    """One task; `model` has its runs in order."""

    @initialize()
    def create(self) -> None:
        self.clock = HandClock()
        self.folder = tempfile.TemporaryDirectory()
        self.db = Database(f"sqlite:///{self.folder.name}/test.db")
        create_tables(self.db)
        self.writer = EventWriter(db=self.db, bus=MemoryBus())
        self.life = Lifecycle(clock=self.clock, texts=MessageCatalog("en"))
        self.task = new_id()
        user = add_user(self.db, self.clock, "u")
        self.write(self.life.create(self.task, user_id=user, target_domain="a.test", config={}))
        self.model = [Model(1, 1)]
        self.removed: list[tuple[str, int]] = []
        self.retention = RetentionService(
            db=self.db,
            clock=self.clock,
            settings=Settings(data_dir=self.folder.name),
            remove_files=self._remove,
        )
        asyncio.run(self.retention.purge_all())  # from here on it believes the clock

    def teardown(self) -> None:
        asyncio.run(self.db.close())
        self.folder.cleanup()

    def write(self, unit: Any) -> None:
        assert self.writer.write_sync(unit) is not None

    def row(self) -> Any:
        return self.db.read_sync(lambda c: tasks.find(c, self.task))

    @property
    def status(self) -> str:
        return str(self.row().status)

    def columns(self, row: Any) -> list[Any]:
        return [getattr(row, name) for name in RUN_COLUMNS]

    def ended(self, how: str) -> None:
        run = self.model[-1]
        run.end, run.ended_at, run.row = how, self.clock.now(), self.columns(self.row())

    @precondition(lambda self: self.status == "pending")
    @rule()
    def claim(self) -> None:
        self.write(self.life.claim(self.task, self.model[-1].last, "w", "a.test"))

    @precondition(lambda self: self.status == "running")
    @rule(stage=st.sampled_from([spec.key for spec in STAGES]), status=st.sampled_from(["running", "completed"]))
    def work(self, stage: Any, status: Any) -> None:
        run = self.model[-1]
        recorder = Recorder(task_id=self.task, attempt=run.last, run=run.first, clock=self.clock)
        line = PendingLogs((LogEntry("INFO", "m", "x"),))
        self.write(recorder.record([NewEvent(TaskStage(stage_key=stage, stage="s", status=status)), NewEvent(line)]))
        run.lines.append(self.row().last_log_seq)

    @precondition(lambda self: self.status == "running")
    @rule()
    def lose(self) -> None:
        self.write(self.life.requeue(self.task, self.model[-1].last))
        self.model[-1].last += 1

    @precondition(lambda self: self.status == "running")
    @rule()
    def ask_to_cancel(self) -> None:
        self.write(self.life.request_cancel(self.task, by="u"))
        self.model[-1].lines.append(self.row().last_log_seq)  # who cancelled it

    @precondition(lambda self: self.status in ("pending", "cancelling"))
    @rule()
    def cancel(self) -> None:
        last = self.model[-1].last
        pending = self.status == "pending"
        unit = self.life.cancel_pending(self.task, by="u") if pending else None
        self.write(unit or self.life.cancelled(self.task, last, Statistics()))
        if pending:
            self.model[-1].lines.append(self.row().last_log_seq)
        self.ended("cancelled")

    @precondition(lambda self: self.status not in TERMINAL)
    @rule()
    def fail(self) -> None:
        self.write(self.life.fail(self.task, self.model[-1].last, LOST, Statistics()))
        self.ended("failed")

    @precondition(lambda self: self.status == "running")
    @rule(result=st.sampled_from(list(Result)))
    def complete(self, result: Result) -> None:
        """A scan completes when its stages have ended."""
        for stage in self.row().stages:
            if stage["status"] == "running":
                self.work(stage["key"], "completed")
        self.write(self.life.complete(self.task, self.model[-1].last, Statistics(), verdict=Verdict(result)))
        self.ended(result.value)

    @precondition(lambda self: self.status in TERMINAL)
    @rule()
    def retry(self) -> None:
        self.write(self.life.retry(self.task, by="u"))
        number = self.model[-1].last + 1
        self.model.append(Model(number, number))

    @rule(days=st.sampled_from([1, 31, 200, 366]))
    def wait(self, days: int) -> None:
        self.clock.advance(days * 86_400)

    @rule()
    def prune(self) -> None:
        asyncio.run(self.retention.purge_all())

    # Steps that random ones seldom make one after the other: without them nothing was ever old enough to go

    @precondition(lambda self: self.status == "pending")
    @rule(result=st.sampled_from(list(Result)))
    def run_to_its_end(self, result: Result) -> None:
        self.claim()
        self.complete(result)

    @precondition(lambda self: self.status in TERMINAL)
    @rule()
    def retry_and_fail(self) -> None:
        self.retry()
        self.fail()

    @rule()
    def age(self) -> None:
        self.wait(366)
        self.prune()

    def _remove(self, task_id: str, last_run: int, *, first_run: int = 1) -> None:
        self.removed += [(task_id, run) for run in range(first_run, last_run + 1)]

    # What holds at any time

    @invariant()
    def every_run_that_has_ended_is_as_it_was(self) -> None:
        row = self.row()
        for run in self.model:
            for attempt in (run.first, run.last):
                found = self.db.read_sync(lambda c, a=attempt: find_run(c, row, a))
                if run.row is not None:
                    assert self.columns(found.task) == run.row
                assert (found.task.run, found.task.attempt) == (run.first, run.last)
        kept = self.db.read_sync(lambda c: list(c.execute(select(scan_runs.c.run).order_by(scan_runs.c.run)).scalars()))
        assert kept == [run.first for run in self.model if run.end]

    @invariant()
    def the_newest_conclusive_run_is_shown_and_its_results_are_there(self) -> None:
        conclusive = [run for run in self.model if run.conclusive]
        shown = self.db.read_sync(lambda c: find_shown(c, RunRef(self.task), ADMIN))
        assert shown.run == (conclusive or self.model)[-1].first
        assert (self.task, shown.run) not in self.removed
        assert (self.task, self.model[-1].first) not in self.removed

    @invariant()
    def results_go_once_and_only_after_their_time(self) -> None:
        assert len(self.removed) == len(set(self.removed))
        for _, number in self.removed:
            run = next(run for run in self.model if run.first == number)
            assert self.clock.now() - run.ended_at > timedelta(days=365)

    @invariant()
    def no_stage_of_a_run_that_has_ended_runs(self) -> None:
        for run in self.model:
            if run.row is not None:
                stages = run.row[RUN_COLUMNS.index("stages")]
                assert "running" not in [stage["status"] for stage in stages]

    @invariant()
    def each_run_has_its_own_lines(self) -> None:
        row = self.row()
        for run in self.model:
            found = self.db.read_sync(lambda c, a=run.first: find_run(c, row, a).task)
            first = self.db.read_sync(lambda c, task=found: runs.first_log_seq(c, task))
            assert run.lines == list(range(first, found.last_log_seq + 1))

    @invariant()
    def the_log_is_contiguous_above_what_was_pruned(self) -> None:
        row = self.row()
        of_task = select(task_events.c.seq).where(task_events.c.seq >= row.min_seq).order_by(task_events.c.seq)
        seqs = self.db.read_sync(lambda c: list(c.execute(of_task).scalars()))
        assert seqs == list(range(row.min_seq, row.last_seq + 1))


TestAttempts = Attempts.TestCase
TestAttempts.settings = settings(max_examples=25, stateful_step_count=30)
