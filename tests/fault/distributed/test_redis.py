"""Redis is started anew, hangs, cuts, forgets and is full in the middle of a scan."""

import threading
import time

import pytest

from tests.fault.distributed.form import either
from tests.fault.distributed.scene import order

pytestmark = pytest.mark.fault
CLIENTS = 4
HANG_S = either(20.0, 10.0)
CUT_EVERY_S = 0.2
AGAIN_AFTER_S = 60.0  # what stays pending so long is dispatched again
QUEUE = "compliance:queue:scan"


def test_redis_is_started_anew(scene, crawling, undisturbed):
    scene.deployment.redis.stop()
    scene.noticed(scene.until(lambda: scene.is_degraded(0) and scene.is_degraded(1)))
    scene.deployment.redis.start()
    scene.repaired(scene.until(scene.all_are_ready))
    scene.finish_undisturbed(crawling, undisturbed)
    scene.finish_another(undisturbed)


def test_redis_hangs(scene, crawling, undisturbed):
    scene.deployment.redis.freeze()
    frozen_at = time.monotonic()
    scene.noticed(scene.until(lambda: scene.is_degraded(0) and scene.is_degraded(1)))
    time.sleep(max(0.0, frozen_at + HANG_S - time.monotonic()))
    scene.deployment.redis.thaw()
    scene.repaired(scene.until(scene.all_are_ready))
    scene.finish_undisturbed(crawling, undisturbed)
    scene.finish_another(undisturbed)


def test_the_queue_is_emptied_while_a_task_waits(scene, undisturbed):
    person = scene.person()
    task = order(person)
    scene.follow(person, task, CLIENTS)
    with scene.deployment.redis.client() as redis:
        scene.until(lambda: redis.llen(QUEUE) >= 1)  # two, when the one who looks for what waits was the faster
        redis.flushall()
    flushed = time.monotonic()
    scene.work()
    scene.work()
    scene.until(lambda: scene.row(task)["status"] != "pending", within_s=2 * AGAIN_AFTER_S)
    scene.repaired(time.monotonic() - flushed)
    scene.finish_undisturbed(task, undisturbed)


def test_redis_cuts_those_who_listen(scene, crawling, undisturbed):
    over, cuts = threading.Event(), 0
    with scene.deployment.redis.client() as redis:

        def cut():
            nonlocal cuts
            while not over.wait(CUT_EVERY_S):
                cuts += redis.client_kill_filter(_type="pubsub")

        cutting = threading.Thread(target=cut)
        cutting.start()
        try:
            scene.finish_undisturbed(crawling, undisturbed)
        finally:
            over.set()
            cutting.join()
    assert cuts
    scene.measured["connections cut"] = str(cuts)


def test_redis_has_no_memory_left(scene, crawling, undisturbed):
    with scene.deployment.redis.client() as redis:
        redis.config_set("maxmemory", "1")
        scene.finish_undisturbed(crawling, undisturbed)
        waiting = order(scene.person())  # of which no message tells: a free worker looks by itself
        scene.repaired(scene.until(lambda: scene.row(waiting)["status"] != "pending"))
        redis.config_set("maxmemory", "0")
    scene.stop_following()
    scene.finish_undisturbed(waiting, undisturbed)
