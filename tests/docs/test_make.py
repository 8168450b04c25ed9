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
    assert "-n 4 --dist loadfile" in command
    assert "--last-failed" not in command


def test_the_document_says_how_many_benchmarks_are_run(tmp_path):
    scripts = set(re.findall(r"bench/\w+\.py", plan("bench", tmp_path)))
    said = {8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}[len(scripts)]
    assert f"`make bench` runs {said} of" in (ROOT / "docs" / "performance.md").read_text("utf-8")


def test_attacks_are_all_there_is_about_them(tmp_path):
    (command,) = [line for line in plan("attack", tmp_path).splitlines() if " pytest " in line]
    marker, *others = shlex.split(command.partition(" pytest -m ")[2])
    assert marker == ""  # none is left out
    paths = [word for word in others if word.startswith("tests/")]
    assert {"tests/attack", "tests/docs/test_deploy.py", "tests/docs/test_locks.py"} < set(paths)
    assert [path for path in paths if not (ROOT / path).exists()] == []


# What attackers once did, and the tests that hold it.
HELD = {
    "a rendered page sends past the proxy": (
        "tests/attack/test_browser_network.py::test_a_browser_with_a_network_of_its_own_lets_nothing_past_whatever_its_switches_are",
        "tests/attack/test_browser_network.py::test_where_the_browser_has_our_network_its_switches_let_nothing_past",
        "tests/unit/cli/doctor/test_browser_network.py::test_the_installed_browser_reaches_the_proxy_alone",
    ),
    "one user's reads stop everybody": (
        "tests/attack/test_floods.py::test_while_one_asks_for_everything_others_are_answered_and_their_sockets_live",
    ),
    "a rendered page takes all memory": (
        "tests/attack/test_browser_memory.py::test_a_page_that_takes_all_memory_is_ended_and_the_next_is_rendered",
        "tests/attack/test_browser_memory.py::test_title_text_and_address_are_cut_before_they_leave_the_page",
        "tests/docs/test_deploy.py::test_no_container_takes_the_whole_machine",
        "tests/docs/test_deploy.py::test_no_service_takes_the_whole_machine",
    ),
    "whoever writes to Redis forges events": (
        "tests/attack/test_bus.py::test_a_forged_end_of_a_cancelled_and_of_an_invented_scan_reaches_no_page",
        "tests/attack/test_browser_worker.py::test_the_user_of_browser_workers_is_refused_everything_but_its_queue",
        "tests/system/test_deploy.py::test_the_user_of_redis_may_do_what_the_program_does_and_nothing_else",
    ),
    "another port of the host takes the session": (
        "tests/attack/test_neighbours.py::test_what_another_port_receives_is_good_for_nothing",
        "tests/attack/test_neighbours.py::test_a_cookie_of_another_port_makes_nobody_of_the_page",
        "tests/attack/test_neighbours.py::test_of_two_cookies_of_one_name_none_is_used",
        "tests/integration/test_api_cookie_auth.py::test_over_https_it_goes_over_https_alone",
    ),
    "a used token works again": (
        "tests/attack/test_neighbours.py::test_a_used_token_of_a_program_is_no_better_as_a_cookie",
    ),
    "a scan asks a blocked name": (
        "tests/attack/test_blocked_targets.py::test_nothing_is_asked_of_a_blocked_name_and_the_scan_says_what_it_left_out",
    ),
    "a page talks its finding away": (
        "tests/attack/test_reading_model.py::test_no_page_talks_its_own_finding_away",
        "tests/attack/test_reading_model.py::test_what_stands_in_a_picture_alone_is_seen_as_well",
    ),
    "keys lie beside the browser": (
        "tests/attack/test_browser_worker.py::test_a_browser_worker_renders_without_the_key_and_the_password",
        "tests/attack/test_browser_worker.py::test_a_browser_worker_renders_with_the_environment_of_its_sample_alone",
        "tests/attack/test_browser_worker.py::test_the_role_of_browser_workers_has_these_rights_and_no_other",
        "tests/attack/test_browser_worker.py::test_the_role_of_the_samples_owns_its_database_and_nothing_else",
        "tests/docs/test_deploy.py::test_a_browser_worker_has_a_user_an_environment_and_a_network_of_its_own_and_no_keys",
    ),
    "containers, secrets, tables, tools and addresses": (
        "tests/docs/test_deploy.py::test_images_are_pinned_to_a_full_version",
        "tests/docs/test_deploy.py::test_a_command_writes_the_digests_behind_the_versions",
        "tests/docs/test_deploy.py::test_no_container_keeps_rights_that_it_does_not_need",
        "tests/docs/test_deploy.py::test_no_service_keeps_rights_that_it_does_not_need",
        "tests/unit/core/test_config.py::test_addresses_with_passwords_are_shown_to_nobody_and_given_to_our_own_processes",
        "tests/attack/test_trust.py::test_no_cell_of_a_table_is_a_formula_whichever_character_parts_the_cells",
        "tests/docs/test_locks.py::test_the_makefile_installs_nothing_but_what_is_pinned_by_its_hash",
        "tests/attack/test_trust.py::test_only_the_proxy_names_clients",
    ),
}


@pytest.mark.parametrize("attack", HELD)
def test_each_attack_of_before_is_tried_again(tmp_path, attack):
    run = plan("attack", tmp_path)
    for test in HELD[attack]:
        path, _, name = test.partition("::")
        assert any(word in run.split() for word in (path, str(Path(path).parent)))
        assert f"def {name}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("target", ["serve", "setup"])
def test_a_line_says_what_happens_before_pip_is_silent(tmp_path, target):
    lines = plan(target, tmp_path).splitlines()
    for number, line in enumerate(lines):
        if "--require-hashes" in line:
            before = [*lines[number - 2 : number], line.partition("--require-hashes")[0]]
            assert any('echo "Installing ' in said and "minute" in said for said in before)
