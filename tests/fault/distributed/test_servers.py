"""Servers that are killed and frozen while clients follow a scan."""

import signal
import time

import pytest

from tests.fault.distributed.form import either
from tests.fault.distributed.processes import signal_all, tree_of
from tests.fault.distributed.scene import order

pytestmark = pytest.mark.fault
MANY_CLIENTS = either(200, 60)
TAKEN_OVER_WITHIN_S = 30.0
MORE_PAGES = 80


def test_a_server_is_killed_under_many_clients(scene, undisturbed):
    other = scene.person(1)
    scene.world.add_pages(MORE_PAGES)
    task = order(scene.person(0))
    scene.follow(other, task, MANY_CLIENTS)
    scene.world.delay_s = 2.0  # the scan goes on long enough for all to come back under it
    scene.work()
    scene.work()
    scene.until_pages(3)
    scene.servers[0][0].kill()
    killed_at = time.time()
    scene.noticed(scene.until(lambda: all(watcher.cuts for watcher in scene.watchers[::2])))
    scene.until(lambda: all(max(watcher.told_at.values(), default=0) > killed_at for watcher in scene.watchers[::2]))
    scene.repaired(time.time() - killed_at)
    assert scene.row(task)["status"] == "running"
    scene.world.delay_s = 0.02
    scene.finish_undisturbed(task, undisturbed)
    assert all(watcher.cuts >= 1 for watcher in scene.watchers[::2])
    assert [watcher.cuts for watcher in scene.watchers[1::2]] == [0] * (MANY_CLIENTS // 2)  # of the other server


def test_the_server_that_watches_is_frozen_and_thawed(scene, crawling, undisturbed):
    (watching,) = [server for server, _ in scene.servers if "lease_taken" in server.said()]
    (other,) = [server for server, _ in scene.servers if server is not watching]
    frozen = tree_of(watching.process.pid)
    signal_all(frozen, signal.SIGSTOP)
    killed = scene.owner(crawling)
    signal_all(tree_of(killed.process.pid), signal.SIGKILL)
    killed.process.wait()
    taken = scene.until(lambda: "lease_taken" in other.said())
    assert taken <= TAKEN_OVER_WITHIN_S
    scene.noticed(taken)  # that nobody watches
    scene.repaired(taken + scene.until(lambda: scene.row(crawling)["attempt"] == 2))  # the lost worker, too
    signal_all(frozen, signal.SIGCONT)
    story = scene.finish(crawling)
    assert (story.row["status"], story.row["attempt"]) == ("completed", 2)
    assert story.findings == undisturbed
    time.sleep(3)  # the thawed one looks at its lease
    assert watching.said().count("lease_taken") == 1
