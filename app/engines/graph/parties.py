"""Stage 3 as the graph sees it: references in, third parties and pages to be captured out."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.domain.parties import OMITTED
from app.engines.graph.targets import Target, TargetBook
from app.engines.identify.fold import MAX_DOMAINS, ThirdPartyFold
from app.engines.model import Capture, Hop, Reference, Relation, ThirdParty
from app.engines.ports import ScanStore
from app.engines.scope import Scope, registrable_domain
from app.engines.urls import host_of

SAMPLE: Final = 50  # references that the analysis sees; the fold keeps no more


class Parties:
    """All third parties of a scan. What changed is put into the store by `save`, not with each reference."""

    def __init__(self, *, scope: Scope, store: ScanStore, book: TargetBook, max_domains: int = MAX_DOMAINS) -> None:
        self._scope = scope
        self._store = store
        self._book = book
        self._fold = ThirdPartyFold(scope, max_domains=max_domains)
        self._omitted_saved = 0  # of `omitted`, as it stands in the store
        self._unsaved: set[str] = set()
        # Domains that are third parties, in the order of finding.
        self.domains: dict[str, None] = {}

    def load(self) -> Iterator[list[Target]]:
        """What an earlier attempt left: its captures are known, what they do not cover is still to be captured. To be
        gone through to its end, a reference a step.
        """
        for capture in self._store.captures():
            self._book.known(Target(capture.domain, capture.host, capture.url))
        hosts = [host for host, _ in self._store.referred_hosts()]
        for reference in self._store.references_to(hosts):
            yield self.add([reference])[1]

    def add(self, references: Sequence[Reference]) -> tuple[list[ThirdParty], list[Target]]:
        """Third parties that are new, and pages that are to be captured."""
        new = self._fold.add(references)
        self.domains.update(dict.fromkeys(new))
        touched = {registrable_domain(host_of(reference.url)) for reference in references}
        self._unsaved |= touched & self.domains.keys()
        parties = [self._fold.get(domain) for domain in new]
        return parties, self._book.choose(reference for reference in references if self._counts(reference))

    def save(self) -> None:
        """Puts what changed into the store."""
        for domain in self._unsaved:
            self._store.put_third_party(self._fold.get(domain))
        self._unsaved.clear()
        if self.omitted != self._omitted_saved:
            self._omitted_saved = self.omitted
            self._store.put_checkpoint(OMITTED, self.omitted)

    @property
    def omitted(self) -> int:
        """References to domains that were not taken in, because there are too many."""
        return self._fold.dropped

    def party_of(self, target: Target) -> ThirdParty:
        """The third party, or the site itself in its shape."""
        if not target.own:
            return self._fold.get(target.domain)
        return ThirdParty(target.domain, (target.host,), relation=Relation.LINK, example_page=target.url)

    def references_of(self, target: Target) -> tuple[Reference, ...]:
        """A sample, hidden ones first; the site itself has none."""
        return () if target.own else self._fold.references_of(target.domain, SAMPLE)

    def redirects_of(self, target: Target, capture: Capture) -> list[Reference]:
        """External hops that were met while capturing: they are third parties too."""
        away = [hop for hop in capture.hops if self._leads_away(hop, target.domain)]
        page = target.url if target.own else self._fold.get(target.domain).example_page
        return [
            Reference(
                page_url=page,
                url=hop.location,
                raw=hop.location,
                relation=Relation.REDIRECT,
                kind=f"redirect:{hop.kind.value}",
                snippet=hop.url[:200],
            )
            for hop in away
        ]

    def _leads_away(self, hop: Hop, domain: str) -> bool:
        host = host_of(hop.location)
        return bool(host) and not self._scope.is_own(host) and registrable_domain(host) != domain

    def _counts(self, reference: Reference) -> bool:
        """The fold has the last word on what is a third party (a local address is none)."""
        return registrable_domain(host_of(reference.url)) in self.domains
