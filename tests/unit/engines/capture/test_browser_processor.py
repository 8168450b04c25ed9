"""What a browser waited for a processor: from recorded readings, and from processes of this machine."""

import os
import subprocess

import pytest

from app.engines.capture.browser_processor import ProcessorTimes, no_times, starved_s, times_of

ELAPSED_S = 15.0
NONE = ProcessorTimes()


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # A starved one: the renderer's main thread waited for 12 s, while its others waited less, and at the same time.
        (ProcessorTimes({10: 0.5, 11: 1.2}, {10: 2.0, 11: 12.0, 12: 9.0}), 12.0),
        # A busy loop on an idle machine.
        (ProcessorTimes({10: 0.4, 11: 14.6}, {10: 0.02, 11: 0.1}), 0.0),
        # A page that sleeps: its threads are seldom ready, and run at once.
        (ProcessorTimes({10: 0.3, 11: 0.2}, {10: 0.01, 11: 0.03}), 0.03),
        # As many busy workers as wait for each other while they have all processors: it works.
        (ProcessorTimes({10: 0.4, 11: 29.0}, dict.fromkeys(range(11, 27), 13.0)), 0.0),
        # A busy loop with half of a processor.
        (ProcessorTimes({10: 0.0, 11: 7.5}, {11: 7.5}), 7.5),
        (NONE, 0.0),
    ],
)
def test_only_time_that_was_waited_for_a_processor_counts(now, expected):
    assert starved_s(NONE, now, ELAPSED_S) == pytest.approx(expected)


def test_what_was_before_does_not_count():
    before = ProcessorTimes({10: 100.0, 11: 50.0, 12: 3.0}, {10: 500.0, 11: 70.0})
    now = ProcessorTimes({10: 101.0, 11: 50.0, 12: 1.0}, {10: 503.0, 11: 70.0, 12: 1.0})  # 12 is another one by now
    assert starved_s(before, now, ELAPSED_S) == pytest.approx(3.0)
    assert starved_s(before, now, 4.5) == pytest.approx(2.5)  # it ran for two seconds
    assert starved_s(now, NONE, ELAPSED_S) == 0.0  # all are gone


@pytest.fixture
def proc(tmp_path):
    """As recorded: a browser process whose name is made to mislead, with a second thread."""
    process = tmp_path / "10"
    for thread, said in (("10", "387533743 206983689 217\n"), ("17", "1000 12000000000 9\n")):
        (process / "task" / thread).mkdir(parents=True)
        (process / "task" / thread / "schedstat").write_text(said)
    numbers = "R 9 9 9 0 -1 4194304 2853 6677 0 0 360 20 3 2 20 0 2 0 6743226"
    (process / "stat").write_text(f"10 (a) b (c) {numbers}\n")
    return tmp_path


def test_the_kernels_files_are_read(proc):
    times = times_of([10, 11], proc)
    assert times.waited == pytest.approx({10: 0.206983689, 17: 12.0})
    assert times.ran == pytest.approx({10: 380 / os.sysconf("SC_CLK_TCK")})


@pytest.mark.parametrize("said", ["", "0", "a b c"])
def test_a_kernel_that_does_not_tell_gives_nothing_back(proc, said):
    for thread in ("10", "17"):
        (proc / "10" / "task" / thread / "schedstat").write_text(said)
    assert starved_s(NONE, times_of([10], proc), ELAPSED_S) == 0.0


async def test_a_system_without_such_files_gives_nothing_back(tmp_path):
    assert times_of([os.getpid()], tmp_path) == await no_times() == NONE


def test_a_living_process_has_times_and_one_that_is_gone_has_none():
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    times = times_of([ended.pid, os.getpid()])
    assert times.ran[os.getpid()] > 0
    assert os.getpid() in times.waited
    assert ended.pid not in times.ran
