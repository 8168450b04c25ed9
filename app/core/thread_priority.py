"""The priority of a thread that computes for long without the interpreter's lock."""

import os
import sys


def lower_thread_priority(by: int) -> None:
    """Give this thread, and those that it starts, less of the processor than the others of its process.

    `by` is counted as `nice` does. Other systems than Linux know only the priority of a whole process: nothing happens
    there. It cannot be raised again without privileges.
    """
    if sys.platform == "linux":
        os.nice(by)
