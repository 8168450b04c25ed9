"""A scan's worker whose commits are not sure, in the place of `app.tasks.worker.main`: `chaos_scan.py RUN SEED`."""

import os
import sys

import chaos_parts

from app.tasks.worker import main as worker

if __name__ == "__main__":
    chaos_parts.seed(f"{sys.argv[2]} {os.getpid()}")
    chaos_parts.put_into(worker, Database=chaos_parts.UnsureDatabase)
    code = worker.main()
    sys.stderr.flush()
    os._exit(code)
