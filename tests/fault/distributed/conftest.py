import fcntl
import json
import os
from pathlib import Path

import pytest

from tests.fault.distributed.scene import open_scene, order

CLIENTS = 4
RESULTS = "FAULTS_RESULTS"  # names a file for what was measured
PASSED = pytest.StashKey[bool]()
MEASURED = "measured"
UNTOLD = []  # of scenes that have ended since the last report


def tell(name, scene):
    """With the report of the test that is at its end: it may run in another process than the terminal's."""
    UNTOLD.append((MEASURED, [name, scene.results()]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    if report.when == "teardown":
        report.user_properties = [*report.user_properties, *UNTOLD]
        UNTOLD.clear()
    return report


def pytest_configure(config):
    config.pluginmanager.register(Teller(config))


class Teller:
    """Says on the terminal what was measured, and keeps it for the table of all faults (`table`)."""

    def __init__(self, config):
        self._config = config

    def pytest_runtest_logreport(self, report):
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.when != "teardown" or terminal is None or hasattr(self._config, "workerinput"):
            return
        for name, results in [value for key, value in report.user_properties if key == MEASURED]:
            told = "; ".join(f"{key} {value}" for key, value in results.items() if value)
            terminal.write_line(f"\n{name}: {told}")
            if path := os.environ.get(RESULTS):
                with Path(path).open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, results], ensure_ascii=False) + "\n")


@pytest.fixture
def scene_options():
    """Of `open_scene`, for tests that want another deployment: `parametrize` them, or give a fixture of this name."""
    return {}


@pytest.fixture
def scene(request, tmp_path, postgres, scene_options):
    """After a test that passed nothing may be left; what was measured is printed."""
    with open_scene(tmp_path, postgres, **scene_options) as scene:
        yield scene
        if request.node.stash.get(PASSED, False):
            scene.end()
        else:
            print(scene.last_words())  # noqa: T201 - pytest shows it with the failure
        tell(request.node.name.removeprefix("test_").replace("_", " "), scene)


@pytest.fixture
def crawling(scene, undisturbed):
    """A scan in the middle of its crawl, that clients follow."""
    scene.work()
    scene.work()
    person = scene.person()
    task = order(person)
    scene.follow(person, task, CLIENTS)
    scene.until_pages(3)
    return task


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, postgres):
    """What a scan finds that nobody disturbs; the first process of the run that asks for it makes the scan for all."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "undisturbed.json"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            findings = scan_undisturbed(tmp_path_factory.mktemp("undisturbed"), postgres)
            shared.write_text(json.dumps(list(findings)))
    return {tuple(finding) for finding in json.loads(shared.read_text())}


def scan_undisturbed(folder, postgres):
    with open_scene(folder, postgres) as scene:
        scene.work()
        person = scene.person()
        task = order(person)
        scene.follow(person, task, 4)
        story = scene.finish(task)
        scene.end()
    tell("nothing", scene)
    assert story.row["status"] == "completed"
    assert story.findings
    return story.findings
