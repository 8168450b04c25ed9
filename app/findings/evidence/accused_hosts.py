"""Which references and pages a finding is about: references to its domain, but for the hosts that it clears."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from app.domain.decisions import DecisionState
from app.findings.evidence.exposures import cleared_of
from app.scanstore.evidence_reader import EvidenceReader


@dataclass(frozen=True, slots=True)
class PageFindings:
    """The findings of one page of the site which nobody has dismissed."""

    url: str
    findings: int
    worst_level: str


class AccusedHosts:
    """The findings of a run by the hosts of their references, and by the pages that these are on."""

    def __init__(self, reader: EvidenceReader, found: Sequence[Row[Any]]) -> None:
        """`found`: in the order in which `of` returns them."""
        self._reader = reader
        self._found: list[tuple[Row[Any], Sequence[str]]] = []
        self._by_host: dict[str, list[Row[Any]]] = defaultdict(list)
        known = reader.hosts_of([item.domain for item in found])
        cleared = cleared_of(reader, [(item.domain, _content_hosts(item)) for item in found])
        for item, others in zip(found, cleared, strict=True):
            hosts = known.get(item.domain, (item.domain,))  # of the site, the only references are signs of tampering
            about = [host for host in hosts if host not in others] or hosts
            self._found.append((item, about))
            for host in about:
                self._by_host[host].append(item)

    def of(self, host: str) -> Sequence[Row[Any]]:
        """Return the findings that references to this host belong to."""
        return self._by_host.get(host, ())

    def by_page(self) -> list[PageFindings]:
        """Return all pages that have findings which nobody has dismissed: those with most first, then the worst."""
        count: Counter[str] = Counter()
        worst: dict[str, Row[Any]] = {}
        for item, hosts in self._found:
            if item.state == DecisionState.DISMISSED:
                continue
            for url in {item.page_url, *self._reader.pages_with(hosts)} - {""}:
                count[url] += 1
                worst[url] = max(item, worst.get(url, item), key=lambda one: int(one.score))
        pages = sorted(count, key=lambda url: (-count[url], -worst[url].score, url))
        return [PageFindings(url, count[url], worst[url].risk_level) for url in pages]

    def counts_on(self, urls: Sequence[str]) -> dict[str, int]:
        """Return how many findings that nobody has dismissed each of these pages has; those without are left out."""
        found: dict[str, set[str]] = defaultdict(set)
        for url, host in self._reader.hosts_on(urls, list(self._by_host)):
            found[url].update(item.violation_id for item in _open(self._by_host[host]))
        for item in _open(item for item, _ in self._found):
            found[item.page_url].add(item.violation_id)
        return {url: len(found[url]) for url in urls if found.get(url)}


def _open(found: Iterable[Row[Any]]) -> Iterator[Row[Any]]:
    """Yield the findings that nobody has dismissed."""
    return (item for item in found if item.state != DecisionState.DISMISSED)


def _content_hosts(item: Row[Any]) -> frozenset[str] | None:
    return None if item.content_hosts is None else frozenset(item.content_hosts)
