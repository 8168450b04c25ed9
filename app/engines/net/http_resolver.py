"""aiohttp's way to the resolver: a resolved name carries its real port, so that URL, Host and SNI stay untouched."""

import errno
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from app.domain.scan_facts import DnsAnswer, DnsOutcome
from app.engines.net.resolver import Resolver


class NameUnresolved(OSError):
    """Raised when a name has no address. `answer.outcome` says whether that is the name's fault or the resolver's."""

    def __init__(self, answer: DnsAnswer) -> None:
        super().__init__(errno.EHOSTUNREACH, f"{answer.name} has no address: {answer.outcome.value}")
        self.answer = answer

    @property
    def unreachable(self) -> bool:
        return self.answer.outcome is DnsOutcome.UNREACHABLE


class HttpResolver(AbstractResolver):
    """Resolves for aiohttp. The `Resolver` stays its maker's to close. Raises `NameUnresolved`."""

    def __init__(self, *, resolver: Resolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answer, endpoints = await self._resolver.endpoints(host, port)
        if answer is not None and not endpoints:
            raise NameUnresolved(answer)
        return [
            ResolveResult(
                hostname=host,
                host=endpoint.address,
                port=endpoint.port,
                family=socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for endpoint in endpoints
            if family in (socket.AF_UNSPEC, socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET)
        ]

    async def close(self) -> None:
        """Close nothing: the resolver is not its own."""
