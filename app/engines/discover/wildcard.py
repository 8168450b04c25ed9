"""Zones that answer for every name, and the real hosts inside them.

A name is real when the DNS says something else about it than about random names beside it, or when it serves something
else. Asking the direct parent is enough: a random name there meets the wildcard of whatever level is responsible.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.engines.discover.liveness import Fingerprint, Prober
from app.engines.discover.ports import Lookup
from app.engines.model import DnsAnswer, DnsOutcome

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

    def explains(self, answer: DnsAnswer) -> bool:
        """Whether the DNS says of this name what it says of any other here."""
        if chain_of(answer) not in self.chains:
            return False
        return not self.stable or self.addresses.issuperset(answer.addresses)

    def serves(self, page: Fingerprint | None) -> bool:
        """Whether the page is the one that every name here shows."""
        if page is None or not self.pages:
            return page is None  # silent as the others, or the only one that answers
        return all(
            getattr(page, part) == getattr(self.pages[0], part)
            for part in ("status", "title", "location", "body")
            if len({getattr(known, part) for known in self.pages}) == 1  # else it changes by itself
        )


def chain_of(answer: DnsAnswer) -> tuple[str, ...]:
    """The CNAME chain, with the name's own first label as `*` where a target repeats it."""
    label = answer.name.partition(".")[0]
    return tuple(".".join("*" if part == label else part for part in name.split(".")) for name in answer.cnames)


def random_label() -> str:
    """A label that nobody has."""
    return "x" + secrets.token_hex(7)


class WildcardDetector:
    """Finds wildcards, each zone once."""

    def __init__(self, *, resolver: Lookup, prober: Prober, label: Callable[[], str] = random_label) -> None:
        self._resolver = resolver
        self._prober = prober
        self._label = label
        self._zones: dict[str, asyncio.Future[Wildcard | None]] = {}

    @property
    def zones(self) -> list[str]:
        """Zones found to have a wildcard so far."""
        return [
            zone for zone, found in self._zones.items() if found.done() and not found.cancelled() and found.result()
        ]

    async def wildcard_for(self, name: str) -> Wildcard | None:
        """The wildcard that answers beside `name`; None when random names there do not resolve."""
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

    async def is_noise(self, name: str, answer: DnsAnswer, wildcard: Wildcard) -> bool:
        """Whether the name is nothing but the wildcard. One request at most."""
        if not wildcard.explains(answer):
            return False
        if not wildcard.scheme:
            pages = await self._prober.probe(name, min(answer.addresses))
            return pages.http is None and pages.https is None
        return wildcard.serves(await self._prober.look(wildcard.scheme, name, min(answer.addresses)))

    async def _examine(self, zone: str) -> Wildcard | None:
        addresses: set[str] = set()
        chains: set[tuple[str, ...]] = set()
        quiet = 0  # probes in a row that showed nothing new
        for asked in range(1, MAX_PROBES + 1):
            answer = await self._resolver.resolve(f"{self._label()}.{zone}")
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
        """The same with what two random names serve."""
        first = f"{self._label()}.{wildcard.zone}"
        address = min(wildcard.addresses)
        pages = await self._prober.probe(first, address)
        scheme = "https" if pages.https else "http" if pages.http else ""
        shown = pages.https or pages.http
        if shown is None:
            return wildcard
        second = await self._prober.look(scheme, f"{self._label()}.{wildcard.zone}", address)
        both = (shown,) if second is None else (shown, second)
        return Wildcard(
            wildcard.zone, wildcard.addresses, wildcard.chains, stable=wildcard.stable, scheme=scheme, pages=both
        )
