"""Whose results are shown, by what the runs of a task have come to."""

import pytest

from app.core.errors import NotFound
from app.core.principal import Principal
from app.domain.verdict import Result, Verdict
from app.events.tables import RUN_COLUMNS
from app.events.types import ErrorInfo, Statistics
from app.scans.queries import runs
from app.scans.shown_run import RunRef, find_run, find_seen, find_shown
from tests.support.backend import open_backend

ADMIN = Principal("nobody", "admin", "admin")
LOST = ErrorInfo(code="internal", message="m", retryable=True)


class Task:
    """A task whose attempts end as the test says."""

    def __init__(self, backend, task_id):
        self.id = task_id
        self.services = backend.services
        self.attempt = 0

    async def write(self, unit):
        assert await self.services.event_writer.write(unit) is not None

    async def begin(self):
        if self.attempt:
            await self.write(self.services.lifecycle.retry(self.id, by="admin"))
        self.attempt += 1
        await self.write(self.services.lifecycle.claim(self.id, self.attempt, "w", "example.com"))

    async def lose(self):
        await self.write(self.services.lifecycle.requeue(self.id, self.attempt))
        self.attempt += 1
        await self.write(self.services.lifecycle.claim(self.id, self.attempt, "w", "example.com"))

    async def end(self, how):
        lifecycle = self.services.lifecycle
        match how:
            case "failed":
                await self.write(lifecycle.fail(self.id, self.attempt, LOST, Statistics()))
            case "cancelled":
                await self.write(lifecycle.request_cancel(self.id, by="mei"))
                await self.write(lifecycle.cancelled(self.id, self.attempt, Statistics()))
            case result:
                verdict = Verdict(Result(result))
                await self.write(lifecycle.complete(self.id, self.attempt, Statistics(), verdict=verdict))

    async def shown(self, attempt=None):
        return await self.services.db.read(lambda c: find_shown(c, RunRef(self.id, attempt), ADMIN))


@pytest.fixture
async def task(tmp_path):
    async with open_backend(tmp_path / "data") as backend:
        yield Task(backend, await backend.add_task(await backend.login()))


async def test_a_pending_task_shows_itself(task):
    row = await task.shown()
    assert (row.id, row.run, row.attempt, row.status) == (task.id, 1, 1, "pending")


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ([None], 1),
        (["violations"], 1),
        (["violations", None], 1),
        (["violations", "failed"], 1),
        (["violations", "cancelled"], 1),
        (["violations", "inconclusive"], 1),
        (["violations", "clean"], 2),
        (["clean", "failed", "violations", "cancelled", None], 3),
        (["failed", None], 2),
        (["inconclusive", None], 2),
        (["inconclusive", "cancelled"], 2),
        (["failed", "clean", "inconclusive"], 2),
    ],
)
async def test_the_newest_conclusive_run_is_shown_and_without_one_the_newest(task, ends, shown):
    for end in ends:
        await task.begin()
        if end is not None:
            await task.end(end)
    row = await task.shown()
    assert row.attempt == shown
    assert row == await task.shown(shown)
    assert row.status == {None: "running", "failed": "failed", "cancelled": "cancelled"}.get(
        ends[shown - 1], "completed"
    )


async def test_any_attempt_of_a_run_means_the_run_and_its_last_one_names_it(task):
    await task.begin()
    await task.lose()
    await task.end("violations")
    await task.begin()
    await task.lose()
    rows = [await task.shown(attempt) for attempt in (1, 2, 3, 4)]
    assert [(row.run, row.attempt) for row in rows] == [(1, 2), (1, 2), (3, 4), (3, 4)]
    assert (await task.shown()).run == 1
    with pytest.raises(NotFound) as refused:
        await task.shown(5)
    assert refused.value.code == "attempt_not_found"


async def test_a_run_is_shown_as_it_was_when_it_ended(task):
    await task.begin()
    await task.end("cancelled")
    before = await task.shown()
    await task.begin()
    after = await task.shown(1)
    assert [getattr(after, name) for name in RUN_COLUMNS] == [getattr(before, name) for name in RUN_COLUMNS]
    assert after.cancel_by == "mei"


async def test_a_foreign_task_and_what_is_no_id_are_missing(task):
    for principal, wanted in ((Principal("li", "li", "user"), task.id), (ADMIN, "0" * 36), (ADMIN, "../x")):
        with pytest.raises(NotFound, match="Scan not found"):
            await task.services.db.read(lambda c, who=principal, what=wanted: find_seen(c, what, who))


async def test_results_that_were_removed_say_so_while_their_run_is_still_known(task):
    await task.begin()
    await task.end("failed")
    await task.begin()
    await task.end("clean")
    moment = task.services.clock.now()
    await task.services.db.write(lambda c: runs.mark_results_removed(c, task.id, 1, moment))
    with pytest.raises(NotFound) as refused:
        await task.shown(1)
    assert refused.value.code == "results_removed"
    run = await task.services.db.read(lambda c: find_run(c, find_seen(c, task.id, ADMIN), 1))
    assert (run.task.status, run.results_removed_at) == ("failed", moment)
