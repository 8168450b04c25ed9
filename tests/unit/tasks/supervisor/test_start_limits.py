"""How much a machine starts at once, and when a start is given up."""

import os
import subprocess
import sys

import pytest

from app.tasks.supervisor.start_limits import CPU_S, WALL_S, is_start_over, machine_load, processor_s, starts_at_once


@pytest.mark.parametrize(
    ("load", "at_once"), [(0.0, 8), (4.0, 8), (4.1, 7), (8.0, 4), (16.0, 2), (30.0, 1), (1_000.0, 1)]
)
def test_the_more_a_machine_has_to_do_the_fewer_start_at_once_and_always_one(load, at_once):
    assert starts_at_once(8, load=load, processors=4) == at_once


def test_a_start_is_over_when_it_had_the_processor_for_long_enough_and_not_when_it_waited_for_it():
    assert is_start_over(1.0, 7, lambda _: CPU_S)
    assert not is_start_over(WALL_S - 1, 7, lambda _: CPU_S - 1)


def test_one_that_waits_for_what_does_not_come_is_given_up_too_also_where_nobody_knows_its_processor_time():
    assert is_start_over(WALL_S, 7, lambda _: 0.0)
    assert is_start_over(WALL_S, 7, lambda _: None)
    assert not is_start_over(WALL_S - 1, 7, lambda _: None)


def test_the_processor_time_is_that_of_the_process_whatever_it_is_called():
    with subprocess.Popen([sys.executable, "-c", "sum(range(10**8))"]) as process:
        process.wait()
    assert processor_s(process.pid) is None
    assert 0.0 < processor_s(os.getpid()) <= sum(os.times()[:2]) + 1


def test_the_load_is_a_number():
    assert machine_load() >= 0.0
