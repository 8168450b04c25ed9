"""Which references a finding is about: those to its domain, without the hosts that it clears."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from app.findings.evidence.exposures import cleared_of
from app.findings.queries.findings import assessed
from app.scanstore.evidence_reader import EvidenceReader


class AccusedHosts:
    """The findings of a run by the hosts of their references."""

    def __init__(self, reader: EvidenceReader, found: Sequence[Row[Any]]) -> None:
        """`found`: in the order in which `of` returns them."""
        self._by_host: dict[str, list[Row[Any]]] = defaultdict(list)
        known = reader.hosts_of([item.domain for item in found])
        cleared = cleared_of(reader, [(item.domain, assessed(item).content_hosts) for item in found])
        for item, others in zip(found, cleared, strict=True):
            hosts = known.get(item.domain, (item.domain,))  # of the site, the only references are signs of tampering
            for host in [host for host in hosts if host not in others] or hosts:
                self._by_host[host].append(item)

    @property
    def hosts(self) -> list[str]:
        return list(self._by_host)

    def of(self, host: str) -> Sequence[Row[Any]]:
        """Return the findings that references to this host belong to."""
        return self._by_host.get(host, ())
