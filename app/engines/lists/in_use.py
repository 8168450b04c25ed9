"""The lists of one scan: opened when it begins, and open until it ends, whatever becomes of their files; and what the
scan says of them, before anything else.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog, Text
from app.domain.reputation_lists import FoundLists, UsedList, used_list_of
from app.domain.stages import StageKey
from app.engines.lists.list_file import ListFile
from app.engines.ports import ScanSink
from app.engines.scope import Scope

_MODULE: Final = StageKey.AI_ANALYSIS.value
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


def lists_of(order: Iterable[Mapping[str, Any]]) -> list[tuple[UsedList, ListFile]]:
    """Return the lists, in the process that has inherited them."""
    return [(used_list_of(item["used"]), ListFile(item["file"])) for item in order]


def about_target(lists: OpenLists, scope: Scope) -> list[tuple[str, str, int]]:
    """Return name of the list, entry and line of what lists say of the target itself: it is not used."""
    names = dict.fromkeys((scope.target_name, scope.registrable, *sorted(scope.own_domains)))
    files = [(used.name, ListFile(descriptor)) for used, descriptor in lists]
    lines = ((name, file.find(host)) for name, file in files for host in names)
    return [(name, line.key, line.line) for name, line in lines if line is not None]


async def tell_lists(
    found: FoundLists, lists: OpenLists, *, scope: Scope, sink: ScanSink, texts: MessageCatalog
) -> None:
    """Name the lists, what is wrong with them, and their entries that mean the target itself. Raises ScanStopped."""
    if lists:
        said = texts("lists_used", lists=texts.join_terms(_said(used, texts) for used, _ in lists))
        await sink.log(LogEntry("INFO", _MODULE, said))
    for name, entry, line in await asyncio.to_thread(about_target, lists, scope):
        said = texts("list_names_target", name=name, entry=entry, line=line)
        await sink.log(LogEntry("WARNING", _MODULE, said))
    if found.replaced:
        said = texts("lists_replaced", names=texts.join_terms(found.replaced))
        await sink.log(LogEntry("WARNING", _MODULE, said))
    if found.missing:
        await sink.warning("degraded", texts("lists_missing", names=texts.join_terms(found.missing)))


def _said(used: UsedList, texts: MessageCatalog) -> Text:
    return texts("list_used", name=used.name, date=used.date, entries=used.entries, sha256=used.sha256[:12])
