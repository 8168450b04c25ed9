"""Second readers in the pipeline: a language model and the local reader, of captured pages before their violations are
told; the model also of pages of the site in which no rule found anything, when the crawl is over. Without either,
nothing of it happens.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.reading import ReadingSummary
from app.domain.scan_facts import FrontierUrl, Reference, Relation
from app.domain.stages import StageKey
from app.domain.tampering import TamperSign, kind_of
from app.domain.violations import ViolationFact
from app.engines.analyse.detection import Thresholds
from app.engines.analyse.review.second_opinion import judged_facts, weigh
from app.engines.analyse.subject import Subject
from app.engines.capture.capturer import CapturedPage
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.local_reader.model import LocalModel
from app.engines.parsing.page_parser import PageParser
from app.engines.pipeline.analysis.local_reading import LocalReading
from app.engines.pipeline.analysis.picture_texts import shows_more_than_it_says
from app.engines.ports import ScanSink, ScanStore, Unreadable
from app.engines.reading_model.answer import Opinion
from app.engines.reading_model.excerpt import Excerpt
from app.engines.reading_model.reader import PageReader

LOOK_SHARE: Final = 0.5  # of the budget, for pages in which no rule found anything, and for rechecks (ADR 0078)
MAX_PAGES: Final = 500  # of the site that are kept to be asked about; a budget is smaller, mostly
PER_PATTERN: Final = 2  # of a host: pages of one template say the same
PAGES: Final = "reading_model_pages"  # checkpoint

# Is told how to ask for the seconds that are left of the scan; returns None when no model reads along.
MakeReader = Callable[[Callable[[], float]], PageReader | None]
OnFound = Callable[[str, Sequence[Reference]], Awaitable[None]]


class LlmReview:
    """`note` each page of the crawl and `read_site` once; `examine` at any time. `tell` when all is done."""

    def __init__(
        self,
        *,
        reader: PageReader | None,
        parser: PageParser,
        store: ScanStore,
        sink: ScanSink,
        texts: MessageCatalog,
        local_model: LocalModel | None = None,
    ) -> None:
        """`reader` None: there is no language model; `local_model` None: there is no local reader."""
        self._reader = reader
        self._parser = parser
        self._store = store
        self._sink = sink
        self._texts = texts
        self._local = LocalReading(model=local_model, store=store, sink=sink, texts=texts)
        self._pages: dict[str, Sequence[Any]] = store.checkpoint(PAGES) or {} if reader else {}
        self._of_pattern: dict[tuple[str, str], int] = {}
        self._has_changed = False

    # Captured pages

    async def examine(
        self, subject: Subject, facts: Sequence[ViolationFact], *, is_own: bool, is_recheck: bool = False
    ) -> Sequence[ViolationFact]:
        """Return the facts as the readers' opinions leave them; as they are when none could change anything.

        `is_recheck`: nothing is reported of it. The local reader is not used, so that it neither clears what it
        accused, nor counts a page twice; half of the LLM budget is left to first captures.
        """
        local = None if is_own or is_recheck else self._local.opinion(subject, facts)
        try:
            looks = is_own or (local is not None and local.raises)
            asked = await self._ask(subject, facts, looks=looks, is_recheck=is_recheck)
            if asked is None and local is None:
                return facts
            excerpt, opinion = asked or (None, None)
            found, effect, local_effect = await self._parser.reconsider(subject, opinion, local)
        except Unreadable:
            return facts
        if self._reader is not None and excerpt is not None and opinion is not None and not is_recheck:
            self._reader.note_effect(excerpt, effect.value)
        if local is not None:
            await self._local.note(subject, local, local_effect)
        return found

    def wants_picture(self, page: CapturedPage) -> bool:
        """Whether a model is to look once more, now that the page has its picture: its words say next to nothing."""
        return self._reader is not None and self._reader.reads_pictures and shows_more_than_it_says(page)

    async def _ask(
        self, subject: Subject, facts: Sequence[ViolationFact], *, looks: bool, is_recheck: bool
    ) -> tuple[Excerpt, Opinion] | None:
        """Return the language model's opinion with what it was shown; None: there is none, or nothing is asked.

        `looks`: it is to look at the page also when no rule says anything.
        """
        if self._reader is None:
            return None
        excerpt = await self._parser.excerpt(subject)
        has_signal = bool(judged_facts(facts))
        if excerpt is None or not (has_signal or looks or excerpt.asks):
            return None
        excerpt = replace(excerpt, picture=subject.capture.screenshot_sha256)
        share = 1.0 if has_signal and not is_recheck else LOOK_SHARE
        opinion = await self._reader.ask(excerpt, share=share, is_recheck=is_recheck)
        return None if opinion is None else (excerpt, opinion)

    # Pages of the site

    def note(self, item: FrontierUrl, processed: ProcessedPage) -> None:
        """Take what the crawl saw of one address. Start pages are captured, and read then."""
        page, found = processed.page, processed.extraction
        if self._reader is None or page is None or found is None or found.excerpt is None or not page.parsed:
            return
        template = (item.host, item.pattern)
        of_template = self._of_pattern.get(template, 0)
        if item.depth == 0 or of_template >= PER_PATTERN or len(self._pages) >= MAX_PAGES:
            return
        self._of_pattern[template] = of_template + 1
        self._pages[item.url] = found.excerpt
        self._has_changed = True

    def save(self) -> None:
        """Put into the store what changed."""
        self._local.save()
        if self._reader is None:
            return
        self._reader.conclude()
        if self._has_changed:
            self._has_changed = False
            self._store.put_checkpoint(PAGES, self._pages)

    async def read_site(self, on_found: OnFound) -> None:
        """Ask about the pages that were noted: those that ask people for something first. Raises ScanStopped.

        `on_found` is told a page, and what the model says of it.
        """
        noted = [(url, Excerpt.from_json(stored)) for url, stored in self._pages.items()]
        noted.sort(key=lambda page: not page[1].asks)
        async with asyncio.TaskGroup() as group:
            for url, excerpt in noted:
                group.create_task(self._read(url, excerpt, on_found))

    async def _read(self, url: str, excerpt: Excerpt, on_found: OnFound) -> None:
        assert self._reader is not None  # else no page is noted
        opinion = await self._reader.ask(excerpt, share=LOOK_SHARE)
        if opinion is None:
            return
        weighed = weigh((), opinion, Thresholds())
        self._reader.note_effect(excerpt, weighed.effect.value)
        if weighed.detections:
            sign = _sign(url, opinion)
            self._store.add_references([sign])
            await on_found(url, [sign])

    # What people are told

    async def tell(self) -> None:
        """Say what came of it. Raises ScanStopped."""
        await self._local.tell()
        if self._reader is None:
            return
        self.save()
        summary = self._reader.summary()
        await self._log(self._texts("reading_done", model=summary.model, **_numbers(summary)))
        for reason, count in summary.left_out.items():
            said = self._texts(f"reading_left_out_{reason}", count=count, budget=summary.budget)
            await self._sink.warning("degraded", said)

    async def _log(self, message: str) -> None:
        await self._sink.log(LogEntry("INFO", StageKey.AI_ANALYSIS.value, message))


def _sign(url: str, opinion: Opinion) -> Reference:
    """Return what the model says of a page as a reference of the page to itself, which keeps its source, too."""
    said = opinion.key.value if opinion.key else ""
    return Reference(
        page_url=url,
        url=url,
        raw=opinion.quotes[0],
        relation=Relation.MENTION,
        kind=kind_of(TamperSign.MODEL),
        snippet=" … ".join(opinion.quotes)[:200],
        text=f"{said}, {opinion.provenance}",
    )


def _numbers(summary: ReadingSummary) -> dict[str, int]:
    return {
        "asked": summary.asked,
        "answered": summary.answered,
        "void": sum(summary.void.values()),
        "left_out": sum(summary.left_out.values()),
        "requests": summary.requests,
        "budget": summary.budget,
    }
