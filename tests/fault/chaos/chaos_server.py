"""The real server with a lossy bus and unsure commits: `chaos_server.py RUN SEED SETTINGS`."""

import json
import sys
from pathlib import Path

import chaos_parts

from app.compose import storage
from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.server import run_server
from app.tasks.supervisor import worker_handle


def main(run: str, seed: str, settings: str) -> int:
    chaos_parts.seed(seed)
    chaos_parts.put_into(storage, MemoryBus=chaos_parts.LossyBus, Database=chaos_parts.UnsureDatabase)
    scan = Path(__file__).with_name("chaos_scan.py")
    chaos_parts.put_into(worker_handle, COMMAND=(sys.executable, str(scan), run, seed))
    try:
        run_server(Settings(**json.loads(settings)))
    except ConfigurationError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
