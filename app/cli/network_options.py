"""Options that say how the network is reached, as settings. Only who owns a server can give them, no user of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final

from app.cli.misused import Misused

MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """The options as they were given, checked by the functions below."""

    resolve: Sequence[str] = ()  # HOST=ADDRESS[:PORT]
    resolver: Sequence[str] = ()  # ADDRESS[:PORT]
    allow_network: Sequence[str] = ()  # CIDR
    ca_file: Path | None = None

    def over(self, base: Mapping[str, Any]) -> dict[str, Any]:
        """Return overrides of the settings on top of `base`: hosts and networks add up, all else is replaced."""
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
    """Return the values. Raises Misused for what is not HOST=ADDRESS[:PORT]."""
    for value in values or ():
        host, separator, place = value.partition("=")
        if not host.strip() or not separator or not _is_socket_address(place):
            raise Misused("resolve", value=repr(value))
    return values or []


def check_resolver(values: list[str] | None) -> list[str]:
    """Return the values. Raises Misused for what is not ADDRESS[:PORT]."""
    for value in values or ():
        if not _is_socket_address(value):
            raise Misused("resolver", value=repr(value))
    return values or []


def check_network(values: list[str] | None) -> list[str]:
    """Return the values. Raises Misused for what is no network, such as 192.168.7.0/24."""
    for value in values or ():
        try:
            ip_network(value)
        except ValueError as error:
            raise Misused("network", value=repr(value)) from error
    return values or []


def parse_socket_address(text: str) -> tuple[str, int | None]:
    """Return the address of `ADDRESS[:PORT]` and its port, if there is one; an IPv6 address before one is in brackets.

    Raises ValueError for anything else.
    """
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        colon, port = rest[:1], rest[1:]
    elif text.count(":") == 1:
        address, colon, port = text.partition(":")
    else:
        address, colon, port = text, "", ""
    ip_address(address)
    if not colon:
        return address, None
    if colon != ":" or not (port.isascii() and port.isdigit() and 0 < int(port) <= MAX_PORT):
        raise ValueError(f"{text!r} has no port between 1 and {MAX_PORT}")
    return address, int(port)


def _is_socket_address(text: str) -> bool:
    try:
        parse_socket_address(text)
    except ValueError:
        return False
    return True
