"""Decides who may open a connection, while an HTTP status can still be sent (protocol.md, sections 5 and 6)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.websockets import WebSocket

from app.core.clock import Clock
from app.core.config import Settings
from app.core.limits import KeyedTokenBuckets, network_of
from app.core.same_origin import origin_is_allowed
from app.websocket.connections.peer_servers import PeerServers
from app.websocket.connections.registry import Registry
from app.websocket.sse.registry import StreamRegistry


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead of the upgrade."""

    status: int
    reason: str  # stable; for metrics and the audit log
    retry_after_s: int | None = None

    def response(self) -> Response:
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return Response(self.reason, self.status, headers=headers, media_type="text/plain")


ADDRESS_LIMIT: Final = Refusal(429, "address_limit", retry_after_s=30)


class Admission:
    """Origin, rates and numbers. Cheap first; a refused handshake costs no token check."""

    def __init__(
        self,
        *,
        settings: Settings,
        registry: Registry,
        streams: StreamRegistry,
        peer_servers: PeerServers,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._peer_servers = peer_servers
        self._registry = registry
        self._streams = streams
        self._clock = clock
        self._entering: Counter[str] = Counter()  # by network
        self._handshakes = KeyedTokenBuckets(
            burst=max(1.0, settings.ws_handshakes_per_s_per_address), per_s=settings.ws_handshakes_per_s_per_address
        )

    @contextmanager
    def entering(self, address: str) -> Iterator[None]:
        """Count a connection between its check and its registration."""
        network = network_of(address)
        self._entering[network] += 1
        try:
            yield
        finally:
            self._entering[network] -= 1
            if not self._entering[network]:
                del self._entering[network]

    async def check(self, websocket: WebSocket, address: str) -> Refusal | None:
        """Return why the handshake is refused, or None."""
        if not self._origin_is_allowed(websocket):
            return Refusal(403, "origin_not_allowed")
        return await self.check_address(address)

    async def check_address(self, address: str) -> Refusal | None:
        """Rates and numbers; sockets and event streams count together, those at other servers too."""
        refusal = self._check_here(address)
        if refusal is not None:
            return refusal
        on_others = await self._peer_servers.count_address(address)
        if self._count_here(address) + on_others >= self._settings.ws_max_connections_per_address:
            return ADDRESS_LIMIT
        return None

    def _count_here(self, address: str) -> int:
        here = self._registry.count_address(address) + self._streams.count_address(address)
        return here + self._entering[network_of(address)]

    def _check_here(self, address: str) -> Refusal | None:
        if not self._handshakes.take(network_of(address), self._clock.monotonic()):
            return Refusal(429, "handshake_rate", retry_after_s=1)
        if self._count_here(address) >= self._settings.ws_max_connections_per_address:
            return ADDRESS_LIMIT
        if len(self._registry) + len(self._streams) + self._entering.total() >= self._settings.ws_max_connections:
            return Refusal(503, "process_limit", retry_after_s=30)
        return None

    def _origin_is_allowed(self, websocket: WebSocket) -> bool:
        """Return whether the origin is allowed: none (not a browser), our own, or one of the settings."""
        headers = websocket.headers
        return not headers.getlist("origin") or origin_is_allowed(headers, self._settings.allowed_origins)
