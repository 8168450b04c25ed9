"""Queries of the writer of a store, the same for SQLite and PostgreSQL."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

import orjson

from app.domain.scan_facts import Capture, Counts, HostFact, ThirdParty
from app.scanstore import rows
from app.scanstore.schema import select

_HOSTS: Final = select("hosts", rows.HOST_COLUMNS, "ORDER BY name")
_PARTIES: Final = select("third_parties", rows.PARTY_COLUMNS, "ORDER BY domain")
_CAPTURES: Final = select("captures", "body", "ORDER BY domain, host, url")
_CHECKPOINT: Final = select("checkpoints", "value", "WHERE key = ?")
# What counts is defined in scan.md: names that resolve by themselves, 2xx HTML documents that were parsed.
_COUNTS: Final = """
SELECT (SELECT count(*) FROM hosts WHERE addresses <> '' AND NOT wildcard),
       (SELECT count(*) FROM pages WHERE parsed),
       (SELECT count(*) FROM third_parties),
       (SELECT count(*) FROM captures),
       (SELECT count(*) FROM frontier),
       (SELECT count(*) FROM frontier WHERE state = 'done')
"""


class StoredFacts(ABC):
    """The half of `engines.ports.ScanStore` that only reads. A store says how (`_read`)."""

    @abstractmethod
    def _read(self, query: str, parameters: Sequence[Any] = ()) -> list[rows.Row]:
        """What was written before is seen, flushed or not."""

    def hosts(self) -> list[HostFact]:
        return [rows.host_fact(row) for row in self._read(_HOSTS)]

    def third_parties(self) -> list[ThirdParty]:
        return [rows.party_fact(row) for row in self._read(_PARTIES)]

    def captures(self) -> list[Capture]:
        return [rows.capture_fact(body) for (body,) in self._read(_CAPTURES)]

    def checkpoint(self, key: str) -> Any:
        found = self._read(_CHECKPOINT, (key,))
        return orjson.loads(found[0][0]) if found else None

    def counts(self) -> Counts:
        names = ("subdomains", "pages", "third_parties", "captures", "urls_known", "urls_crawled")
        return Counts(**dict(zip(names, self._read(_COUNTS)[0], strict=True)))
