"""Options that say how the network is reached, as settings. No user of a server can give them, only its owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final

from typer import BadParameter

MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """As they were given; checked where they were read."""

    resolve: Sequence[str] = ()  # HOST=ADDRESS[:PORT]
    resolver: Sequence[str] = ()  # ADDRESS[:PORT]
    allow_network: Sequence[str] = ()  # CIDR
    ca_file: Path | None = None

    def over(self, base: Mapping[str, Any]) -> dict[str, Any]:
        """Overrides of the settings, on top of those of `base`: hosts and networks add up, the rest takes its place."""
        overrides = dict(base)
        if self.resolver:
            overrides["resolvers"] = tuple(self.resolver)
        if self.ca_file is not None:
            overrides["ca_file"] = self.ca_file
        if self.allow_network:
            overrides["allow_networks"] = (*base.get("allow_networks", ()), *self.allow_network)
        if self.resolve:
            overrides["static_hosts"] = (*base.get("static_hosts", ()), *self.resolve)
        return overrides


def check_resolve(values: list[str] | None) -> list[str]:
    """Raises BadParameter for what is not HOST=ADDRESS[:PORT]."""
    for value in values or ():
        host, separator, place = value.partition("=")
        if not host.strip() or not separator or not is_place(place):
            raise BadParameter(f"{value!r} is not HOST=ADDRESS or HOST=ADDRESS:PORT")
    return values or []


def check_resolver(values: list[str] | None) -> list[str]:
    """Raises BadParameter for what is not ADDRESS[:PORT]."""
    for value in values or ():
        if not is_place(value):
            raise BadParameter(f"{value!r} is not ADDRESS or ADDRESS:PORT")
    return values or []


def check_network(values: list[str] | None) -> list[str]:
    """Raises BadParameter for what is no network, such as 192.168.7.0/24."""
    for value in values or ():
        try:
            ip_network(value)
        except ValueError as error:
            raise BadParameter(str(error)) from error
    return values or []


def is_place(text: str) -> bool:
    """An address, with a port perhaps; an IPv6 address with a port stands in brackets."""
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        return _is_address(address) and (not port or (port[0] == ":" and _is_port(port[1:])))
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return _is_address(address) and _is_port(port)
    return _is_address(text)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT
