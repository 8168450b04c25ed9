"""Workers that are killed, frozen and thawed in the middle of a scan, and messages that come too often."""

import signal
import time
from pathlib import Path

import pytest

from app.core.config import Settings
from app.tasks import process_tree
from tests.fault.distributed import skewed
from tests.fault.distributed.form import either
from tests.fault.distributed.processes import exists, signal_all, tree_of
from tests.fault.distributed.scene import order
from tests.support.small_world import REFERRING_PAGE

pytestmark = pytest.mark.fault
STAGES = ["subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis"]
CLIENTS = 4
FROZEN_S = either(90.0, 15.0)
HALF_AN_HOUR = "30m"
FAKETIME = "faketime/libfaketimeMT.so.1"


@pytest.fixture
def running(scene, undisturbed):
    """A task that clients follow, and that one of two workers begins; the other one has nothing to do."""
    scene.work("--concurrency", "1")
    scene.work("--concurrency", "1")
    person = scene.person()
    task = order(person)
    scene.follow(person, task, CLIENTS)
    return task


@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_is_killed_and_the_other_finds_the_same(scene, running, undisturbed, stage):
    scene.until_stage(running, stage)
    killed = scene.owner(running)
    signal_all(tree_of(killed.process.pid), signal.SIGKILL)
    killed.process.wait()
    scene.take_over(running)
    assert scene.owner(running) is not killed
    story = scene.finish(running)
    assert (story.row["status"], story.row["attempt"], story.row["run"]) == ("completed", 2, 1)
    assert story.findings == undisturbed


def test_pages_that_a_killed_worker_kept_are_not_fetched_again(scene, running, undisturbed):
    def kept():
        query = "SELECT url FROM scan_pages JOIN scan_stores ON scan_stores.id = store WHERE task_id = %s"
        with scene.database() as connection:
            return {url for (url,) in connection.execute(query, (running,)) if "/p/" in url}

    scene.until(lambda: bool(kept()))
    signal_all(tree_of(scene.owner(running).process.pid), signal.SIGKILL)
    before = kept()
    scene.world.requests.clear()
    scene.take_over(running)
    assert scene.finish(running).findings == undisturbed
    assert before & set(scene.world.requests) - {REFERRING_PAGE} == set()  # that one is captured besides, as evidence
    scene.measured["pages kept"] = str(len(before))


def test_a_worker_is_frozen_and_thawed_and_writes_nothing_more(scene, running, undisturbed):
    scene.until_pages(4)
    frozen = scene.owner(running)
    pids, scan = tree_of(frozen.process.pid), process_tree.members(process_tree.mark_of(running, 1))
    signal_all(pids, signal.SIGSTOP)
    scene.take_over(running)
    story = scene.finish(running)
    assert (story.row["status"], story.row["attempt"]) == ("completed", 2)
    assert story.findings == undisturbed
    signal_all(pids, signal.SIGCONT)
    stopped = scene.until(lambda: not any(exists(pid) for pid in scan))
    scene.measured["the thawed scan ended after"] = f"{stopped:.1f} s"
    assert scene.finish(running) == story
    scene.finish_another(undisturbed)  # whoever runs it


class TestAtTheDefaultTimes:
    """A minute and a half, where a worker is lost after 45 seconds."""

    @pytest.fixture
    def scene_options(self):
        defaults = ("heartbeat_interval_s", "worker_suspect_after_s", "worker_lost_after_s", "monitor_interval_s")
        return either({name: Settings.model_fields[name].default for name in defaults}, {})

    def test_a_worker_is_frozen_for_long_and_thawed_under_its_successor(self, scene, running, undisturbed):
        scene.until_pages(4)
        pids = tree_of(scene.owner(running).process.pid)
        scan = process_tree.members(process_tree.mark_of(running, 1))
        signal_all(pids, signal.SIGSTOP)
        frozen_at = time.monotonic()
        scene.world.delay_s = either(12.0, 0.5)  # the next attempt is at work when the old one wakes up
        scene.take_over(running)
        left_s = frozen_at + FROZEN_S - time.monotonic()
        time.sleep(max(0.0, left_s))
        signal_all(pids, signal.SIGCONT)
        assert scene.row(running)["status"] == "running"
        scene.world.delay_s = 0.08
        story = scene.finish(running)
        assert (story.row["status"], story.row["attempt"]) == ("completed", 2)
        assert story.findings == undisturbed
        scene.until(lambda: not any(exists(pid) for pid in scan))


def test_the_same_message_comes_five_times(scene, undisturbed):
    person = scene.person()
    task = order(person)
    scene.follow(person, task, CLIENTS)
    with scene.deployment.redis.client() as redis:
        queue = "compliance:queue:scan"
        scene.until(lambda: redis.llen(queue) >= 1)  # two, when the one who looks for what waits was the faster
        message = redis.lindex(queue, 0)
        redis.rpush(queue, *[message] * 4)
        scene.work("--concurrency", "2")
        scene.work("--concurrency", "2")
        story = scene.finish(task)
        scene.until(lambda: redis.llen(queue) == 0)
    assert (story.row["status"], story.row["attempt"]) == ("completed", 1)
    assert [event["type"] for event in story.events].count("task_started") == 1
    assert story.findings == undisturbed


def test_a_scan_that_always_dies_is_given_up(scene, undisturbed):
    scene.work("--concurrency", "1")
    person = scene.person()
    task = order(person)
    scene.follow(person, task, CLIENTS)
    asked = 0
    for attempt in (1, 2, 3):
        scene.until(lambda n=attempt: (scene.row(task)["attempt"], scene.row(task)["status"]) == (n, "running"))
        # A process that is killed before it has begun counts for nothing.
        scene.until(lambda before=asked: len(scene.world.requests) > before)
        mark = process_tree.mark_of(task, attempt)
        signal_all(scene.until_found(lambda mark=mark: process_tree.members(mark)), signal.SIGKILL)
        scene.noticed(
            scene.until(lambda n=attempt: (scene.row(task)["attempt"], scene.row(task)["status"]) != (n, "running"))
        )
        asked = len(scene.world.requests)
    story = scene.finish(task)
    assert (story.row["status"], story.row["attempt"]) == ("failed", 3)
    assert story.row["error"]["code"] == "worker_lost"
    scene.finish_another(undisturbed)


def test_a_task_is_begun_anew_while_its_old_worker_is_frozen(scene, running, undisturbed):
    scene.until_pages(4)
    pids = tree_of(scene.owner(running).process.pid)
    scene.freeze_between_transactions(pids)  # else its lock on the row makes the cancel wait, and be refused for now
    client = scene.person().client
    assert client.post(f"/api/v1/tasks/{running}/cancel").is_success
    forced = scene.until(lambda: scene.row(running)["status"] == "cancelled")
    scene.noticed(forced)
    assert client.post(f"/api/v1/tasks/{running}/retry").is_success
    scene.repaired(scene.until(lambda: scene.row(running)["status"] == "running"))
    signal_all(pids, signal.SIGCONT)
    story = scene.finish(running)
    assert (story.row["status"], story.row["attempt"], story.row["run"]) == ("completed", 2, 2)
    assert story.findings == undisturbed


def faketime():
    """Where Debian has the library that shows a program another time."""
    (*_, found) = Path("/usr/lib").glob(f"*/{FAKETIME}")
    return str(found)


def test_the_clocks_of_two_workers_are_an_hour_apart(scene, undisturbed):
    scene.times_are_true = False
    for sign in "+-":
        variables = {"LD_PRELOAD": faketime(), "FAKETIME": f"{sign}{HALF_AN_HOUR}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        entry = (skewed.MODULE, *(f"{name}={value}" for name, value in variables.items()))
        scene.work("--concurrency", "1", entry=entry, **variables)
    person = scene.person()
    task = order(person)
    scene.follow(person, task, CLIENTS)
    scene.until_pages(3)
    killed = scene.owner(task)
    signal_all(tree_of(killed.process.pid), signal.SIGKILL)
    killed.process.wait()
    scene.take_over(task)
    story = scene.finish(task)
    assert (story.row["status"], story.row["attempt"]) == ("completed", 2)
    assert story.findings == undisturbed
    assert 0 < story.row["statistics"]["execution_duration"] < 300
    times = [event["created_at"] for event in story.events]
    apart = abs(max(times) - min(times)).total_seconds()
    assert apart > 3_000  # each worker says its own time, and nothing is decided by it
    scene.measured["times in the log"] = f"{apart / 60:.0f} minutes apart"
