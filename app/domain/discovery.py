"""Summary of a scan's host discovery: queried sources with their results, and guessed names."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

DISCOVERY: Final = "discovery"  # checkpoint of a scan's store: `DiscoverySummary.to_json`


class SourceStatus(StrEnum):
    """Result of querying a passive source; stable keys of the report. Only with the first two do the names count."""

    ASKED = "asked"  # it answered
    CACHED = "cached"  # it was not asked: its answer of the last day was at hand
    REFUSED = "refused"  # it does not answer such questions, or not ours
    LIMITED = "limited"  # it has answered enough for now
    FAILED = "failed"  # no usable answer


class Transfer(StrEnum):
    """Result of a zone transfer; stable keys of the report."""

    OPEN = "open"  # it gave the zone to a stranger
    REFUSED = "refused"
    FAILED = "failed"  # it was not reached, or gave no usable answer


class Walk(StrEnum):
    """Result of walking the NSEC records of a name server; stable keys of the report."""

    NONE = "none"  # there are none, or such that name nothing (NSEC3, minimal ranges), or the transfer was enough
    WHOLE = "whole"  # from the first name to the last
    PART = "part"  # it was broken off, by us or by the server


@dataclass(frozen=True, slots=True)
class SourceReport:
    """`names`: of the target, as the source named them, each once."""

    name: str
    status: SourceStatus
    names: int = 0


@dataclass(frozen=True, slots=True)
class NameServerReport:
    """One name server of one zone. `names`: in scope, that transfer or walk brought."""

    zone: str
    name: str
    transfer: Transfer
    walk: Walk
    names: int = 0


@dataclass(frozen=True, slots=True)
class DiscoverySummary:
    """`resolvers_left_out`: addresses of resolvers that invent answers, while others do not."""

    sources: tuple[SourceReport, ...] = ()
    name_servers: tuple[NameServerReport, ...] = ()
    resolvers_left_out: tuple[str, ...] = ()
    wildcard_zones: tuple[str, ...] = ()
    words_tried: int = 0  # of the dictionary, over all zones
    variations_tried: int = 0  # of names that were found

    @property
    def open_zones(self) -> tuple[NameServerReport, ...]:
        """Return the name servers that give a zone to strangers."""
        return tuple(server for server in self.name_servers if server.transfer is Transfer.OPEN)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `discovery_of` reads back."""
        return asdict(self)


def discovery_of(stored: Mapping[str, Any]) -> DiscoverySummary:
    """Return the summary that `DiscoverySummary.to_json` has written."""
    sources = (SourceReport(item["name"], SourceStatus(item["status"]), item["names"]) for item in stored["sources"])
    servers = (
        NameServerReport(item["zone"], item["name"], Transfer(item["transfer"]), Walk(item["walk"]), item["names"])
        for item in stored["name_servers"]
    )
    return DiscoverySummary(
        sources=tuple(sources),
        name_servers=tuple(servers),
        resolvers_left_out=tuple(stored["resolvers_left_out"]),
        wildcard_zones=tuple(stored["wildcard_zones"]),
        words_tried=stored["words_tried"],
        variations_tried=stored["variations_tried"],
    )
