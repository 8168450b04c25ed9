"""Registrations of third parties, queried from their registries beside stage 4."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from app.domain.scan_facts import Capture, Registration, ThirdParty
from app.domain.scan_options import REGISTRATIONS, source_of
from app.engines.capture.capturer import CapturedPage
from app.engines.identify.classify import UNKNOWN
from app.engines.identify.rdap import RegistrationLookup
from app.engines.model import ScanConfig
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.network_stack import NetworkStack
from app.engines.pipeline.work_queue import WorkQueue
from app.engines.scope import registered_domain

WORKERS: Final = 4  # registries asked at once; of each the lookup asks once a second at most
MAX_DOMAINS: Final = 1_000  # of one scan: registries are there for all
WAIT_S: Final = 30.0  # how long a scan whose other work is done waits for them, in all
# Of these pages and of names that are gone everybody wants to know whose they are: they are asked first.
_SUSPECT: Final = frozenset({"parked", "for_sale", "expired", "icp_block"})

OnKnown = Callable[[CaptureTarget, Capture], Awaitable[None]]


class Registrations:
    """`run` once, `offer` at any time before `close`. `on_known` gets each capture again with its registration."""

    def __init__(
        self,
        *,
        lookup: RegistrationLookup | None,
        on_known: OnKnown,
        wait_s: float = WAIT_S,
        max_domains: int = MAX_DOMAINS,
    ) -> None:
        """`lookup` None: no registry is asked, and nothing ever happens."""
        self._lookup = lookup
        self._on_known = on_known
        self._left_s = wait_s
        self._max_domains = max_domains
        self._queue: WorkQueue[str] = WorkQueue()
        self._captures: dict[str, dict[CaptureTarget, Capture]] = {}  # of each domain that is, or was, asked about
        self._known: dict[str, Registration] = {}
        # Domains that were not asked about, because there are too many, or because the scan was over.
        self.omitted = 0

    @property
    def asked(self) -> int:
        """Domains that a registry was asked about."""
        return self._lookup.asked if self._lookup else 0

    @property
    def awaited(self) -> int:
        """Domains that a registry has not answered for yet."""
        return sum(1 for _ in self._queue.unfinished())

    @property
    def counts(self) -> dict[str, int]:
        """What came of it, as the text `registrations` has it."""
        return {"asked": self.asked, "silent": self._lookup.unanswered if self._lookup else 0, "omitted": self.omitted}

    @property
    def registrants(self) -> Mapping[str, str]:
        """Who has registered what, as far as registries were asked and said so."""
        return self._lookup.registrants if self._lookup else {}

    async def ask_registrant(self, domain: str) -> str:
        """Ask who has registered a domain; "" when nobody says, or nobody may be asked."""
        if self._lookup is None:
            return ""
        await self._lookup.of(domain)
        return self._lookup.registrants.get(registered_domain(domain) or domain, "")

    def offer(self, target: CaptureTarget, capture: Capture, party: ThirdParty) -> None:
        """Ask whose it is: names that are gone and place-holders first, services that everybody knows never."""
        if capture.registration is not None:  # of an earlier attempt
            self._known[capture.domain] = capture.registration
            return
        is_suspect = capture.dead or capture.page_class in _SUSPECT
        if self._lookup is None or (party.category != UNKNOWN and not is_suspect):
            return
        if capture.domain in self._captures:
            self._captures[capture.domain][target] = capture
        elif len(self._captures) < self._max_domains:
            self._captures[capture.domain] = {target: capture}
            self._queue.add([capture.domain], first=is_suspect)
        else:
            self.omitted += 1

    def complete(self, target: CaptureTarget, page: CapturedPage) -> CapturedPage:
        """The page with what is known of its domain by now. It replaces what was offered under the same target."""
        if target in (captures := self._captures.get(page.capture.domain, {})):
            captures[target] = page.capture
        known = self._known.get(page.capture.domain)
        return page if known is None else replace(page, capture=replace(page.capture, registration=known))

    async def run(self) -> None:
        """Ask until it is closed and nothing waits."""
        await self._queue.work(self._ask, workers=WORKERS)

    async def settle(self) -> None:
        """Wait for what was offered, as long as a scan may wait in all; what is left then is not asked any more."""
        began = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._left_s)):
                await self._queue.drained()
        self._left_s -= asyncio.get_running_loop().time() - began
        self.omitted += len(self._queue.drop(lambda _: True))

    def close(self) -> None:
        """Nothing more is offered."""
        self._queue.close()

    def give_up(self) -> None:
        """The time is over."""
        self._queue.give_up()

    async def _ask(self, domain: str) -> None:
        assert self._lookup is not None  # else nothing is offered
        found = await self._lookup.of(domain)
        if found is None:
            return
        self._known[domain] = found
        for target, capture in list(self._captures[domain].items()):
            await self._on_known(target, replace(capture, registration=found))


def open_registrations(network: NetworkStack, config: ScanConfig, *, on_known: OnKnown) -> Registrations:
    """Asks nobody when the scan may use no passive sources, or the deployment names no list of registries."""
    entries = map(source_of, network.config.passive_sources)
    urls = [url for name, url in entries if name == REGISTRATIONS] if config.use_passive_sources else []
    lookup = RegistrationLookup(fetcher=network.fetcher(), list_url=urls[0]) if urls else None
    return Registrations(lookup=lookup, on_known=on_known)
