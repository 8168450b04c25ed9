"""Cancels, and times that are up, that meet hundreds of scans at any moment of their lives."""

import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fault.distributed import hurried
from tests.fault.distributed.form import either
from tests.fault.distributed.processes import signal_all
from tests.fault.distributed.scene import order

pytestmark = pytest.mark.fault
RACES = either(500, 60)
AT_ONCE = 20
CLIENTS = 2
LONGEST_S = 2.5  # of a scan
LIMIT_S = 1.0  # that takes too long: more than what one that does nothing takes on a busy machine
OPTIONS = {"scans_per_user": 64, "heartbeat_interval_s": 0.2}


def order_some(scene, people):
    """Tasks, each followed through both servers before it is begun: meanwhile all workers are frozen."""
    pids = [worker.process.pid for worker in scene.workers]
    scene.freeze_between_transactions(pids)
    tasks = [order(people[number % 2]) for number in range(AT_ONCE)]
    for task in tasks:
        scene.follow(people[0], task, CLIENTS)
    signal_all(pids, signal.SIGCONT)
    return tasks


def cancel_at_random(person, task):
    """Whether it was accepted."""
    time.sleep(random.uniform(0, LONGEST_S * 1.5))
    answer = person.client.post(f"/api/v1/tasks/{task}/cancel")
    assert answer.status_code in {200, 202, 409}, answer.text
    return answer.is_success


@pytest.fixture
def workers(scene):
    return [scene.work("--concurrency", "8", entry=(hurried.MODULE, str(LONGEST_S))) for _ in range(2)]


@pytest.mark.parametrize("scene_options", [OPTIONS])
def test_cancels_come_at_any_moment(scene, workers):
    ends = Counter()
    people = [scene.person(0), scene.person(1)]
    for _ in range(0, RACES, AT_ONCE):
        tasks = order_some(scene, people)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(cancel_at_random, people * AT_ONCE, tasks))
        for task, was_accepted in zip(tasks, answers, strict=True):
            story = scene.finish(task)
            assert (story.row["status"] == "cancelled") == was_accepted
            assert story.row["attempt"] == 1
            began = any(event["type"] == "task_started" for event in story.events)
            ends["waiting" if not began else story.row["status"]] += 1
        scene.stop_following()
    assert ends["cancelled"] > 0
    assert ends["completed"] > 0
    scene.measured["ends"] = ", ".join(f"{count} {end}" for end, count in ends.items())


@pytest.mark.parametrize(
    "scene_options",
    [{**OPTIONS, "long_running_warning_s": LIMIT_S, "long_running_failure_s": LIMIT_S, "monitor_interval_s": 0.1}],
)
def test_scans_finish_while_their_time_is_up(scene, workers):
    ends = Counter()
    people = [scene.person(0), scene.person(1)]
    for _ in range(0, RACES, AT_ONCE):
        tasks = order_some(scene, people)
        for task in tasks:
            story = scene.finish(task)
            error = story.row["error"]
            assert (story.row["status"], error and error["code"]) in {("completed", None), ("failed", "timeout")}
            ends[story.row["status"]] += 1
        scene.stop_following()
    assert min(ends["completed"], ends["failed"]) > 0
    scene.measured["ends"] = ", ".join(f"{count} {end}" for end, count in ends.items())
