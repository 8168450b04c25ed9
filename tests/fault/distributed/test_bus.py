"""A bus that cannot be relied on, and one that was never there: the sweep delivers."""

import pytest

from tests.fault.distributed import lossy
from tests.fault.distributed.scene import order

pytestmark = pytest.mark.fault
CLIENTS = 4
SWEEP_S = 2.0
SLACK_S = 2.0  # of a busy machine


@pytest.mark.parametrize("scene_options", [{"entry": (lossy.MODULE,)}])
def test_the_bus_drops_doubles_and_reorders(scene, crawling, undisturbed):
    scene.finish_undisturbed(crawling, undisturbed)
    said = "".join(process.said() for process in scene.deployment.processes)
    counts = {fate: said.count(fate) for fate in lossy.FATES}
    assert min(counts.values()) > 0
    scene.measured["hints dropped, late, doubled"] = ", ".join(map(str, counts.values()))
    scene.finish_another(undisturbed, 1)


@pytest.mark.parametrize("scene_options", [{"with_redis": False}])
def test_redis_was_never_there(scene, undisturbed):
    scene.work()
    person = scene.person()
    task = order(person)
    scene.follow(person, task, CLIENTS)
    assert scene.is_degraded(0)
    assert scene.is_degraded(1)
    cancelled = order(scene.person(1))
    assert scene.person(1).client.post(f"/api/v1/tasks/{cancelled}/cancel").is_success
    scene.until(lambda: scene.row(cancelled)["status"] == "cancelled")
    assert scene.row(task)["status"] == "pending"  # nobody is woken: it waits in the database
    scene.deployment.redis.start()
    begun = scene.until(lambda: scene.row(task)["status"] != "pending")
    scene.repaired(begun)
    scene.finish_undisturbed(task, undisturbed)
