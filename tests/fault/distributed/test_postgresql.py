"""PostgreSQL is stopped, locked and has no connection left in the middle of a scan."""

import contextlib
import time

import psycopg
import pytest

from tests.fault.distributed.form import either

pytestmark = pytest.mark.fault
AWAY_S = either(10.0, 6.0)
LOCKED_S = either(30.0, 12.0)


def while_away(scene, seconds):
    """Until it has been noticed, and not less than so long."""
    began = time.monotonic()
    noticed = [
        watched_s for number in (0, 1) if (watched_s := until_not_ready(scene, number, began + seconds)) is not None
    ]
    if noticed:
        scene.noticed(max(noticed))
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def until_not_ready(scene, number, until):
    """Seconds; None: it was ready all the time."""
    began = time.monotonic()
    while scene.is_ready(number):
        if time.monotonic() > until:
            return None
        time.sleep(0.05)
    return time.monotonic() - began


def finish_some_attempt(scene, task, undisturbed):
    story = scene.finish(task)
    assert story.row["status"] == "completed"
    assert story.findings == undisturbed
    scene.measured["attempts"] = str(story.row["attempt"])


def test_postgresql_is_stopped_at_once(scene, crawling, undisturbed):
    scene.postgres.stop("immediate")
    while_away(scene, AWAY_S)
    scene.postgres.start()
    scene.repaired(scene.until(scene.all_are_ready))
    finish_some_attempt(scene, crawling, undisturbed)


def test_a_lock_on_the_tasks_is_held(scene, crawling, undisturbed):
    with scene.database() as connection, connection.transaction():
        connection.execute("LOCK TABLE scan_tasks IN ACCESS EXCLUSIVE MODE")
        while_away(scene, LOCKED_S)
    scene.repaired(scene.until(scene.all_are_ready))
    finish_some_attempt(scene, crawling, undisturbed)
    scene.finish_another(undisturbed)


def test_no_connection_is_left(scene, crawling, undisturbed):
    with contextlib.ExitStack() as stack:
        taken = 0
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                stack.enter_context(scene.database())
                taken += 1
        while_away(scene, AWAY_S)
    scene.repaired(scene.until(scene.all_are_ready))
    scene.measured["connections taken"] = str(taken)
    finish_some_attempt(scene, crawling, undisturbed)
    scene.finish_another(undisturbed)
