"""Processes that die, and connections that are cut, at the moment of a COMMIT."""

import pytest
from httpx import TransportError

from tests.fault.distributed.commit_proxy import running_commit_proxy
from tests.fault.distributed.dying import MODULE, OF_SCAN
from tests.fault.distributed.scene import order

pytestmark = pytest.mark.fault
CLIENTS = 4
SWEEP_S = 2.0
SLACK_S = 10.0  # of a busy machine
CUT_EVERY = 12


def test_a_scan_dies_between_commit_and_publish(scene, undisturbed):
    scene.work(entry=(MODULE, f"{OF_SCAN}violation_detected"))
    task = order(scene.person())
    scene.follow(scene.person(), task, CLIENTS)
    scene.until(lambda: scene.row(task)["violation_counts"].get("total", 0) > 0)
    scene.take_over(task)
    story = scene.finish(task)
    assert (story.row["status"], story.row["attempt"]) == ("completed", 2)
    assert story.findings == undisturbed
    said = [event["attempt"] for event in story.events if event["type"] == "violation_detected"]
    assert said[0] == 1  # committed, and the process was dead


def test_the_end_of_a_scan_is_told_by_nobody(scene, undisturbed):
    scene.work(entry=(MODULE, f"{OF_SCAN}task_completed"))
    task = order(scene.person())
    scene.follow(scene.person(), task, CLIENTS)
    scene.finish_undisturbed(task, undisturbed)
    late_s = max(scene.lateness_s(task, "task_completed"))
    assert late_s <= SWEEP_S + SLACK_S
    scene.repaired(late_s)


def test_a_worker_dies_between_its_claim_and_the_hint(scene, undisturbed):
    dying = scene.work(entry=(MODULE, "task_started"))
    task = order(scene.person())
    scene.follow(scene.person(), task, CLIENTS)
    scene.until(lambda: dying.process.poll() is not None)
    scene.work()
    scene.take_over(task)
    story = scene.finish(task)
    assert (story.row["status"], story.row["attempt"]) == ("completed", 2)
    assert story.findings == undisturbed


def test_a_server_dies_between_a_new_task_and_its_hint(scene, undisturbed):
    dying = scene.person(scene.serve_another((MODULE, "task_created")))
    with pytest.raises(TransportError):
        order(dying)
    (task,) = scene.tasks()
    scene.follow(scene.person(), task, CLIENTS)
    scene.work()
    scene.repaired(scene.until(lambda: scene.row(task)["status"] != "pending"))
    scene.finish_undisturbed(task, undisturbed)


def test_a_server_dies_between_a_cancel_and_its_hint(scene, undisturbed):
    dying = scene.person(scene.serve_another((MODULE, "task_cancelling")))
    scene.work()
    task = order(scene.person())
    scene.follow(scene.person(), task, CLIENTS)
    scene.until_pages(2)
    with pytest.raises(TransportError):
        dying.client.post(f"/api/v1/tasks/{task}/cancel")
    scene.repaired(scene.until(lambda: scene.row(task)["status"] == "cancelled"))
    story = scene.finish(task)
    assert (story.row["status"], story.row["attempt"]) == ("cancelled", 1)
    scene.finish_another(undisturbed)


class TestConnectionsAreCut:
    @pytest.fixture
    def proxy(self, postgres):
        with running_commit_proxy(postgres.port) as proxy:
            yield proxy

    @pytest.fixture
    def scene_options(self, proxy):
        return {"database_port": proxy.port}

    def test_connections_are_cut_during_commit(self, scene, proxy, undisturbed):
        scene.work()
        scene.work()
        person = scene.person()
        proxy.every = CUT_EVERY
        task = order(person)
        scene.follow(person, task, CLIENTS)
        story = scene.finish(task)
        proxy.every = None
        assert (story.row["status"], story.row["attempt"]) == ("completed", 1)
        assert story.findings == undisturbed
        assert min(proxy.answers_cut, proxy.commits_cut) > 0
        scene.measured["commits cut, answers cut"] = f"{proxy.commits_cut}, {proxy.answers_cut}"
