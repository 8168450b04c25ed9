"""Servers are started anew one after the other, as an upgrade does it, and their clients hardly notice."""

from collections import Counter

import pytest

from tests.fault.distributed.form import either
from tests.fault.distributed.scene import order
from tests.system.test_two_servers import front_of

pytestmark = pytest.mark.fault
MANY_CLIENTS = either(200, 60)
MORE_PAGES = 80
LONGEST_WAIT_S = 15.0
DRAIN_S = 10.0
# What lies behind the end of the last socket: requests under way, the last frames, the database.
REST_S = 20.0


@pytest.fixture
def scene_options():
    return {"ws_drain_s": DRAIN_S, "trusted_proxies": "127.0.0.1", "worker_lost_after_s": 45}  # no worker is at stake


def test_servers_are_started_anew_one_after_the_other_behind_nginx(scene, tmp_path):
    front = front_of(tmp_path / "nginx", *(url for _, url in scene.servers))
    with front.running():
        scene.background.run(front.answers())
        person = scene.person()
        scene.world.add_pages(MORE_PAGES)
        task = order(person)
        address = f"https://127.0.0.1:{front.port}"
        scene.follow(person, task, MANY_CLIENTS, addresses=[address], trust=front.trust)
        scene.work()
        scene.world.delay_s = 3.0  # the scan goes on until both have been started anew
        scene.until(lambda: len(scene.world.requests) >= 5)
        for number in range(2):
            ended_s, started_s = scene.restart(number)
            assert DRAIN_S <= ended_s <= DRAIN_S + REST_S
            scene.measured[f"server {number} ended and was back after"] = f"{ended_s:.1f} and {started_s:.1f} s"
        assert scene.row(task)["status"] == "running"
        scene.world.delay_s = 0.02
        story = scene.finish(task)
        watchers = list(scene.watchers)
        assert (story.row["status"], story.row["attempt"]) == ("completed", 1)
        assert {finding[0] for finding in story.findings} == {"bad-bets.example", "hidden-bets.example"}
        assert all(watcher.cuts >= 1 for watcher in watchers)
        assert sum((watcher.refusals for watcher in watchers), Counter()) == {}  # nginx asked the other one
        assert max(watcher.away_s for watcher in watchers) <= LONGEST_WAIT_S
        scene.repaired(max(watcher.away_s for watcher in watchers))
        scene.measured["cuts of a client"] = f"{max(watcher.cuts for watcher in watchers)} at most"
        scene.stop_following()
