"""IP addresses that the scanner may connect to: one policy for HTTP, Chromium, certificate logs and TLS.

A URL comes from a hostile page, so everything that is not the public internet is refused: private, loopback,
link-local, cloud metadata, multicast, shared (CGNAT) and reserved ranges, and every form that wraps an IPv4 address
in an IPv6 one. `allow_networks` opens single networks on purpose, for tests and for scans of one's own network.

The check must be made on the final numeric address of a socket, never on a name: a resolver hook is passed by by
IP literals, and a name may change its answer between the check and the connection.
"""

import errno
import ipaddress
from collections.abc import Sequence
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IANA special-purpose registries (RFC 6890 and its successors), plus what clouds use inside public ranges.
# `ipaddress.is_global` is asked as well, but it differs between Python's patch releases and knows no wrapped forms.
REFUSED: Final = tuple(
    (ipaddress.ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared address space"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud metadata"),  # Azure's wire server stands on a public address
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/8", "reserved"),
        ("100::/64", "discard"),
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
UNICAST_V6: Final = ipaddress.IPv6Network("2000::/3")  # all that IANA has given out as global unicast so far

# Prefixes with the IPv4 address in the last 32 bits.
_TAIL_WRAPPERS: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated (SIIT)
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local use
    )
)
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_ISATAP: Final = (0x00005EFE, 0x02005EFE)  # upper half of an interface identifier, RFC 5214


class BlockedAddress(OSError):
    """Raised for a refused address or port. `errno` and `strerror` are set: asyncio and aiohttp print those."""

    def __init__(self, address: str, port: int, reason: str) -> None:
        super().__init__(errno.EACCES, f"address policy refuses {address} port {port}: {reason}")
        self.address = address
        self.port = port
        self.reason = reason


class AddressPolicy:
    """Judges numeric addresses and ports. Pure and without state, safe to share."""

    def __init__(self, *, allow_networks: Sequence[str] = (), allowed_ports: Sequence[int]) -> None:
        """Raises ValueError for what is no network (host bits may be set)."""
        self._allowed: tuple[Network, ...] = tuple(
            ipaddress.ip_network(network, strict=False) for network in allow_networks
        )
        self._ports = frozenset(allowed_ports)

    def check(self, address: str, port: int) -> None:
        """Raise `BlockedAddress` unless a connection to this address and port is fine.

        `address` must be numeric, as it stands in a socket address; anything else is refused.
        """
        reason = self._refusal(address)
        if reason is None and port not in self._ports and not self.in_allowed_network(address):
            reason = "port not allowed"
        if reason is not None:
            raise BlockedAddress(address, port, reason)

    def allows(self, address: str) -> bool:
        """Whether the address may be talked to on some port."""
        return self._refusal(address) is None

    def in_allowed_network(self, address: str) -> bool:
        """Whether an allow network contains the address (or the IPv4 address it merely maps)."""
        ip = parse_address(address)
        return ip is not None and self._is_allowed(ip)

    def _is_allowed(self, ip: Address) -> bool:
        if any(ip.version == network.version and ip in network for network in self._allowed):
            return True
        # The kernel connects a mapped address to the very same IPv4 address: it is no detour.
        return (
            isinstance(ip, ipaddress.IPv6Address)
            and ip in _MAPPED
            and all(self._is_allowed(inner) for inner in wrapped_addresses(ip))
        )

    def _refusal(self, address: str) -> str | None:
        ip = parse_address(address)
        if ip is None:
            return "not a numeric address"
        inner = wrapped_addresses(ip)
        if not inner:
            return None if self._is_allowed(ip) else refusal_of(ip)
        if not self._is_allowed(ip):
            return "wrapped IPv4 address"
        return next((why for v4 in inner if not self._is_allowed(v4) and (why := refusal_of(v4))), None)


def parse_address(address: str) -> Address | None:
    """Parse the address without its zone; None when it is not in the canonical numeric form."""
    try:
        return ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None


def refusal_of(ip: Address) -> str | None:
    """Say why a plain (not wrapped) address is not of the public internet; None when it is."""
    for network, why in REFUSED:
        if ip.version == network.version and ip in network:
            return why
    if isinstance(ip, ipaddress.IPv6Address) and ip not in UNICAST_V6:
        return "not global unicast"
    return None if ip.is_global else "not global"


def wrapped_addresses(ip: Address) -> tuple[ipaddress.IPv4Address, ...]:
    """Return every IPv4 address at which a packet to this IPv6 address could end; empty for a plain one."""
    if isinstance(ip, ipaddress.IPv4Address) or int(ip) <= 1:  # :: and ::1 are addresses of their own
        return ()
    if any(ip in network for network in _TAIL_WRAPPERS):
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    if ip.sixtofour is not None:
        return (ip.sixtofour,)
    if ip.teredo is not None:
        return ip.teredo
    if (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP:
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    return ()
