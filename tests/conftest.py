"""For all tests: what a file of tests has let go of is given back to the system.

The workers of `make test` grew without a leak: the C allocator keeps what pages of many megabytes, large reports and
short-lived threads have freed. After the tests of extraction and analysis a process held 190 MB and used
111 of them.
"""

import ctypes
from collections.abc import Iterator

import pytest

LIBC = ctypes.CDLL(None)


@pytest.fixture(scope="module", autouse=True)
def memory_goes_back() -> Iterator[None]:
    yield
    if hasattr(LIBC, "malloc_trim"):  # glibc's
        LIBC.malloc_trim(0)
