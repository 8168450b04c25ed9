"""Zones that answer for every name, and the real hosts inside them.

A name is real when the DNS says something else about it than about random names beside it, or when it serves something
else. Asking the direct parent is enough: a random name there meets the wildcard of whatever level is responsible.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.domain.scan_facts import DnsAnswer, DnsOutcome
from app.engines.discover.liveness import Fingerprint, LivenessProber
from app.engines.net.resolver import Resolver

PROBES: Final = 3  # random names that are always asked
MAX_PROBES: Final = 12  # a pool of addresses that still shows new ones then is judged by HTTP alone


@dataclass(frozen=True, slots=True)
class Wildcard:
    """What random names below a zone come to."""

    zone: str
    addresses: frozenset[str]
    chains: frozenset[tuple[str, ...]]  # CNAME chains with the random label as `*`
    stable: bool  # the last probes showed nothing new
    scheme: str = ""  # on which random names answer HTTP; empty: on none
    pages: tuple[Fingerprint, ...] = field(default=())  # of two random names, on that scheme

    def matches_dns(self, answer: DnsAnswer) -> bool:
        """Whether the DNS says of this name what it says of any other here."""
        if chain_of(answer) not in self.chains:
            return False
        return not self.stable or self.addresses.issuperset(answer.addresses)

    def matches_page(self, page: Fingerprint | None) -> bool:
        """Whether the page is the one that every name here shows."""
        if page is None or not self.pages:
            return page is None  # no web server, as the others, or the only one that answers
        return all(
            getattr(page, part) == getattr(self.pages[0], part)
            for part in ("status", "title", "location", "body")
            if len({getattr(known, part) for known in self.pages}) == 1  # else it changes by itself
        )


def chain_of(answer: DnsAnswer) -> tuple[str, ...]:
    """Return the CNAME chain, with the name's own first label as `*` where a target repeats it."""
    label = answer.name.partition(".")[0]
    return tuple(".".join("*" if part == label else part for part in name.split(".")) for name in answer.cnames)


def random_label() -> str:
    """Make a label that no host has."""
    return "x" + secrets.token_hex(7)


@dataclass(kw_only=True, eq=False, repr=False)
class WildcardDetector:
    """Finds wildcards, each zone once."""

    resolver: Resolver
    prober: LivenessProber
    label: Callable[[], str] = random_label
    _zones: dict[str, asyncio.Future[Wildcard | None]] = field(default_factory=dict, init=False)

    @property
    def zones(self) -> list[str]:
        """Return the zones found to have a wildcard so far."""
        return [
            zone for zone, found in self._zones.items() if found.done() and not found.cancelled() and found.result()
        ]

    async def wildcard_for(self, name: str) -> Wildcard | None:
        """Return the wildcard that answers beside `name`; None when random names there do not resolve."""
        zone = name.partition(".")[2]
        if zone in self._zones:
            return await asyncio.shield(self._zones[zone])
        future = asyncio.get_running_loop().create_future()
        self._zones[zone] = future
        try:
            found = await self._examine(zone)
        except BaseException:
            future.cancel()
            raise
        future.set_result(found)
        return found

    async def is_wildcard_only(self, name: str, answer: DnsAnswer, wildcard: Wildcard) -> bool:
        """Whether the name is nothing but the wildcard. One request at most."""
        if not wildcard.matches_dns(answer):
            return False
        if not wildcard.scheme:
            pages = await self.prober.probe(name, answer.addresses)
            return pages.http is None and pages.https is None
        places = frozenset(answer.addresses)
        return wildcard.matches_page(await self.prober.probe_scheme(wildcard.scheme, name, places))

    async def _examine(self, zone: str) -> Wildcard | None:
        addresses: set[str] = set()
        chains: set[tuple[str, ...]] = set()
        quiet = 0  # probes in a row that showed nothing new
        for asked in range(1, MAX_PROBES + 1):
            answer = await self.resolver.resolve(f"{self.label()}.{zone}")
            known = len(addresses) + len(chains)
            if answer.outcome is DnsOutcome.ANSWER:
                addresses.update(answer.addresses)
                chains.add(chain_of(answer))
            quiet = quiet + 1 if len(addresses) + len(chains) == known else 0
            if asked >= PROBES and (not addresses or quiet >= PROBES):
                break
        if not addresses:
            return None
        return await self._with_pages(
            Wildcard(zone, frozenset(addresses), frozenset(chains), stable=quiet >= PROBES - 1)
        )

    async def _with_pages(self, wildcard: Wildcard) -> Wildcard:
        """Add what two random names serve."""
        first = f"{self.label()}.{wildcard.zone}"
        pages = await self.prober.probe(first)
        scheme = "https" if pages.https else "http" if pages.http else ""
        shown = pages.https or pages.http
        if shown is None:
            return wildcard
        second = await self.prober.probe_scheme(scheme, f"{self.label()}.{wildcard.zone}")
        both = (shown,) if second is None else (shown, second)
        return Wildcard(
            wildcard.zone, wildcard.addresses, wildcard.chains, stable=wildcard.stable, scheme=scheme, pages=both
        )
