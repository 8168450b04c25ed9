"""Risk of a finding, from the references that lead to its domain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.domain.authorship import authorship_of
from app.domain.findings import AssessedFinding, Finding, FoundViolation, with_risk
from app.domain.rendered_links import SHOWN
from app.domain.risk import Embedding, Exposure, Risk, assess, embedding_of, place_of, worst
from app.domain.tampering import sign_of
from app.domain.violations import ViolationKey
from app.scanstore.evidence_reader import EvidenceReader, StoredReference
from app.scanstore.rows import host_in

DOMAINS: Final = 500  # weighed in one go


@dataclass(frozen=True, slots=True)
class Site:
    """The scanned site, by its registrable domain."""

    domain: str  # registrable

    def owns(self, host: str) -> bool:
        return host == self.domain or host.endswith(f".{self.domain}")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A reference and what it exposes the site to."""

    reference: StoredReference
    exposure: Exposure


def via_of(reference: StoredReference, site: Site) -> str:
    """Return the URL of the third party that redirects here; "" if the site itself refers to it."""
    via = reference.fact.via
    return "" if site.owns(host_in(via)) else via


def exposure_of(reference: StoredReference, site: Site, *, pages: int, pages_in_all: int) -> Exposure:
    """`pages`: on how many of the site's pages the same host is referred to."""
    fact, via = reference.fact, via_of(reference, site)
    is_sheet = reference.page_id is None and fact.kind.startswith("css:")
    embedding = embedding_of(fact.relation, by_partner=bool(via))
    return Exposure(
        embedding=embedding if sign_of(fact.kind) is None else Embedding.OWN_CONTENT,
        place=place_of(reference.depth, pages=pages, pages_in_all=pages_in_all, shared_file=is_sheet),
        hidden=fact.hidden,
        authorship=authorship_of(fact.page_url, fact.rel),
        depth=reference.depth,
        via=host_in(via),
    )


class Scales:
    """Weighs findings of one scan; reads what it needs for many domains at once."""

    def __init__(self, reader: EvidenceReader, site: Site) -> None:
        self._reader = reader
        self._site = site
        self._pages_in_all = reader.parsed_pages()

    def weigh(self, domains: Sequence[str]) -> dict[str, list[Weighed]]:
        """Return the references of each domain that count; the site itself has those that tell of tampering alone."""
        found: dict[str, list[Weighed]] = {}
        for first in range(0, len(domains), DOMAINS):
            found |= self._weigh(domains[first : first + DOMAINS])
        return found

    def _weigh(self, domains: Sequence[str]) -> dict[str, list[Weighed]]:
        hosts = {**self._reader.hosts_of(domains), **{name: (name,) for name in domains if self._site.owns(name)}}
        owner = {host: domain for domain, names in hosts.items() for host in names}
        pages = self._reader.pages_referring_to(list(owner))
        found: dict[str, list[Weighed]] = {domain: [] for domain in domains}
        for reference in as_shown(self._reader.weighed(list(owner))):
            host = host_in(reference.fact.url)
            exposure = exposure_of(reference, self._site, pages=pages.get(host, 0), pages_in_all=self._pages_in_all)
            found[owner[host]].append(Weighed(reference, exposure))
        return found

    def of_own_page(self, url: str) -> Exposure:
        """Return the exposure by a page of the site that shows the content itself."""
        page = self._reader.page_at(url)
        depth = None if page is None else page.depth
        place = place_of(depth, pages=1, pages_in_all=self._pages_in_all)
        return Exposure(Embedding.OWN_CONTENT, place, authorship=authorship_of(url), depth=depth)


def as_shown(references: Sequence[StoredReference]) -> list[StoredReference]:
    """Return the references, those that a browser has shown to be seen without how they seem to be hidden."""
    shown = {_place_of(item) for item in references if item.fact.kind.startswith(SHOWN)}
    return [_seen(item) if item.fact.hidden is not None and _place_of(item) in shown else item for item in references]


def _place_of(reference: StoredReference) -> tuple[str, str]:
    return reference.fact.page_url, reference.fact.url


def _seen(reference: StoredReference) -> StoredReference:
    return replace(reference, fact=replace(reference.fact, hidden=None))


def cleared_hosts(captures: Iterable[Mapping[str, Any]], content_hosts: frozenset[str] | None) -> frozenset[str]:
    """Return the hosts whose own pages were judged and none of which is accused. `captures`: of one domain, as
    stored.
    """
    if content_hosts is None:
        return frozenset()
    judged: set[str] = set()
    accused = set(content_hosts)
    for capture in captures:
        host, final = str(capture["host"]), host_in(capture["final_url"] or capture["url"])
        if final in content_hosts:
            accused.add(host)
        elif capture["page_class"] == "content" and not capture["dead"] and not capture["error"]:
            judged.add(host)
    return frozenset(judged - accused)


def cleared_of(reader: EvidenceReader, accused: Sequence[tuple[str, frozenset[str] | None]]) -> list[frozenset[str]]:
    """Return the hosts that each of these findings, by domain and content hosts, clears: none, mostly."""
    known = reader.hosts_of([domain for domain, content_hosts in accused if content_hosts is not None])
    several = [domain for domain, hosts in known.items() if len(hosts) > 1]
    captures = reader.capture_fields_of(several) if several else {}
    return [cleared_hosts(captures.get(domain, ()), content_hosts) for domain, content_hosts in accused]


def without_hosts(weighed: Sequence[Weighed], cleared: frozenset[str]) -> Sequence[Weighed]:
    """Return the references that lead to other hosts than these; all, where no other is referred to: the finding was
    reached by them.
    """
    return [item for item in weighed if host_in(item.reference.fact.url) not in cleared] or weighed


def risk_of(cause: ViolationKey, weighed: Iterable[Weighed]) -> tuple[Risk, Exposure, Weighed | None]:
    """Return the risk, the exposure that makes it, and the reference behind that; None when there is no reference."""
    items = list(weighed)
    risk, exposure = worst(cause, (item.exposure for item in items))
    return risk, exposure, next((item for item in items if item.exposure is exposure), None)


class Assessor:
    """Assesses the risk of one scan's findings, from the current content of its store. Blocking."""

    def __init__(self, reader: EvidenceReader, site: Site) -> None:
        self._reader = reader
        self._site = site
        self._scales = Scales(reader, site)

    def assess(self, findings: Sequence[Finding[FoundViolation]]) -> list[AssessedFinding]:
        """Return them in their order, each with its risk."""
        weighed = self._scales.weigh(list(dict.fromkeys(finding.id.domain for finding in findings)))
        cleared = cleared_of(self._reader, [(finding.id.domain, finding.content_hosts) for finding in findings])
        return [
            self._assess(finding, without_hosts(weighed[finding.id.domain], hosts))
            for finding, hosts in zip(findings, cleared, strict=True)
        ]

    def _assess(self, finding: Finding[FoundViolation], weighed: Sequence[Weighed]) -> AssessedFinding:
        if self._site.owns(finding.id.domain) and not weighed:
            exposure = self._scales.of_own_page(finding.violations[0].url)
            return with_risk(finding, assess(finding.id.cause, exposure), exposure)
        risk, exposure, worst = risk_of(finding.id.cause, weighed)
        return with_risk(finding, risk, exposure, None if worst is None else worst.reference.fact.page_url)


def strongest_first(cause: ViolationKey, weighed: Iterable[Weighed]) -> list[Weighed]:
    """Return the references by risk, highest first; equal ones in the order of discovery."""
    return sorted(weighed, key=lambda item: (-assess(cause, item.exposure).score, item.reference.id))
