"""How much processor time something takes, on machines that have something else to do as well."""

import time
from collections.abc import Callable

TRIES = 3


def least_cpu_s(action: Callable[[], object], *, enough_s: float) -> float:
    """Seconds of processor time of the cheapest of at most three tries; the first of at most `enough_s` is the last.

    A busy machine, a cold cache and a search for garbage only add to what `action` costs: its least is its cost.
    """
    least = float("inf")
    for _ in range(TRIES):
        began = time.process_time()
        action()
        least = min(least, time.process_time() - began)
        if least <= enough_s:
            break
    return least
