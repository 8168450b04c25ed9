import pytest

from app.core.config import Settings
from app.tasks.process_protocol import JobSpec
from app.tasks.supervisor.attempt_recovery import AttemptRecovery
from app.tasks.supervisor.start_backoff import StartBackoff

SPEC = JobSpec("task-1", 1, 1, "worker", "corp.example", {})


@pytest.fixture
def backoff():
    return StartBackoff()


@pytest.fixture
def recovery(backend, tmp_path, backoff):
    return AttemptRecovery(
        db=backend.db,
        event_writer=backend.event_writer,
        lifecycle=backend.lifecycle,
        texts=backend.texts,
        clock=backend.clock,
        settings=Settings(data_dir=tmp_path, max_requeues=1),
        backoff=backoff,
    )


async def test_an_attempt_that_was_lost_is_requeued_and_counted(backend, recovery):
    backend.create()
    backend.claim()
    await recovery.after_exit(SPEC, no_resources=False)
    assert (backend.row().status, backend.row().attempt, backend.row().requeues) == ("pending", 2, 1)
    await recovery.after_exit(SPEC, no_resources=False)  # once more: nothing of it is left
    assert backend.row().attempt == 2


async def test_a_shortage_after_the_claim_does_not_count(backend, recovery):
    backend.create()
    backend.claim()
    await recovery.after_exit(SPEC, no_resources=True)
    assert (backend.row().status, backend.row().attempt, backend.row().requeues) == ("pending", 2, 0)


async def test_a_process_that_never_claims_fails_its_task_after_some_starts(backend, recovery, backoff):
    backend.create()
    await recovery.after_exit(SPEC, no_resources=False)
    assert backend.row().status == "pending"
    assert not backoff.may_start("task-1", backend.clock.monotonic())
    await recovery.after_exit(SPEC, no_resources=False)
    assert (backend.row().status, backend.row().error["code"]) == ("failed", "worker_lost")


async def test_a_shortage_before_the_claim_is_said_once(backend, recovery):
    backend.create()
    await recovery.after_exit(SPEC, no_resources=True)
    await recovery.after_exit(SPEC, no_resources=True)
    assert backend.types() == ["task_created", "task_warning"]
    assert backend.row().status == "pending"


async def test_a_task_that_was_deleted_needs_nothing(recovery):
    await recovery.after_exit(SPEC, no_resources=False)


async def test_what_ran_when_the_last_server_ended_is_requeued_without_counting(backend, recovery):
    for task_id in ("task-1", "task-2", "waits"):
        backend.create(task_id)
    backend.claim("task-1")
    backend.claim("task-2")
    backend.write(backend.lifecycle.request_cancel("task-2", by="user"))
    await recovery.after_restart()
    assert [backend.row(task_id).status for task_id in ("task-1", "task-2", "waits")] == [
        "pending",
        "cancelled",
        "pending",
    ]
    assert (backend.row("task-1").attempt, backend.row("task-1").requeues) == (2, 0)
