import os
import subprocess
import sys
import threading

import pytest

from app.tasks.worker.priority import NICE, ThreadSpawner

STEP_BACK = """
import os, threading
from app.tasks.worker.priority import ThreadSpawner, lower_priority

def niceness():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

spawner, before = ThreadSpawner(), niceness()
lower_priority()
told = []
for start in (lambda work: work(), spawner.call):
    thread = threading.Thread(target=lambda: told.append(niceness()))
    start(thread.start)
    thread.join()
print(before, niceness(), *told)
print(open("/proc/self/autogroup").read() if os.path.exists("/proc/self/autogroup") else "nice 0")
"""


def test_a_scan_steps_back_but_not_the_threads_that_hold_the_lock():
    command = [sys.executable, "-c", STEP_BACK]
    said = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True).stdout.split()
    before, loop, usual_thread, writing_thread = map(int, said[:4])
    assert (loop, usual_thread) == (min(19, before + NICE),) * 2
    assert writing_thread == before
    assert said[-2:] == ["nice", "0"]  # a lower session would lower the writing thread too


def test_what_is_called_in_the_foreground_says_how_it_went():
    spawner = ThreadSpawner()
    assert spawner.call(lambda: threading.current_thread().name) == "spawner"
    with pytest.raises(ZeroDivisionError):
        spawner.call(lambda: 1 / 0)
    assert spawner.call(os.getpid) == os.getpid()
