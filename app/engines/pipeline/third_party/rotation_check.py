"""Third parties that the inventory of the site does not have yet, or that are missing now: their pages are read again
at least a minute later, before the scan ends (ADR 0081).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from app.domain.inventory import RENDERED_KINDS
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.rotation import NOTHING, ROTATION, Sight, place_of, rotation_of
from app.domain.scan_facts import Reference, Relation
from app.domain.stages import StageKey
from app.engines.model import RecheckConfig
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.pipeline.work_queue import WorkQueue
from app.engines.ports import ScanSink, ScanStore
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_PAGES: Final = 50  # of one scan that are read again; third parties of further ones count as they are
PAGES_OF_ONE: Final = 3  # of a third party: an advertisement is rarely the same on all of them
LOOKS: Final = 2  # at each page: two of three advertisers differ from a third
WORKERS: Final = 4
WAIT_S: Final = 120.0  # how long a scan whose other work is done waits, after the pause

LookAt = Callable[[str], Awaitable[Sequence[Reference] | None]]


class RotationCheck:
    """`begin` when the crawl has ended, `run` once beside it, `finish` when nothing else is left."""

    def __init__(
        self,
        *,
        config: RecheckConfig | None,
        parties: ThirdPartyIndex,
        look: LookAt,
        store: ScanStore,
        sink: ScanSink,
        texts: MessageCatalog,
    ) -> None:
        """`config` None: there is no scan before, and nothing is read again. `look`: `SecondLook.references_of`."""
        self._config = config
        self._parties = parties
        self._look = look
        self._store = store
        self._sink = sink
        self._texts = texts
        self._first: dict[str, set[Sight]] = {}  # of pages that are read again, what the crawl saw; set by `run`
        self._rotation = NOTHING
        self._queue: WorkQueue[str] = WorkQueue()
        self._has_begun = asyncio.Event()
        self._is_over = asyncio.Event()
        self._is_done = asyncio.Event()

    @property
    def awaited(self) -> int:
        """Pages that are to be read again."""
        return 0 if self._is_done.is_set() else len(self._first) - self._queue.done

    def begin(self) -> None:
        """All third parties that pages refer to are known."""
        self._has_begun.set()

    def give_up(self) -> None:
        """The time is over: what was not read again counts as it is."""
        self._is_over.set()
        self._has_begun.set()
        self._queue.give_up()

    async def run(self) -> None:
        """Read again what is in question, and store what rotates. Raises ScanStopped."""
        await self._has_begun.wait()
        try:
            if self._config is not None and self._store.checkpoint(ROTATION) is None:
                await self._check(self._config)
        finally:
            self._is_done.set()

    async def finish(self) -> None:
        """Wait for what is left; after WAIT_S no more of it is begun."""
        self.begin()
        with suppress(TimeoutError):
            async with asyncio.timeout((self._config.after_s if self._config else 0.0) + WAIT_S):
                await self._is_done.wait()
        self.give_up()

    async def _check(self, config: RecheckConfig) -> None:
        self._first = self._in_question(config)
        if not self._first:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(config.after_s):
                await self._is_over.wait()
        self._queue.add(self._first)
        self._queue.close()
        await self._queue.work(self._check_page, workers=WORKERS)
        self._store.put_checkpoint(ROTATION, self._rotation.to_json())
        if count := len(self._rotation.parties):
            said = self._texts("rotation_found", count=count, example=min(self._rotation.parties))
            await self._sink.log(LogEntry("INFO", StageKey.THIRD_PARTY.value, said))

    def _in_question(self, config: RecheckConfig) -> dict[str, set[Sight]]:
        """Return the pages to be read again, with the new third parties that the crawl saw there."""
        found: dict[str, set[Sight]] = {}
        if config.parties is None:
            return found
        for domain in self._parties.domains:
            if domain not in config.parties:
                for page, place in _places(self._parties.references_to(domain)):
                    if page in found or len(found) < MAX_PAGES:
                        found.setdefault(page, set()).add((domain, place))
        for domain, page in config.parties.items():
            if page and domain not in self._parties.domains and len(found) < MAX_PAGES:
                found.setdefault(page, set())
        return found

    async def _check_page(self, page: str) -> None:
        looks = []
        for _ in range(LOOKS):
            if self._is_over.is_set():
                break
            references = await self._look(page)
            if references is not None:
                looks.append(set(_sights(references)))
        self._rotation |= rotation_of(page, self._first[page], looks, self._parties.domains)


def _places(references: Iterable[Reference]) -> list[tuple[str, str]]:
    """Return the pages that refer to a third party, PAGES_OF_ONE at most, and the places on them; [] if only a browser
    sees it on one of them, or if it is not a page of the site that leads there: reading pages again does not refute it.
    """
    found: dict[str, str] = {}
    for reference in references:
        if reference.relation is Relation.MENTION:
            continue
        if not _is_on_page(reference):
            return []
        found.setdefault(reference.page_url, place_of(reference.kind, reference.dom_path))
    return list(found.items())[:PAGES_OF_ONE]


def _is_on_page(reference: Reference) -> bool:
    return not reference.via and not reference.kind.startswith(RENDERED_KINDS)


def _sights(references: Iterable[Reference]) -> Iterator[Sight]:
    for reference in references:
        if reference.relation is not Relation.MENTION:
            yield registrable_domain(host_of(reference.url)), place_of(reference.kind, reference.dom_path)
