"""Examines one name: its addresses, whether only a wildcard resolves it, and whether it serves pages."""

from collections.abc import Callable

from app.domain.scan_facts import DnsAnswer, DnsOutcome, HostFact
from app.engines.discover.dictionary import ResolverHealth
from app.engines.discover.hostnames import HostnameIndex
from app.engines.discover.liveness import Liveness, LivenessProber
from app.engines.discover.wildcard import WildcardDetector, random_label
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver


class HostExaminer:
    """Examines names below one target. The facts that it makes carry no sources."""

    def __init__(
        self,
        *,
        target: str,
        resolver: Resolver,
        fetcher: RateLimitedFetcher,
        health: ResolverHealth,
        hostnames: HostnameIndex,
        label: Callable[[], str] = random_label,
    ) -> None:
        self._target = target
        self._resolver = resolver
        self._health = health
        self._hostnames = hostnames
        self._prober = LivenessProber(fetcher)
        self._wildcards = WildcardDetector(resolver=resolver, prober=self._prober, label=label)
        # Whether the resolver said nothing about a host that somebody had named.
        self.has_lost_names = False

    @property
    def wildcard_zones(self) -> list[str]:
        """Return the zones found to have a wildcard so far."""
        return self._wildcards.zones

    async def examine(self, name: str) -> HostFact | None:
        """Return the host; None when it was only guessed, and it does not exist or is only the wildcard."""
        answer = await self._resolve(name)
        is_guess = self._hostnames.is_guess(name)
        if not answer.addresses:
            return None if is_guess else HostFact(name, (), cnames=await self._aliases(name, answer))
        wildcard_only = name != self._target and await self._is_wildcard_only(name, answer)
        if wildcard_only and self._hostnames.is_guess(name):
            return None
        return _fact(name, answer, await self._prober.probe(name, answer.addresses), wildcard=wildcard_only)

    async def stands_out(self, name: str) -> bool:
        """Whether the DNS alone says something of this name that it does not say of any other in its zone."""
        wildcard = await self._wildcards.wildcard_for(name)
        return wildcard is None or not wildcard.matches_dns(await self._resolver.resolve(name))

    async def _aliases(self, name: str, answer: DnsAnswer) -> tuple[str, ...]:
        """What a name without addresses is an alias of: that can be at a service that was left."""
        return (await self._resolver.trace(name) if answer.outcome is DnsOutcome.NXDOMAIN else answer).cnames

    async def _resolve(self, name: str) -> DnsAnswer:
        """Resolve the name; a lost answer is asked for again, unless the resolver is gone altogether."""
        answer = await self._resolver.resolve(name)
        self._health.note(answer.outcome)
        if answer.outcome is not DnsOutcome.UNREACHABLE or self._health.is_dead:
            return answer
        answer = await self._resolver.resolve(name)
        self._health.note(answer.outcome)
        if answer.outcome is DnsOutcome.UNREACHABLE and not self._hostnames.is_guess(name):
            self.has_lost_names = True
        return answer

    async def _is_wildcard_only(self, name: str, answer: DnsAnswer) -> bool:
        wildcard = await self._wildcards.wildcard_for(name)
        return wildcard is not None and await self._wildcards.is_wildcard_only(name, answer, wildcard)


def _fact(name: str, answer: DnsAnswer, pages: Liveness, *, wildcard: bool) -> HostFact:
    return HostFact(
        name=name,
        sources=(),
        addresses=answer.addresses,
        cnames=answer.cnames,
        http_alive=pages.http is not None,
        https_alive=pages.https is not None,
        wildcard=wildcard,
    )
