"""History that is pruned while clients are away, or are not."""

import pytest

from tests.fault.distributed import quick_retention
from tests.fault.distributed.scene import order

pytestmark = pytest.mark.fault


@pytest.mark.parametrize("scene_options", [{"entry": (quick_retention.MODULE,), "progress_retention_s": 0.1}])
def test_history_is_pruned_below_the_positions_of_clients(scene, undisturbed):
    scene.work()
    person = scene.person()
    task = order(person)
    there, away, at_the_end = (scene.follow(person, task, 2) for _ in range(3))
    scene.until_pages(3)
    scene.pause(away)
    scene.until(lambda: scene.row(task)["status"] == "completed")
    first_run = scene.row(task)["last_seq"]
    scene.until(lambda: all(watcher.last == first_run for watcher in at_the_end))
    scene.pause(at_the_end)
    (scene.deployment.folder / "data" / quick_retention.FLAG).touch()
    pruned = scene.until(lambda: scene.row(task)["min_seq"] > first_run)
    scene.measured["pruned after"] = f"{pruned:.1f} s"
    assert all(watcher.last < scene.row(task)["min_seq"] - 1 for watcher in away)
    scene.world.requests.clear()
    assert person.client.post(f"/api/v1/tasks/{task}/retry").is_success
    scene.until_pages(3)
    scene.go_on([*away, *at_the_end])
    story = scene.finish(task, told_anew=away)
    assert (story.row["status"], story.row["attempt"], story.row["run"]) == ("completed", 2, 2)
    assert story.findings == undisturbed
    assert all(watcher.subscriber.snapshots[1]["seq"] >= story.row["min_seq"] - 1 for watcher in away)
    assert all(watcher.last == story.row["last_seq"] for watcher in [*there, *away, *at_the_end])
