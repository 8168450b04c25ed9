import os
import threading

from app.core.thread_priority import lower_thread_priority


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_and_those_that_it_starts_step_back_and_the_others_do_not():
    before, told = niceness(), []

    def work() -> None:
        lower_thread_priority(3)
        told.append(niceness())
        inner = threading.Thread(target=lambda: told.append(niceness()))
        inner.start()
        inner.join()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [min(19, before + 3)] * 2
    assert niceness() == before
