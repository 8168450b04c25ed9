"""Want of a resource: what fails now and works again once the machine has room. It is waited for."""

import errno
from typing import Final

# Disk full or read-only or broken, descriptors used up, no memory or process to be had, a folder that refuses.
SHORTAGES: Final = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO),
        *(errno.EMFILE, errno.ENFILE),
        *(errno.ENOMEM, errno.EAGAIN),
        *(errno.EACCES, errno.EPERM),
    }
)


def is_shortage(error: BaseException | None) -> bool:
    """Whether the operating system refused for want of a resource."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in SHORTAGES)
