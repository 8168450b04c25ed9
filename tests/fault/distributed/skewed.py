"""A worker with another clock: `skewed NAME=VALUE... worker ARGUMENTS...` hands these variables to its scans, too.

A scan's process gets of its worker's environment what it needs, and libfaketime's variables are not among that.
"""

import sys
from itertools import takewhile

from app.cli import main
from app.tasks.supervisor import worker_handle

MODULE = "tests.fault.distributed.skewed"

if __name__ == "__main__":
    variables = list(takewhile(lambda word: "=" in word, sys.argv[1:]))
    worker_handle.COMMAND = ("/usr/bin/env", *variables, *worker_handle.COMMAND)  # type: ignore[misc, assignment] # the fault
    sys.exit(main(sys.argv[1 + len(variables) :]))
