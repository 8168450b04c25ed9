"""What a scan says of the lists that it uses, before anything else."""

import asyncio

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog, Text
from app.domain.reputation_lists import UsedList
from app.domain.stages import StageKey
from app.engines.lists.in_use import FoundLists, OpenLists, about_target
from app.engines.ports import ScanSink
from app.engines.scope import Scope

_MODULE = StageKey.AI_ANALYSIS.value


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
