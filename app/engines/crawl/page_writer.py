"""Writing what one answer brought into store and frontier, and telling the stages behind."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from app.domain.coverage import Seen
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import FrontierUrl, Reference
from app.domain.stages import StageKey
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.crawl.traps import TrapDetector
from app.engines.notices import UnreadableNotice
from app.engines.ports import FrontierPort, ScanSink
from app.engines.urls import host_of

OnReferences = Callable[[str, Sequence[Reference]], Awaitable[None]]
OnPage = Callable[[FrontierUrl, ProcessedPage], None]
CHUNK: Final = 2_000  # links or references that are taken in at a time: 20 ms
_MODULE: Final = StageKey.PAGE_CRAWL.value


class PageWriter:
    """Writes URL, page, references, hops and links of a document in one piece; `notify` comes after that. So the store
    knows at least what the other stages know, should the process end in between.
    """

    def __init__(
        self,
        *,
        store: FrontierPort,
        frontier: Frontier,
        traps: TrapDetector,
        sink: ScanSink,
        texts: MessageCatalog,
        on_references: OnReferences | None,
        on_page: OnPage | None = None,
    ) -> None:
        """`on_page` is told each answer after it was written, `on_references` those that refer to foreign hosts."""
        self._store = store
        self._frontier = frontier
        self._traps = traps
        self._sink = sink
        self._texts = texts
        self._on_references = on_references
        self._on_page = on_page
        self._unreadable = UnreadableNotice(sink=sink, texts=texts, module=_MODULE)
        self._foreign: set[str] = set()  # foreign hosts met so far
        self._traps_reported = 0
        # 2xx HTML documents parsed so far; those of an earlier attempt are included by `load`.
        self.pages = 0

    async def load(self) -> None:
        """Count what an earlier attempt has left. To be awaited once, before anything else."""
        self.pages = (await asyncio.to_thread(self._store.counts)).pages

    async def write(self, item: FrontierUrl, processed: ProcessedPage, seen: Seen) -> None:
        """Put everything into the store. Nothing is awaited in the last step: a flush takes all of that or nothing."""
        references = await self._write_chunks(item, processed)
        if processed.page is not None:
            depth = self._frontier.depth_of(item.id)  # a shorter way may have been found while it was read
            page = processed.page if processed.page.depth == depth else replace(processed.page, depth=depth)
            self._store.add_page(page)
            self.pages += page.parsed
        if processed.hops:
            self._store.add_hops(processed.hops, found_on=item.found_on)
        if references:
            self._store.add_references(references)
        self._learn(item, processed, seen)
        self._frontier.finish(
            item.id, processed.state, seen=seen, links=processed.links, same_depth=processed.same_depth
        )

    async def notify(self, item: FrontierUrl, processed: ProcessedPage) -> None:
        """Tell the sink and the stages behind."""
        if processed.unreadable:
            await self._unreadable.tell(item.url, processed.unreadable)
        if self._on_page:
            self._on_page(item, processed)
        if processed.references and self._on_references:
            await self._on_references(item.url, processed.references)
        await self.report_traps()

    async def report_traps(self) -> None:
        """Log the patterns that were closed since the last call."""
        while self._traps_reported < len(self._traps.closed):
            pattern = self._traps.closed[self._traps_reported]
            self._traps_reported += 1
            await self._sink.log(LogEntry("INFO", _MODULE, self._texts("nothing_new", pattern=pattern)))

    async def _write_chunks(self, item: FrontierUrl, processed: ProcessedPage) -> Sequence[Reference]:
        """Write most of a page with tens of thousands of links in pieces, so that other pages go on; returns what is
        left of its references. After a crash in between the page is asked for again, and the pieces are known.
        """
        references, links = processed.references, processed.links
        while len(references) > CHUNK:
            self._store.add_references(references[:CHUNK])
            references = references[CHUNK:]
            await asyncio.sleep(0)
        for start in range(0, len(links) - CHUNK, CHUNK):
            self._frontier.add(links[start : start + CHUNK], self._frontier.depth_of(item.id) + 1, found_on=item.id)
            await asyncio.sleep(0)
        return references

    def _learn(self, item: FrontierUrl, processed: ProcessedPage, seen: Seen) -> None:
        """Teach the trap detector the page; an error or a redirect says nothing of its like by its text."""
        before = len(self._foreign)
        self._foreign.update(host_of(reference.url) for reference in processed.references)
        if seen is Seen.JUDGED and processed.extraction is not None and not processed.hops:
            brings_host = len(self._foreign) > before
            self._traps.learn(item.pattern, processed.extraction.text, brings_host=brings_host)
