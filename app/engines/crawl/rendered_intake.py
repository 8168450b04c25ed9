"""Content of rendered pages: parsed like any other, with further links for the frontier."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from app.domain.coverage import Seen
from app.domain.scan_facts import FrontierUrl
from app.engines.crawl.answer_classifier import classify_answer
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.page_processor import PageProcessor, ProcessedPage
from app.engines.crawl.page_writer import CHUNK
from app.engines.crawl.sheet_library import SheetLibrary
from app.engines.model import FetchResult

_HEADERS: Final = (("content-type", "text/html; charset=utf-8"),)
_RENDERED: Final = 200
# What a page that asks for a script, or is empty without one, counts as before it is rendered.
_IMPROVED: Final = frozenset({Seen.WALL, Seen.NO_ANSWER})


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """One document of a page as it was rendered, and what was read of it."""

    processed: ProcessedPage
    seen: Seen


@dataclass(kw_only=True, eq=False, repr=False)
class RenderedIntake:
    """Reads rendered documents, and hands on to the frontier what they add."""

    frontier: Frontier
    processor: PageProcessor
    sheets: SheetLibrary

    async def read(self, item: FrontierUrl, url: str, html: str) -> RenderedDocument:
        """Read a document that stands at `url` now; what cannot be read is in the result, never raised."""
        result = FetchResult(url, url, _RENDERED, _HEADERS, html.encode("utf-8", "replace"))
        async with asyncio.TaskGroup() as group:
            sheets = self.sheets.within(group)
            processed = await self.processor.read(
                replace(item, url=url), self.frontier.depth_of(item.id), result, sheets
            )
        return RenderedDocument(processed, classify_answer(result, processed.page, processed.extraction))

    async def take_in(self, item: FrontierUrl, documents: list[RenderedDocument]) -> int:
        """Add the links, and have a page that is nothing without its scripts count as read. Returns how many URLs were
        not known before. Nothing is awaited in the last step.
        """
        found = 0  # counted between two waits: others add URLs meanwhile
        before = self.frontier.seen_of(item.id)
        is_read = before in _IMPROVED and any(document.seen is Seen.JUDGED for document in documents)
        links = [url for document in documents for url in (*document.processed.links, *document.processed.same_depth)]
        for start in range(0, len(links) - CHUNK, CHUNK):
            known = self.frontier.known
            self.frontier.add(links[start : start + CHUNK], self.frontier.depth_of(item.id) + 1, found_on=item.id)
            found += self.frontier.known - known
            await asyncio.sleep(0)
        known = self.frontier.known
        self.frontier.extend(item.id, links, seen=Seen.JUDGED if is_read else None)
        return found + self.frontier.known - known
