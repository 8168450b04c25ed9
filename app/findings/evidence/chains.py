"""The redirect path from a page of the site to a capture: the reference, every redirect, the final URL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

from app.domain.reference_kinds import hop_of
from app.domain.scan_facts import Capture, HopKind, Relation
from app.findings.evidence.exposures import Site, via_of
from app.scanstore.evidence_reader import EvidenceReader, StoredReference
from app.scanstore.rows import StoredPage, host_in

MAX_CHAINS: Final = 8
MAX_FORWARDERS: Final = 5  # third parties that forward to each other
MAX_OWN_HOPS: Final = 10  # redirects within the site before the one that leaves it
NEAR: Final = 200  # references of the same page that are looked through for the one that leads to a forwarder


@dataclass(frozen=True, slots=True)
class Step:
    """One URL of the path. `status` and `address` are those of the response to it; 0 and "" if unknown."""

    url: str
    how: str = ""  # relation or kind of hop by which one comes here; "" for the page that it begins with
    kind: str = ""  # of the reference: `a[href]`, ...
    status: int = 0
    address: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """`reference` leads to the third party; `origin` is on the site's page: another one if a third party redirects.

    Where `origin` is no page but a redirect of one of the site's own addresses, `linked_from` is the page of the site
    that first named that address; None where no page did (a sitemap, a start page), and for other origins.
    """

    reference: StoredReference
    origin: StoredReference
    steps: tuple[Step, ...]
    final_url: str  # what was captured; the last step is another when a page starts a download
    is_complete: bool  # something was captured at its end
    linked_from: StoredPage | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """From a page of the site to the address that a reference names."""

    origin: StoredReference
    steps: tuple[Step, ...]
    linked_from: StoredPage | None = None


class ChainBuilder:
    """Joins references with captures of one scan."""

    def __init__(self, reader: EvidenceReader, site: Site) -> None:
        self._reader = reader
        self._site = site

    def build(self, references: Sequence[StoredReference], captures: Sequence[Capture]) -> list[Chain]:
        """Return one chain for each capture that a reference leads to, else one for the first reference.

        `references` come in the order of preference, `captures` are those of the same third party.
        """
        chains = [
            self._chain(reference, capture)
            for capture in captures[:MAX_CHAINS]
            if (reference := self._naming(capture.url, references)) is not None
        ]
        if chains or not references:
            return chains
        return [self._chain(references[0], None)]

    def _naming(self, url: str, references: Sequence[StoredReference]) -> StoredReference | None:
        """Return the preferred reference to an address, else one that is not among those."""
        return _leading_to(url, references) or self._reader.leading_to(url)

    def _chain(self, reference: StoredReference, capture: Capture | None) -> Chain:
        way = self._way_to(reference, MAX_FORWARDERS)
        if capture is None:
            last_url = way.steps[-1].url
            return Chain(reference, way.origin, way.steps, last_url, is_complete=False, linked_from=way.linked_from)
        *through, last = _through(way.steps[-1], capture)
        steps = (*way.steps[:-1], *through, self._as_seen_elsewhere(last))
        return Chain(reference, way.origin, steps, capture.final_url, is_complete=True, linked_from=way.linked_from)

    def _as_seen_elsewhere(self, step: Step) -> Step:
        """Return a step with what other captures of its host say where its own has nothing: scripts led there."""
        for capture in self._reader.captures_at(host_in(step.url)):
            if not step.status and capture.final_url == step.url:
                step = replace(step, status=capture.last_status)
            if not step.address and capture.addresses:
                step = replace(step, address=capture.addresses[0])
        if not step.address and self._site.owns(host_in(step.url)):
            return replace(step, address=self._reader.address_of(host_in(step.url)))
        return step

    def _way_to(self, reference: StoredReference, forwarders: int) -> _Way:
        fact, via = reference.fact, via_of(reference, self._site)
        if via:
            return self._through_forwarder(reference, via, forwarders)
        last = Step(fact.url, fact.relation.value, fact.kind)
        if fact.relation is not Relation.REDIRECT:
            return _Way(reference, (self._answered(Step(fact.page_url)), last))
        before = self._own_steps(fact.page_url)
        page = self._reader.page_naming(before[0].url)
        if page is None or any(step.url == page.url for step in before):
            return _Way(reference, (*before, last))
        before[0] = replace(before[0], how="link")
        return _Way(reference, (self._answered(Step(page.url)), *before, last), page)

    def _own_steps(self, url: str) -> list[Step]:
        """Return the redirects within the site that lead to one of its addresses which forwards, and that address."""
        steps = [self._answered(Step(url))]
        while len(steps) < MAX_OWN_HOPS:
            hop = self._reader.hop_to(steps[0].url)
            if hop is None or any(step.url == hop.url for step in steps):
                break
            steps[0] = replace(steps[0], how=hop.kind.value)
            steps.insert(0, Step(hop.url, status=hop.status, address=hop.address))
        return steps

    def _answered(self, step: Step) -> Step:
        """Return the step with how the site answered to it."""
        hop = self._reader.hop_from(step.url)
        if hop is not None:
            return replace(step, status=hop.status, address=hop.address)
        page = self._reader.page_at(step.url)
        address = self._reader.address_of(host_in(step.url))
        return step if page is None else replace(step, status=page.status, address=address)

    def _through_forwarder(self, reference: StoredReference, via: str, forwarders: int) -> _Way:
        capture = next((found for found in self._reader.captures_at(host_in(via)) if _passes(found, via)), None)
        start = via if capture is None else capture.url
        way = self._way_to_forwarder(reference, start, forwarders)
        steps = (way.steps[-1],) if capture is None else _through(way.steps[-1], capture)
        passed = takewhile(lambda step: step.url != reference.fact.url, steps)
        last = Step(reference.fact.url, hop_of(reference.fact.kind))
        return _Way(way.origin, (*way.steps[:-1], *passed, last), way.linked_from)

    def _way_to_forwarder(self, reference: StoredReference, start: str, forwarders: int) -> _Way:
        near = self._reader.references_on_to(reference.fact.page_url, host_in(start), limit=NEAR)
        here = [found for found in near if found.id != reference.id]
        before = _leading_to(start, here) or next(iter(here), None)
        if before is not None and forwarders:
            return self._way_to(before, forwarders - 1)
        return _Way(reference, (self._answered(Step(reference.fact.page_url)), Step(start)))


def _through(first: Step, capture: Capture) -> tuple[Step, ...]:
    """Return the steps of a capture, the first of which is reached already."""
    steps = [first if first.url == capture.url else replace(first, url=capture.url)]
    for hop in capture.hops:
        steps[-1] = replace(steps[-1], status=hop.status, address=hop.address)
        steps.append(Step(hop.location, hop.kind.value))
    is_final = steps[-1].url == capture.final_url
    # Where a script led away only in the browser, `status` is that of the page with the script.
    is_moved = bool(capture.hops) and capture.hops[-1].kind is HopKind.SCRIPT
    status = capture.last_status or (capture.status if is_final and not is_moved else 0)
    resolved = capture.addresses[0] if is_final and capture.addresses and not capture.hops else ""
    steps[-1] = replace(steps[-1], status=status, address=capture.last_address or resolved)
    return tuple(steps)


def _passes(capture: Capture, url: str) -> bool:
    return capture.url == url or any(hop.url == url for hop in capture.hops)


def _leading_to(url: str, references: Sequence[StoredReference]) -> StoredReference | None:
    """Return the first reference whose target is captured under this address."""
    return next((found for found in references if found.fact.url.partition("#")[0] == url), None)
