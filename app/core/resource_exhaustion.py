"""Errors of a machine that is out of a resource: the work is tried again once there is room."""

import errno
from typing import Final

# Disk full or read-only or broken, descriptors used up, no memory or process left, a folder that refuses.
EXHAUSTION_ERRNOS: Final = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO),
        *(errno.EMFILE, errno.ENFILE),
        *(errno.ENOMEM, errno.EAGAIN),
        *(errno.EACCES, errno.EPERM),
    }
)


def is_resource_exhaustion(error: BaseException | None) -> bool:
    """Return whether the operating system refused because a resource ran out."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in EXHAUSTION_ERRNOS)
