"""What the scan before has not found is captured and judged once more before anybody is told of it."""

import os
import signal
import time
from dataclasses import dataclass
from datetime import date

import pytest

from app.domain.rechecks import stored_recheck_of
from app.findings.open_findings import findings_to_tell
from app.findings.queries import findings
from tests.support.said import said
from tests.support.scan_backend import assert_sound, cancel_in_time, scan_backend
from tests.support.small_world import BETS, FILLER, html, small_world

DOMAIN = "news.example"
HOSTILE, CLEAN = html("娱乐城", f"<p>{BETS}</p>" * 3), html("新闻", f"<p>{FILLER}</p>")
LONG_S = 600.0  # nobody waits so long
NAME = said("violation.gambling")


@dataclass
class Scene:
    """A site that was scanned before, and whose partner is hostile from now on."""

    world: object
    backend: object

    async def scan(self):
        """A whole scan."""
        task_id = await self.backend.create(cloaking=False)
        assert (await self.backend.finished(task_id)).status == "completed"
        return task_id

    async def begin(self):
        """A scan that has just found it."""
        task_id = await self.backend.create(cloaking=False)
        await self.backend.until(task_id, lambda e: e.type == "violation_detected" and DOMAIN in e.body)
        return task_id

    def show(self, body):
        self.world.serve(DOMAIN, "/", body)

    def told(self, task_id, *, has_ended=True):
        """What people are told of the partner."""
        return self.backend.db.read_sync(
            lambda c: [
                one.risk_level.value
                for one in findings_to_tell(c, task_id, 1, limit=100, has_ended=has_ended, today=date.min)
                if one.id.domain == DOMAIN
            ]
        )

    def stored(self, task_id):
        """(risk, whether it needs a review, what came of the recheck)."""
        rows = self.backend.db.read_sync(lambda c: findings.of_run(c, task_id, 1))
        (row,) = [row for row in rows if row.domain == DOMAIN]
        return row.risk_level, row.needs_review, stored_recheck_of(row.reasons)

    def lines(self, task_id):
        logs = [event.payload()["logs"] for event in self.backend.events(task_id) if event.type == "task_logs"]
        return [line["message"] for group in logs for line in group]


@pytest.fixture
async def scene(tmp_path, request):
    after_s = getattr(request, "param", 4.0)
    async with small_world() as world, scan_backend(tmp_path, recheck_after_s=after_s, **world.settings) as backend:
        world.delay_s = 0.01
        scene = Scene(world, backend)
        await scene.scan()
        scene.show(HOSTILE)
        yield scene


async def test_what_a_page_shows_once_alerts_nobody_and_is_left_for_a_review(scene):
    task_id = await scene.begin()
    scene.show(CLEAN)
    assert (scene.told(task_id, has_ended=False), scene.stored(task_id)[2]) == ([], "awaited")
    await scene.backend.finished(task_id)
    assert (scene.told(task_id), scene.stored(task_id)) == ([], ("low", True, "not_confirmed"))
    assert said("recheck_not_confirmed", domain=DOMAIN, name=NAME) in scene.lines(task_id)
    (violation,) = [one for one in scene.backend.violations(task_id) if one.domain == DOMAIN]
    assert violation.needs_review
    row = scene.backend.row(task_id)
    assert (row.finding_counts["low"], row.finding_counts["needs_review"]) == (1, 1)
    assert row.violation_counts["needs_review"] == 1
    assert scene.backend.rechecks == {"not_confirmed": 1}
    assert_sound(scene.backend, task_id)


async def test_what_a_page_shows_again_is_told_while_the_scan_runs_and_what_was_known_is_not_fetched_twice(scene):
    scene.world.requests.clear()
    task_id = await scene.scan()
    assert (len(scene.told(task_id)), scene.stored(task_id)[2]) == (1, None)
    assert scene.backend.rechecks == {"confirmed": 1}
    confirmed = said("recheck_confirmed", domain=DOMAIN, name=NAME)
    assert [line for line in scene.lines(task_id) if line.startswith(confirmed[:12])] == [confirmed]
    counts = scene.world.counts()
    assert (counts[f"http://{DOMAIN}/"], counts["http://bad-bets.example/"]) == (2, 1)


async def test_what_was_seen_once_in_two_scans_is_told(scene):
    task_id = await scene.begin()
    scene.show(CLEAN)
    await scene.backend.finished(task_id)
    scene.show(HOSTILE)
    again = await scene.begin()
    assert len(scene.told(again, has_ended=False)) == 1
    await scene.backend.finished(again)


async def test_a_host_that_is_away_for_the_recheck_changes_nothing(scene):
    task_id = await scene.begin()
    del scene.world._documents[DOMAIN, "/"]
    await scene.backend.finished(task_id)
    assert (len(scene.told(task_id)), scene.stored(task_id)[2]) == (1, None)
    assert said("recheck_failed", domain=DOMAIN, name=NAME) in scene.lines(task_id)
    assert scene.backend.rechecks == {"failed": 1}


async def waits(scene, task_id):
    """Until the scan says that it waits for the recheck and for nothing else."""
    message = said("rechecking", count=1)
    await scene.backend.until(task_id, lambda e: e.type == "task_progress" and message in e.payload()["message"])


@pytest.mark.parametrize("scene", [8.0], indirect=True)
@pytest.mark.parametrize("body", [HOSTILE, CLEAN], ids=["stays", "once"])
async def test_a_scan_that_is_killed_in_the_pause_goes_on_with_what_it_was_waiting_for(scene, body):
    began = time.monotonic()
    task_id = await scene.begin()
    assert scene.stored(task_id)[2] == "awaited"
    os.kill(scene.backend.scan_pid(task_id), signal.SIGKILL)
    scene.show(body)
    row = await scene.backend.finished(task_id)
    assert row.attempt == 2
    assert time.monotonic() - began >= 8.0
    is_told = body is HOSTILE
    assert scene.backend.rechecks == {"confirmed" if is_told else "not_confirmed": 1}
    assert (len(scene.told(task_id)), scene.stored(task_id)[2]) == (is_told, None if is_told else "not_confirmed")
    assert_sound(scene.backend, task_id)


@pytest.mark.parametrize("scene", [LONG_S], indirect=True)
async def test_a_cancel_ends_the_pause_and_a_scan_without_news_has_none(scene):
    task_id = await scene.begin()
    await waits(scene, task_id)
    await cancel_in_time(scene.backend, task_id)
    assert len(scene.told(task_id)) == 1  # it was not looked at again: it stays as it is
    scene.show(CLEAN)
    await scene.scan()


async def test_a_first_scan_does_not_wait(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, recheck_after_s=LONG_S, **world.settings) as backend:
        world.delay_s = 0.01
        scene = Scene(world, backend)
        task_id = await scene.scan()
        assert world.counts()["http://bad-bets.example/"] == 1
        rows = backend.db.read_sync(lambda c: findings.of_run(c, task_id, 1))
        assert {stored_recheck_of(row.reasons) for row in rows} == {None}
