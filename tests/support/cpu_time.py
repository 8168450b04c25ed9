"""How much processor time something takes, on machines that have something else to do as well."""

import time
from collections.abc import Callable

TRIES = 3
BARE_LOOP_STEPS = 100_000
BARE_LOOP_S = 0.0022  # what the steps took on the machine on which the limits of the tests were set, when it was quiet


def slowness() -> float:
    """How much longer a bare loop takes here and now than where the limits were set; at least 1.

    Processor time is no constant: it grows on a slower machine, and while others share the core and its caches.
    """
    took_s = []
    for _ in range(TRIES):
        began = time.thread_time()
        sum(number * number for number in range(BARE_LOOP_STEPS))
        took_s.append(time.thread_time() - began)
    return max(1.0, sorted(took_s)[TRIES // 2] / BARE_LOOP_S)


def least_cpu_s(action: Callable[[], object], *, enough_s: float) -> float:
    """Seconds of processor time of the cheapest of at most three tries; the first of at most `enough_s` is the last.

    A busy machine, a cold cache and a search for garbage only add to what `action` costs: its least is its cost.
    What is more than enough counts in seconds of the machine on which the limits were set (`slowness`).
    """
    least = float("inf")
    for _ in range(TRIES):
        began = time.process_time()
        action()
        took_s = time.process_time() - began
        least = min(least, took_s if took_s <= enough_s else took_s / slowness())
        if least <= enough_s:
            break
    return least
