"""Who renders the pages of a scan, with real processes and a real Chromium."""

import json
import signal

import pytest

from tests.support.cluster import PATIENCE_S, running_deployment, wait_until

pytestmark = pytest.mark.system
TARGET = "blog.corp.test"
START = f"https://{TARGET}/2020/14/"  # a page that leads to two others
NO_CHROMIUM = {"COMPLIANCE_CHROMIUM_PATH": "/nowhere/chromium"}
TERMINAL = {"completed", "failed", "cancelled"}


@pytest.fixture(scope="module")
def running(tmp_path_factory, postgres):
    """A deployment with a server, and its address."""
    with running_deployment(tmp_path_factory.mktemp("rendering"), postgres) as deployment:
        yield deployment, deployment.serve("--testnet")[1]


@pytest.fixture
def deployment(running):
    """No worker is there before, and none is left."""
    deployment, _ = running
    yield deployment
    deployment.end_workers()


@pytest.fixture
def person(running):
    deployment, url = running
    return deployment.person(url)


class Seen:
    """What a scan with screenshots came to."""

    def __init__(self, deployment, postgres, person):
        self.task = person.create(TARGET, screenshots=True, max_pages=3, start_urls=[START])
        wait_until(lambda: person.task(self.task)["status"] in TERMINAL, within_s=5 * PATIENCE_S)
        assert person.task(self.task)["status"] == "completed"
        with postgres.connection(deployment.database_url.rpartition("/")[2]) as connection:
            query = """SELECT count(*) FROM scan_captures AS c JOIN scan_stores AS s ON s.id = c.store
                WHERE s.task_id = %s AND screenshot_sha256 <> ''"""
            (self.pictures,) = connection.execute(query, (self.task,)).fetchone()
            (self.left,) = connection.execute("SELECT count(*) FROM scan_drawings").fetchone()
            query = "SELECT body FROM task_events WHERE type = 'task_warning' AND task_id = %s"
            bodies = connection.execute(query, (self.task,)).fetchall()
        self.warnings = {json.loads(body).get("text_key"): json.loads(body) for (body,) in bodies}


def said_by(*processes):
    return "".join(process.said() for process in processes)


def test_a_browser_worker_renders_for_a_scan_whose_machine_has_no_chromium(deployment, postgres, person):
    scans = deployment.work("--testnet", **NO_CHROMIUM)
    rendering = deployment.work("--testnet", "--queues", "browser")
    seen = Seen(deployment, postgres, person)
    assert seen.pictures > 2
    assert "no_browser" not in seen.warnings
    assert seen.left == 0
    assert "render_process_started" in rendering.said()
    assert rendering.end(signal.SIGTERM, within_s=30) == 0
    assert "render_process_ended" in rendering.said()
    assert scans.end(signal.SIGTERM, within_s=30) == 0
    assert "Traceback" not in said_by(*deployment.processes)


def test_without_any_browser_a_scan_says_that_it_has_no_pictures(deployment, postgres, person):
    deployment.work("--testnet", **NO_CHROMIUM)
    seen = Seen(deployment, postgres, person)
    assert (seen.pictures, seen.left) == (0, 0)
    assert "no browser worker is available" in seen.warnings["no_browser"]["message"]
    assert "Traceback" not in said_by(*deployment.processes)


def test_without_a_browser_worker_a_scan_renders_by_itself(deployment, postgres, person):
    deployment.work("--testnet")
    seen = Seen(deployment, postgres, person)
    assert seen.pictures > 2
    assert "no_browser" not in seen.warnings
    assert "Traceback" not in said_by(*deployment.processes)


def test_one_worker_serves_both_queues(deployment, postgres, person):
    worker = deployment.work("--testnet", "--queues", "scan,browser", "--concurrency", "1")
    seen = Seen(deployment, postgres, person)
    assert seen.pictures > 2
    assert "render_process_started" in worker.said()
    assert worker.end(signal.SIGTERM, within_s=30) == 0
    assert "Traceback" not in said_by(*deployment.processes)


def test_a_browser_worker_without_chromium_is_refused(deployment):
    with pytest.raises(AssertionError, match="requires Chromium: /nowhere/chromium is not an executable"):
        deployment.work("--queues", "browser", **NO_CHROMIUM)
