"""The end of stage 2: some of the crawled pages are asked for as other visitors, and what only these are shown is kept
as signs of tampering and as references. What was asked is remembered: an attempt that goes on asks for nothing twice.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import FrontierUrl, Reference, Relation
from app.domain.stages import StageKey
from app.domain.tampering import sign_of
from app.engines.cloaking.comparison import Compared
from app.engines.cloaking.page_comparer import MayAsk, PageComparer
from app.engines.cloaking.page_sample import GONE, PageSample, SampledPage, hash_lines
from app.engines.cloaking.view import MAX_REFERENCES
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.extract.page import Extraction
from app.engines.identify.classify import UNKNOWN, classify
from app.engines.net.cookies import ScanCookies
from app.engines.pipeline.network_stack import NetworkStack
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import Scope, registrable_domain
from app.engines.urls import host_of

MAX_S: Final = 600.0  # of a scan, however slow its hosts want to be asked
CLOAKING: Final = "cloaking"  # checkpoint
_NOTHING_THERE: Final = frozenset({404, 410})
_GOOD: Final = range(200, 300)


class CloakedPages:
    """`note` each page of the crawl, then `run` once."""

    def __init__(
        self,
        *,
        scope: Scope,
        store: ScanStore,
        sink: ScanSink,
        texts: MessageCatalog,
        on_found: Callable[[str, Sequence[Reference]], Awaitable[None]],
        is_wanted: bool,
    ) -> None:
        """`on_found` is told a page, and what only some visitors are shown on it. `is_wanted` False: nobody asks."""
        self._scope = scope
        self._store = store
        self._sink = sink
        self._texts = texts
        self._on_found = on_found
        self._is_wanted = is_wanted
        stored = store.checkpoint(CLOAKING) or {"pages": [], "compared": []}
        self._sample = PageSample.from_json(stored["pages"])
        self._compared: set[str] = set(stored["compared"])
        self._has_changed = False
        self._comparer: PageComparer | None = None

    @property
    def progress(self) -> tuple[int, int]:
        """Count the pages that are through, and all that are compared; (0, 0) before it begins."""
        return (self._comparer.done, self._comparer.total) if self._comparer else (0, 0)

    def note(self, item: FrontierUrl, processed: ProcessedPage) -> None:
        """Take what the crawl saw of one address; most are left out at once."""
        page, found = processed.page, processed.extraction
        if not self._is_wanted or page is None or found is None:
            return
        if page.status not in _GOOD and page.status not in _NOTHING_THERE:
            return
        is_gone = page.status in _NOTHING_THERE
        self._has_changed |= self._sample.offer(
            item.url,
            GONE if is_gone else item.pattern,
            partial(_sampled, item.url, found, processed.references),
            is_start=item.depth == 0 and not is_gone,
            is_odd=found.is_odd or any(map(_is_odd, processed.references)),
        )

    def save(self) -> None:
        """Put into the store what changed."""
        if self._has_changed:
            self._has_changed = False
            self._store.put_checkpoint(CLOAKING, {"pages": self._sample.to_json(), "compared": sorted(self._compared)})

    async def run(self, network: NetworkStack, *, cookies: ScanCookies, may_ask: MayAsk, limit_s: float) -> None:
        """Compare what was chosen and not compared before, for so long at most. Raises ScanStopped."""
        pages = [page for page in self._sample.pages() if page.url not in self._compared]
        if not self._is_wanted or not pages:
            return
        self._comparer = comparer = PageComparer(
            scope=self._scope,
            plain=network.fetcher(cookies=cookies),
            make_fetcher=lambda: network.fetcher(cookies=ScanCookies()),
            parser=network.parser,
            may_ask=may_ask,
            is_known=lambda host: classify(host) != UNKNOWN,
            on_compared=self._on_compared,
        )
        await comparer.run(pages, limit_s=min(MAX_S, limit_s))
        self.save()
        counts = {"pages": comparer.done, "differing": comparer.differing, "unseen": comparer.unseen}
        said = self._texts("compared", **counts, left_out=comparer.left_out)
        await self._sink.log(LogEntry("INFO", StageKey.PAGE_CRAWL.value, said))

    async def _on_compared(self, page: SampledPage, found: Sequence[Compared]) -> None:
        signs = [sign for compared in found for sign in compared.signs]
        references = [*signs, *(reference for compared in found for reference in compared.references)]
        if references:
            self._store.add_references(references)
        self._compared.add(page.url)
        self._has_changed = True
        if references:
            await self._on_found(page.url, references)


def _sampled(url: str, found: Extraction, references: Sequence[Reference]) -> SampledPage:
    return SampledPage(
        url,
        is_tampered=any(
            sign_of(reference.kind) is not None or reference.relation is Relation.REDIRECT for reference in references
        ),
        lines=hash_lines(found.title, found.text),
        domains=frozenset(registrable_domain(host_of(reference.url)) for reference in references[:MAX_REFERENCES]),
    )


def _is_odd(reference: Reference) -> bool:
    """Signs of tampering, and hidden links to somebody unknown."""
    if sign_of(reference.kind) is not None:
        return True
    return reference.hidden is not None and classify(host_of(reference.url)) == UNKNOWN
