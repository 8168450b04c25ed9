import errno
import os

import pytest

from app.core.resource_exhaustion import is_resource_exhaustion


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EACCES", "EROFS"])
def test_what_the_system_refuses_for_want_of_a_resource_is_a_shortage(name):
    number = getattr(errno, name)
    assert is_resource_exhaustion(OSError(number, os.strerror(number)))


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "no"), ValueError(), OSError(), None])
def test_everything_else_is_not(error):
    assert not is_resource_exhaustion(error)


def test_no_memory_is_a_shortage():
    assert is_resource_exhaustion(MemoryError())
