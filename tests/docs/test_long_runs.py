"""The long runs: each test is in one at most, and no change goes by the run that guards it."""

import pytest

from tests.docs.markdown import ROOT
from tests.docs.test_mirror import COVERED
from tests.long import plan
from tests.support.long_runs import EVERYTHING, RUNS, SHARES, is_below, run_of, share_of
from tests.support.references import reached_from

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def cell(paths):
    return ", ".join(f"`{path}`" for path in paths)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_contributing_has_the_row_of_a_run(run):
    assert f"| {run.name} | {cell(run.tests)} | {cell(run.guards)} | {cell(run.beside)} |" in CONTRIBUTING


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_all_paths_of_a_run_exist(run):
    for path in (*run.tests, *run.guards, *run.beside, *EVERYTHING):
        assert (ROOT / path).exists(), path


def test_a_test_is_in_one_run_at_most():
    for path in (ROOT / "tests").rglob("test_*.py"):
        name = path.relative_to(ROOT).as_posix()
        assert sum(run.holds(name) for run in RUNS) <= 1, name
    assert run_of("tests/property/test_delivery.py") is RUNS[0]
    assert run_of("tests/unit/core/test_db.py") is None


def test_what_guards_a_run_in_every_build_is_in_no_run():
    for run in RUNS:
        assert not any(other.holds(path) for other in RUNS for path in run.beside)


def test_a_module_whose_tests_are_in_a_run_asks_for_all_of_it():
    for module, (_, tests) in COVERED.items():
        run = run_of(tests)
        assert run is None or run.is_asked_for([module]), (module, tests)


def test_four_commits_in_a_row_cover_every_test():
    tests = [f"tests/property/test_delivery.py::test_{number}" for number in range(100)]
    for start in (0, 7):
        shares = [share for commit in range(start, start + SHARES) for _, share in plan(set(), commit)]
        assert {test for test in tests if share_of(test) in shares} == set(tests)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_change_of_what_a_run_guards_asks_for_all_of_it(run):
    for path in (*run.guards, *run.tests, *EVERYTHING):
        changed = path if (ROOT / path).is_file() else f"{path}/deeper/file.py"
        assert dict(plan_by_name({changed}))[run.name] is None
    assert dict(plan_by_name({"docs/cli.md", "app/eventsource.py"}))[run.name] == 3
    assert dict(plan_by_name(None))[run.name] is None


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ("app/domain/comparable.py", "restless world"),
        ("app/domain/differences.py", "restless world"),
        ("app/domain/inventory.py", "restless world"),
        ("app/engines/pipeline/analysis/rechecks.py", "restless world"),
        ("app/notifications/sender.py", "faults"),
        ("app/sites/scheduler.py", "faults"),
    ],
)
def test_changes_to_comparing_notifying_and_scheduling_require_the_full_long_run(changed, name):
    assert (ROOT / changed).exists()
    assert dict(plan_by_name({changed}))[name] is None


@pytest.mark.parametrize(
    ("changed", "whole"),
    [
        ("tests/support/s3_server.py", {"properties", "whole scans"}),  # the tests of both import it
        ("tests/support/tampered.py", {"attacks", "whole scans"}),
        ("tests/conftest.py", {run.name for run in RUNS}),
        ("tests/support/references.py", {run.name for run in RUNS}),  # used by what the conftest uses
        ("tests/support/office_files.py", set()),
    ],
)
def test_what_tests_share_asks_for_the_runs_that_use_it(changed, whole):
    assert (ROOT / changed).exists()
    assert {name for name, share in plan_by_name({changed}) if share is None} == whole


@pytest.mark.parametrize("started", ["tests/support/broken_reader.py", "tests.support.broken_reader"])
def test_a_program_that_a_test_names_is_used_by_it(tmp_path, monkeypatch, started):
    tests = tmp_path / "tests" / "support"
    tests.mkdir(parents=True)
    (tests / "broken_reader.py").write_text("from tests.support import rows\n")
    (tests / "rows.py").touch()
    (tests / "others.py").touch()
    (tmp_path / "tests" / "test_reading.py").write_text(f"COMMAND = ['-m', {started!r}]\n")
    monkeypatch.setattr("tests.support.references.ROOT", tmp_path)
    reached_from.cache_clear()
    used = {"tests/support/broken_reader.py", "tests/support/rows.py"}
    assert reached_from(("tests/test_reading.py",)) == {"tests/test_reading.py", *used}


def plan_by_name(changed):
    return [(run.name, share) for run, share in plan(changed, 7)]


def test_a_folder_holds_what_is_below_it_alone():
    assert is_below("app/events/log.py", ("app/events",))
    assert is_below("app/events", ("app/events",))
    assert not is_below("app/eventslog.py", ("app/events",))
