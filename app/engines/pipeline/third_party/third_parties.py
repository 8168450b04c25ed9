"""Stage 3 as the pipeline sees it: references in, third parties and pages to be captured out."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from app.domain.reference_kinds import redirect_kind
from app.domain.scan_facts import Capture, Hop, Reference, Relation, ThirdParty
from app.domain.tampering import sign_of
from app.domain.third_parties import OMITTED
from app.engines.capture.capturer import CapturedPage
from app.engines.identify.aggregate import MAX_DOMAINS, ThirdPartyAggregate
from app.engines.identify.characteristics import characterise
from app.engines.identify.classify import UNKNOWN
from app.engines.pieces import pieces
from app.engines.pipeline.capture_selector import CaptureSelector, CaptureTarget
from app.engines.pipeline.third_party.rare_scripts import rare_scripts
from app.engines.ports import ScanStore
from app.engines.scope import Scope, registrable_domain
from app.engines.urls import host_of

AT_ONCE: Final = 500  # references that are loaded in one go: 10 ms
SAMPLE: Final = 50  # references that the analysis sees; the aggregate keeps no more


class ThirdPartyIndex:
    """All third parties of a scan. What changed is put into the store by `save`, not with each reference."""

    def __init__(
        self, *, scope: Scope, store: ScanStore, selector: CaptureSelector, max_domains: int = MAX_DOMAINS
    ) -> None:
        self._scope = scope
        self._store = store
        self._selector = selector
        self._aggregate = ThirdPartyAggregate(scope, max_domains=max_domains)
        self._omitted_saved = 0  # of `omitted`, as it stands in the store
        self._unsaved: set[str] = set()
        self._redirects: set[int] = set()  # hashes of (from, to) of those that captures have met
        # Signs of tampering that an earlier attempt found, from `load` on, and those of `keep_signs`.
        self.signs: list[Reference] = []
        self._learned: dict[str, str] = {}  # categories of domains that are in no list, by what was seen of them
        # Domains that are third parties, in the order of finding.
        self.domains: dict[str, None] = {}

    async def load(
        self, captures: Iterable[Capture], *, on_references: Callable[[Sequence[Reference]], None] = lambda _: None
    ) -> AsyncIterator[list[CaptureTarget]]:
        """What an earlier attempt left: its captures are known, what they do not cover is still to be captured. To be
        gone through to its end. `on_references` is told all references as well.
        """
        for capture in captures:
            self._selector.known(CaptureTarget(capture.domain, capture.host, capture.url))
        async for references in pieces(self._store.references(), AT_ONCE):
            on_references(references)
            self.signs += [reference for reference in references if sign_of(reference.kind) is not None]
            for reference in references:
                if reference.via:
                    self._redirects.add(hash((reference.via, reference.url)))
            yield self.add(references)[1]

    def add(self, references: Sequence[Reference]) -> tuple[list[ThirdParty], list[CaptureTarget]]:
        """Third parties that are new, and pages that are to be captured."""
        new = self._aggregate.add(references)
        self.domains.update(dict.fromkeys(new))
        touched = {registrable_domain(host_of(reference.url)) for reference in references}
        self._unsaved |= touched & self.domains.keys()
        parties = [self._aggregate.get(domain) for domain in new]
        return parties, self._selector.choose(reference for reference in references if self._counts(reference))

    def rare_scripts(self, pages: int) -> list[Reference]:
        """Signs of scripts that one of so many crawled pages uses; they are stored with the page's references."""
        parties = (
            (self._aggregate.get(domain), self._aggregate.references_of(domain, SAMPLE)) for domain in self.domains
        )
        return self.keep_signs(rare_scripts(parties, pages=pages, known=self.signs))

    def keep_signs(self, signs: Iterable[Reference]) -> list[Reference]:
        """Put signs of pages into the store, with the other references of these pages, and return them."""
        found = list(signs)
        self._store.add_references(found)
        self.signs += found
        return found

    def save(self) -> None:
        """Puts what changed into the store."""
        for domain in self._unsaved:
            self._store.put_third_party(self._described(domain))
        self._unsaved.clear()
        if self.omitted != self._omitted_saved:
            self._omitted_saved = self.omitted
            self._store.put_checkpoint(OMITTED, self.omitted)

    def learn(self, target: CaptureTarget, page: CapturedPage) -> None:
        """What was captured can say what a party of no list is. Of several pages the first that says so counts."""
        domain = target.domain
        if target.own or domain not in self.domains or domain in self._learned:
            return
        capture = page.capture
        found = characterise(
            aliases=capture.dns.cnames if capture.dns is not None else (),
            references=self._aggregate.references_of(domain, SAMPLE),
            page_class=capture.page_class,
            declared=() if capture.hops else page.content.declared,
        )
        if found != UNKNOWN:
            self._learned[domain] = found
            self._unsaved.add(domain)

    def _described(self, domain: str) -> ThirdParty:
        """As people see it. The analysis has `party_of`: it trusts lists alone."""
        party = self._aggregate.get(domain)
        return replace(party, category=self._learned.get(domain, UNKNOWN)) if party.category == UNKNOWN else party

    @property
    def omitted(self) -> int:
        """References to domains that were not taken in, because there are too many."""
        return self._aggregate.dropped

    def party_of(self, target: CaptureTarget) -> ThirdParty:
        """The third party, or the site itself in its shape."""
        if not target.own:
            return self._aggregate.get(target.domain)
        return ThirdParty(target.domain, (target.host,), relation=Relation.LINK, example_page=target.url)

    def references_of(self, target: CaptureTarget) -> tuple[Reference, ...]:
        """A sample, hidden ones first; the site itself has none."""
        return () if target.own else self._aggregate.references_of(target.domain, SAMPLE)

    def redirects_of(self, target: CaptureTarget, capture: Capture) -> list[Reference]:
        """External hops that were met while capturing, each once: they are third parties too."""
        away = [hop for hop in capture.hops if self._leads_away(hop, target.domain) and self._is_new(hop)]
        page = target.url if target.own else self._aggregate.get(target.domain).example_page
        return [
            Reference(
                page_url=page,
                url=hop.location,
                raw=hop.location,
                relation=Relation.REDIRECT,
                kind=redirect_kind(hop.kind.value),
                via=hop.url,
            )
            for hop in away
        ]

    def _is_new(self, hop: Hop) -> bool:
        """A page that is captured again, as scripts have rendered it, has the same hops."""
        known = len(self._redirects)
        self._redirects.add(hash((hop.url, hop.location)))
        return len(self._redirects) > known

    def _leads_away(self, hop: Hop, domain: str) -> bool:
        host = host_of(hop.location)
        return bool(host) and not self._scope.is_own(host) and registrable_domain(host) != domain

    def _counts(self, reference: Reference) -> bool:
        """The aggregate decides what is a third party (a local address is none)."""
        return registrable_domain(host_of(reference.url)) in self.domains
