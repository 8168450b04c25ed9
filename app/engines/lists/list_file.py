"""Compiled lists: a sorted text file that all processes of a machine share through its page cache.

A line is `KEY TAB LINE TAB CATEGORY TAB SCORE`: the host or URL, the line of the list where it stands (eight digits),
its class and what it alone says. Lines are sorted by their bytes. A look-up reads some twenty of them, and nothing is
kept in the memory of a process: two million hosts are 90 MB of a file, and would be 400 MB of a table in each process.
"""

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_TAB = b"\t"


class FoundLine(NamedTuple):
    """What a list says of a host or URL."""

    key: str
    line: int  # of the list, from 1
    category: str
    score: float


class ListFile:
    """Open as long as it is referred to. Also after its file was removed; any thread, and after a fork."""

    def __init__(self, file: Path | int) -> None:
        """`file`: its path, or a descriptor, which stays its owner's. Raises OSError."""
        with open(file, "rb", closefd=not isinstance(file, int)) as opened:
            is_empty = not opened.seek(0, 2)
            self._data = b"" if is_empty else mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        """Bytes."""
        return len(self._data)

    def keys(self) -> Iterator[str]:
        """Yield every host and URL, sorted."""
        start, size = 0, len(self._data)
        while start < size:
            yield self._data[start : self._data.find(_TAB, start)].decode()
            start = self._data.find(b"\n", start) + 1

    def find(self, key: str) -> FoundLine | None:
        """Return what the list says of exactly this host or URL."""
        wanted = key.encode("utf-8", "surrogateescape") + _TAB
        data, low, high = self._data, 0, len(self._data)
        while low < high:
            start = max(low, data.rfind(b"\n", low, (low + high) // 2) + 1)
            end = data.find(b"\n", start)
            line = data[start:end]
            if line.startswith(wanted):
                return _read(line)
            low, high = (end + 1, high) if line < wanted else (low, start)
        return None


def _read(line: bytes) -> FoundLine:
    key, number, category, score = line.decode().split("\t")
    return FoundLine(key, int(number), category, float(score))


def line_of(key: str, number: int, category: str, score: float) -> bytes:
    """Return the line of an entry, without its end."""
    return f"{key}\t{number:08}\t{category}\t{score:g}".encode()


def write_lines(lines: list[bytes], file: BinaryIO) -> int:
    """Sort the lines and write them; of those with the same key the last of the list. Return how many were written."""
    lines.sort()
    count = 0
    for line in _last_of_each(lines):
        file.write(line + b"\n")
        count += 1
    return count


def _last_of_each(lines: Iterable[bytes]) -> Iterator[bytes]:
    before, key = b"", b""
    for line in lines:
        this = line[: line.index(_TAB)]
        if before and this != key:
            yield before
        before, key = line, this
    if before:
        yield before
