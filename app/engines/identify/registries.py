"""Which server is the authority for a domain's registration: the list that IANA publishes (RFC 9224). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import orjson

_SHIPPED: Final = "rdap.json"


class MalformedList(ValueError):
    """It is no list of registries."""


@dataclass(frozen=True, slots=True)
class Registries:
    """Base addresses of the servers, each with a slash at its end, by the suffix that they answer for."""

    published: str = ""  # ISO date
    servers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def server_for(self, domain: str) -> str | None:
        """The server of the longest suffix; None when the list has none for it."""
        suffix = domain.partition(".")[2]
        while suffix:
            if suffix in self.servers:
                return self.servers[suffix]
            suffix = suffix.partition(".")[2]
        return None


def read_registries(body: bytes) -> Registries:
    """Raises `MalformedList`. Of several addresses of a registry the first https one counts."""
    try:
        said = orjson.loads(body)
        servers = dict(_servers(said["services"]))
        published = str(said["publication"])[:10]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise MalformedList("no list of registries") from error
    if not servers:
        raise MalformedList("an empty list of registries")
    return Registries(published, MappingProxyType(servers))


def shipped_registries() -> Registries:
    """The table in the repository, for when the whole list cannot be had."""
    return read_registries((files("app.engines.identify") / "data" / _SHIPPED).read_bytes())


def _servers(services: Any) -> Iterator[tuple[str, str]]:
    for suffixes, addresses in services:
        usable = [str(address) for address in addresses if str(address).startswith(("https://", "http://"))]
        if usable:
            server = min(usable, key=lambda address: not address.startswith("https://"))
            yield from ((str(suffix).lower().strip("."), server.rstrip("/") + "/") for suffix in suffixes)
