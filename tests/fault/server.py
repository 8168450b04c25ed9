"""A server to be killed: `python -m tests.fault.server DATA_DIR SETTINGS_JSON` runs tasks until its end."""

import asyncio
import json
import sys
from pathlib import Path

from app.core.logging import configure_logging
from tests.support.scan_backend import scan_backend


async def serve(data_dir: Path, settings: str) -> None:
    async with scan_backend(data_dir, **json.loads(settings)):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    configure_logging("WARNING")
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2]))


if __name__ == "__main__":
    main()
