"""The lists of one scan: opened when it begins, and open until it ends, whatever becomes of their files."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.reputation_lists import UsedList, used_list_of
from app.engines.analyse.reputation.layer import ReputationList
from app.engines.analyse.reputation.list_file import ListFile
from app.engines.scope import Scope


@dataclass(frozen=True, slots=True)
class FoundLists:
    """The versions that a scan is to use, with where their files lie.

    `replaced`: names of lists of which an earlier attempt used a version that is there no more. `missing`: names of
    lists that cannot be used, mostly because they were never fetched.
    """

    files: Sequence[tuple[UsedList, Path]] = ()
    replaced: Sequence[str] = ()
    missing: Sequence[str] = ()


# Finds the lists of a scan, for the versions that an earlier attempt of it used; None: this is the first. Blocking.
FindLists = Callable[[Sequence[UsedList] | None], FoundLists]
OpenLists = Sequence[tuple[UsedList, int]]  # with the descriptor of the file


@contextmanager
def opened(found: FoundLists) -> Iterator[OpenLists]:
    """Keep the files open. Raises OSError."""
    lists: list[tuple[UsedList, int]] = []
    try:
        for used, path in found.files:
            lists.append((used, os.open(path, os.O_RDONLY | os.O_CLOEXEC)))
        yield lists
    finally:
        for _, descriptor in lists:
            os.close(descriptor)


def order_of(lists: OpenLists) -> list[dict[str, Any]]:
    """Return what a process that inherits the descriptors needs to know, as JSON."""
    return [{"used": used.to_json(), "file": descriptor} for used, descriptor in lists]


def lists_of(order: Iterable[Mapping[str, Any]]) -> tuple[ReputationList, ...]:
    """Return the lists, in the process that has inherited them."""
    return tuple(ReputationList(used_list_of(item["used"]), ListFile(item["file"])) for item in order)


def about_target(lists: OpenLists, scope: Scope) -> list[tuple[str, str, int]]:
    """Return name of the list, entry and line of what lists say of the target itself: it is not used."""
    names = dict.fromkeys((scope.target_name, scope.registrable, *sorted(scope.own_domains)))
    files = [(used.name, ListFile(descriptor)) for used, descriptor in lists]
    lines = ((name, file.find(host)) for name, file in files for host in names)
    return [(name, line.key, line.line) for name, line in lines if line is not None]
