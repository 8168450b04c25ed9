"""Who draws the pages of a scan, with real processes and a real Chromium."""

import json
import signal

import pytest

from tests.support.cluster import PATIENCE_S, running_deployment, wait_until

pytestmark = pytest.mark.system
TARGET = "corp.test"
NO_CHROMIUM = {"COMPLIANCE_CHROMIUM_PATH": "/nowhere/chromium"}
TERMINAL = {"completed", "failed", "cancelled"}


@pytest.fixture
def deployment(tmp_path, postgres):
    with running_deployment(tmp_path, postgres) as deployment:
        yield deployment


class Seen:
    """What a scan with screenshots came to."""

    def __init__(self, deployment, postgres, person):
        self.task = person.create(TARGET, screenshots=True, max_pages=3)
        wait_until(lambda: person.task(self.task)["status"] in TERMINAL, within_s=5 * PATIENCE_S)
        assert person.task(self.task)["status"] == "completed"
        with postgres.connection(deployment.database_url.rpartition("/")[2]) as connection:
            query = "SELECT count(*) FROM scan_captures WHERE screenshot_sha256 <> ''"
            (self.pictures,) = connection.execute(query).fetchone()
            (self.left,) = connection.execute("SELECT count(*) FROM scan_drawings").fetchone()
            bodies = connection.execute("SELECT body FROM task_events WHERE type = 'task_warning'").fetchall()
        self.warnings = {json.loads(body).get("text_key"): json.loads(body) for (body,) in bodies}


def said_by(*processes):
    return "".join(process.said() for process in processes)


def test_a_browser_worker_draws_for_a_scan_whose_machine_has_no_chromium(deployment, postgres):
    _, url = deployment.serve("--testnet")
    scans = deployment.work("--testnet", **NO_CHROMIUM)
    drawing = deployment.work("--testnet", "--queues", "browser")
    seen = Seen(deployment, postgres, deployment.person(url))
    assert seen.pictures > 0
    assert "no_browser" not in seen.warnings
    assert seen.left == 0
    assert "drawing_process_started" in drawing.said()
    assert drawing.end(signal.SIGTERM, within_s=30) == 0
    assert "drawing_process_ended" in drawing.said()
    assert scans.end(signal.SIGTERM, within_s=30) == 0
    assert "Traceback" not in said_by(*deployment.processes)


def test_without_any_browser_a_scan_says_that_it_has_no_pictures(deployment, postgres):
    _, url = deployment.serve("--testnet")
    deployment.work("--testnet", **NO_CHROMIUM)
    seen = Seen(deployment, postgres, deployment.person(url))
    assert (seen.pictures, seen.left) == (0, 0)
    assert "no browser worker is there" in seen.warnings["no_browser"]["message"]
    assert "Traceback" not in said_by(*deployment.processes)


def test_without_a_browser_worker_a_scan_draws_by_itself(deployment, postgres):
    _, url = deployment.serve("--testnet")
    deployment.work("--testnet")
    seen = Seen(deployment, postgres, deployment.person(url))
    assert seen.pictures > 0
    assert "no_browser" not in seen.warnings
    assert "Traceback" not in said_by(*deployment.processes)


def test_one_worker_serves_both_queues(deployment, postgres):
    _, url = deployment.serve("--testnet")
    worker = deployment.work("--testnet", "--queues", "scan,browser", "--concurrency", "1")
    seen = Seen(deployment, postgres, deployment.person(url))
    assert seen.pictures > 0
    assert "drawing_process_started" in worker.said()
    assert worker.end(signal.SIGTERM, within_s=30) == 0
    assert "Traceback" not in said_by(*deployment.processes)


def test_a_browser_worker_without_chromium_is_refused(deployment):
    with pytest.raises(AssertionError, match="needs Chromium: /nowhere/chromium is not an executable"):
        deployment.work("--queues", "browser", **NO_CHROMIUM)
