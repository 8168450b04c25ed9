"""How glibc keeps memory in the processes that read pages: a page's tree is given back as a whole.

By default it hands that memory to the kernel after each page, and takes it again for the next: a third of the time that
a small page costs.
"""

import ctypes
from types import MappingProxyType
from typing import Final

TRIM_THRESHOLD: Final = 64 * 1024**2
MMAP_THRESHOLD: Final = 4 * 1024**2
# For a process that is started: glibc reads them once.
VARIABLES: Final = MappingProxyType(
    {"MALLOC_TRIM_THRESHOLD_": str(TRIM_THRESHOLD), "MALLOC_MMAP_THRESHOLD_": str(MMAP_THRESHOLD)}
)
_M_TRIM_THRESHOLD: Final = -1  # as malloc.h has it
_M_MMAP_THRESHOLD: Final = -3


def keep_memory() -> None:
    """Set the same in a process that runs. Without glibc nothing is done."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, TRIM_THRESHOLD)
        mallopt(_M_MMAP_THRESHOLD, MMAP_THRESHOLD)
