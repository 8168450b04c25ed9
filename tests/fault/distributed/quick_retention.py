"""A server that looks for what is old when it is told to: `quick_retention ARGUMENTS...`.

It does as `compliance ARGUMENTS...`. Whoever wants it to look makes a file in the data folder, which then goes away.
"""

import sys

from app.cli import main
from app.maintenance.retention import RetentionService

MODULE = "tests.fault.distributed.quick_retention"
FLAG = "look-now"


async def purge_when_told(retention: RetentionService) -> None:
    flag = retention.settings.current.data_dir / FLAG
    if flag.exists():
        flag.unlink()
        await retention.purge_all()


if __name__ == "__main__":
    RetentionService.purge = purge_when_told  # type: ignore[method-assign] # once a minute, otherwise
    sys.exit(main(sys.argv[1:]))
