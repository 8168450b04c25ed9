"""A browser worker is killed or frozen while it renders: another one, or the scan itself, renders what it held."""

import signal

import pytest

from tests.fault.distributed.processes import signal_all, tree_of
from tests.support.small_world import TARGET

pytestmark = pytest.mark.fault
CLIENTS = 4
NO_CHROMIUM = {"COMPLIANCE_CHROMIUM_PATH": "/nowhere/chromium"}
DELAY_S = 0.8  # of each answer: long enough to be in the middle of a page
HELD = "SELECT id, url, holder FROM scan_drawings WHERE outcome IS NULL AND held_until >= clock_timestamp()"
OF_ANOTHER = "SELECT id FROM scan_drawings WHERE id = ANY(%s) AND holder IS NOT NULL AND strpos(holder, %s) = 0"
PICTURES = "SELECT url, count(*) FROM scan_captures WHERE screenshot_sha256 <> '' GROUP BY url"


def asked(scene, query, *values):
    with scene.database() as connection:
        return connection.execute(query, values).fetchall()


def begin(scene):
    """A scan with screenshots, that clients follow."""
    scene.world.delay_s = DELAY_S
    person = scene.person()
    task = person.create(TARGET, screenshots=True)
    scene.follow(person, task, CLIENTS)
    return task


def until_rendering(scene):
    """The browser worker that is at pages, with their ids and addresses, and the worker's name."""
    scene.until(lambda: bool(asked(scene, HELD)))
    held = asked(scene, HELD)
    (name, *_) = {holder.rpartition("-")[0] for _, _, holder in held}
    holder = next(worker for worker in scene.workers if name in worker.said())
    ids, urls = zip(*[(key, url) for key, url, found in held if name in found], strict=True)
    return holder, ids, set(urls), name


def finish(scene, task, findings, urls):
    """The findings of an undisturbed scan, each picture once (these pages' too), and nothing that still waits."""
    story = scene.finish(task)
    assert (story.row["status"], story.row["attempt"]) == ("completed", 1)
    assert story.findings == findings
    assert asked(scene, "SELECT id FROM scan_drawings") == []
    pictures = asked(scene, PICTURES)
    assert {count for _, count in pictures} <= {1}
    said = {event["body"].get("text_key") for event in story.events}
    assert "no_browser" not in said
    # On a machine that is busy for minutes a page may come too late, and that is said.
    assert urls <= {url for url, _ in pictures} or "no_picture" in said
    scene.measured["pictures"] = str(len(pictures))


def test_a_browser_worker_is_killed_in_a_page_and_another_renders_it(scene, undisturbed):
    scene.work(**NO_CHROMIUM)
    for _ in range(2):
        scene.work("--queues", "browser")
    task = begin(scene)
    killed, ids, urls, name = until_rendering(scene)
    signal_all(tree_of(killed.process.pid), signal.SIGKILL)
    killed.process.wait()
    taken_over = scene.until(lambda: bool(asked(scene, OF_ANOTHER, list(ids), name)))
    scene.repaired(taken_over)
    finish(scene, task, undisturbed, urls)


def test_the_last_browser_worker_is_killed_and_the_scan_renders_by_itself(scene, undisturbed):
    scene.work()
    scene.work("--queues", "browser")
    task = begin(scene)
    killed, _, urls, _ = until_rendering(scene)
    signal_all(tree_of(killed.process.pid), signal.SIGKILL)
    killed.process.wait()
    rendered_here = scene.until(lambda: "pages_rendered_here" in scene.workers[0].said())
    scene.repaired(rendered_here)
    finish(scene, task, undisturbed, urls)


def test_a_browser_worker_is_frozen_in_a_page_and_its_late_answer_is_not_taken(scene, undisturbed):
    scene.work(**NO_CHROMIUM)
    for _ in range(2):
        scene.work("--queues", "browser")
    task = begin(scene)
    frozen, ids, urls, name = until_rendering(scene)
    pids = tree_of(frozen.process.pid)
    signal_all(pids, signal.SIGSTOP)
    taken_over = scene.until(lambda: bool(asked(scene, OF_ANOTHER, list(ids), name)))
    signal_all(pids, signal.SIGCONT)
    scene.repaired(taken_over)
    finish(scene, task, undisturbed, urls)
    scene.finish_another(undisturbed)
