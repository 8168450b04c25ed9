"""Who may try: decided before the upgrade, while an HTTP status can still be sent (protocol.md, sections 5 and 6)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.websockets import WebSocket

from app.core.clock import Clock
from app.core.config import Settings
from app.core.limits import KeyedBuckets, network_of
from app.websocket.registry import Registry
from app.websocket.streams import Streams


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead of the upgrade."""

    status: int
    reason: str  # stable; for metrics and the audit log
    retry_after_s: int | None = None

    def response(self) -> Response:
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return Response(self.reason, self.status, headers=headers, media_type="text/plain")


class Admission:
    """Origin, rates and numbers. Cheap first; a refused handshake costs no token check."""

    def __init__(self, *, settings: Settings, registry: Registry, streams: Streams, clock: Clock) -> None:
        self._settings = settings
        self._registry = registry
        self._streams = streams
        self._clock = clock
        self._entering: Counter[str] = Counter()  # by network
        self._handshakes = KeyedBuckets(
            burst=max(1.0, settings.ws_handshakes_per_s_per_address), per_s=settings.ws_handshakes_per_s_per_address
        )

    @contextmanager
    def entering(self, address: str) -> Iterator[None]:
        """From the check to the registration: whoever is on the way in counts as if they were in."""
        network = network_of(address)
        self._entering[network] += 1
        try:
            yield
        finally:
            self._entering[network] -= 1
            if not self._entering[network]:
                del self._entering[network]

    def check(self, websocket: WebSocket, address: str) -> Refusal | None:
        """None: go on."""
        if not self._origin_is_allowed(websocket):
            return Refusal(403, "origin_not_allowed")
        return self.check_address(address)

    def check_address(self, address: str) -> Refusal | None:
        """Rates and numbers; sockets and event streams count together."""
        if not self._handshakes.take(network_of(address), self._clock.monotonic()):
            return Refusal(429, "handshake_rate", retry_after_s=1)
        here = self._registry.count_address(address) + self._streams.count_address(address)
        if here + self._entering[network_of(address)] >= self._settings.ws_max_connections_per_address:
            return Refusal(429, "address_limit", retry_after_s=30)
        if len(self._registry) + len(self._streams) + self._entering.total() >= self._settings.ws_max_connections:
            return Refusal(503, "process_limit", retry_after_s=30)
        return None

    def _origin_is_allowed(self, websocket: WebSocket) -> bool:
        """No Origin: not a browser, its token is its right. Else our own origin or one of the settings."""
        origins = websocket.headers.getlist("origin")
        if not origins:
            return True
        if len(origins) > 1:
            return False
        origin = origins[0]
        if origin in self._settings.allowed_origins:
            return True
        host = websocket.headers.get("host", "")
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
