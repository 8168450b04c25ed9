"""A scan's process whose commits are not sure, in the place of `app.tasks.process`: `chaos_scan.py RUN SEED`."""

import os
import sys

import chaos_parts

from app.tasks import process

if __name__ == "__main__":
    chaos_parts.seed(f"{sys.argv[2]} {os.getpid()}")
    chaos_parts.put_into(process, Database=chaos_parts.UnsureDatabase)
    code = process.main()
    sys.stderr.flush()
    os._exit(code)
