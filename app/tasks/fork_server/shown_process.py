"""What the system shows of a process in /proc: its arguments and environment as they were when it was executed.

They lie in the memory of the process itself (proc(5): `arg_start`, `env_start`), which a forked process has from its
parent. It may write there, so that `ps` and `process_tree` see what it is.
"""

import ctypes
from pathlib import Path
from typing import Final

_STAT: Final = Path("/proc/self/stat")
_ENVIRON: Final = Path("/proc/self/environ")
_BEFORE_STATE: Final = 2  # fields that stand before the closing bracket of the name
_ARG_START, _ARG_END, _ENV_START, _ENV_END = 48, 49, 50, 51  # numbers of fields in proc(5)
PROBE: Final = "probe"


class NotShown(Exception):
    """The system does not show what stands there: processes could not be found by their marks."""


class ShownProcess:
    """Where this process's arguments and one of its variables stand. Forked processes have them at the same place."""

    def __init__(self, *, variable: str, argument: str) -> None:
        """`variable` has a value that is as long as any that will be written; `argument` and all behind it give way.

        Raises NotShown.
        """
        try:
            fields = _STAT.read_text().rpartition(")")[2].split()
            places = [
                int(fields[number - _BEFORE_STATE - 1]) for number in (_ARG_START, _ARG_END, _ENV_START, _ENV_END)
            ]
        except (OSError, ValueError, IndexError) as error:
            raise NotShown(str(error)) from error
        arg_start, arg_end, env_start, env_end = places
        self._variable = variable
        start, end = _find(env_start, env_end, f"{variable}=".encode())
        self._value = end, len(ctypes.string_at(end))
        start, _ = _find(arg_start, arg_end, argument.encode())
        self._arguments = start, arg_end - 1 - start  # the last byte is always NUL
        self._check()

    def show(self, *, value: str, arguments: str) -> None:
        """Write both. Arguments that are too long stay as they are. Raises ValueError for such a value."""
        if not _write(self._value, value):
            raise ValueError(f"too long for {self._variable}: {value}")
        _write(self._arguments, arguments)

    def _check(self) -> None:
        """The system must show what is written here, and nowhere else."""
        address, size = self._value
        before = ctypes.string_at(address, size)
        _write(self._value, PROBE)
        try:
            shown = f"{self._variable}={PROBE}".encode() in _ENVIRON.read_bytes().split(b"\0")
        except OSError as error:
            raise NotShown(str(error)) from error
        finally:
            ctypes.memmove(address, before, size)
        if not shown:
            raise NotShown("the environment is not where it should be")


def _find(start: int, end: int, wanted: bytes) -> tuple[int, int]:
    """Return the addresses at which the text begins and ends: it stands at the beginning of a string."""
    at = (b"\0" + ctypes.string_at(start, end - start)).find(b"\0" + wanted)
    if at < 0:
        raise NotShown(f"{wanted!r} is not there")
    return start + at, start + at + len(wanted)


def _write(place: tuple[int, int], text: str) -> bool:
    address, size = place
    content = text.encode()
    if len(content) > size:
        return False
    ctypes.memmove(address, content.ljust(size, b"\0"), size)
    return True
