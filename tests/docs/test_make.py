"""What `make` would do in a fresh clone: nobody who only runs the program waits for what tests need."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def plan(target: str, folder: Path) -> str:
    """The commands for the target where nothing is installed; none of them is run."""
    command = ["make", "--dry-run", "--no-print-directory", f"VENV={folder}/venv", target]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("target", ["serve", "demo"])
def test_whoever_runs_the_program_installs_the_program_alone(tmp_path, target):
    said = plan(target, tmp_path)
    assert "--require-hashes --no-deps -r requirements/base.txt -r requirements/build.txt" in said
    assert "dev.txt" not in said


def test_tests_install_what_they_need_on_top(tmp_path):
    said = plan("test", tmp_path)
    assert said.index("requirements/base.txt") < said.index("requirements/dev.txt")


def test_system_tests_run_some_files_at_a_time_and_nothing_twice(tmp_path):
    (command,) = [line for line in plan("test-system", tmp_path).splitlines() if "-m 'system and not long'" in line]
    assert "-n 6 --dist loadfile" in command
    assert "--last-failed" not in command


def test_the_document_says_how_many_benchmarks_are_run(tmp_path):
    scripts = set(re.findall(r"bench/\w+\.py", plan("bench", tmp_path)))
    said = {8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}[len(scripts)]
    assert f"`make bench` runs {said} of" in (ROOT / "docs" / "performance.md").read_text("utf-8")


def test_attacks_are_all_there_is_about_them(tmp_path):
    (command,) = [line for line in plan("attack", tmp_path).splitlines() if " pytest " in line]
    marker, *paths = shlex.split(command.partition(" pytest -m ")[2])
    assert marker == ""  # none is left out
    assert {"tests/attack", "tests/docs/test_deploy.py", "tests/docs/test_locks.py"} < set(paths)
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("target", ["serve", "setup"])
def test_a_line_says_what_happens_before_pip_is_silent(tmp_path, target):
    lines = plan(target, tmp_path).splitlines()
    for number, line in enumerate(lines):
        if "--require-hashes" in line:
            before = [*lines[number - 2 : number], line.partition("--require-hashes")[0]]
            assert any('echo "Installing ' in said and "minute" in said for said in before)
