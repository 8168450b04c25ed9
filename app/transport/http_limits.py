"""How many HTTP connections are here, from where, and why some are ended."""

from collections import Counter
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Final, Protocol

from prometheus_client import Counter as CountedMetric

from app.core.config import Settings
from app.core.limits import network_of

CHECK_INTERVAL_S: Final = 2.5  # how often a connection is checked
# Of each body these are free: signing in and creating a task find room beside others' half-sent bodies. Bounded
# by the number of connections.
FREE_BODY_BYTES: Final = 8_192
ADDRESS_SHARE: Final = 4  # of the room for bodies one address may have this part
# Why a connection is ended, and what is said (docs/errors.md). None: nothing, for its client takes nothing.
REASONS: Final = {
    "bad_request": HTTPStatus.BAD_REQUEST,
    "upgrade_with_body": HTTPStatus.BAD_REQUEST,
    "head_timeout": HTTPStatus.REQUEST_TIMEOUT,
    "body_timeout": HTTPStatus.REQUEST_TIMEOUT,
    "address_limit": HTTPStatus.TOO_MANY_REQUESTS,
    "head_too_large": HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "process_limit": HTTPStatus.SERVICE_UNAVAILABLE,
    "body_limit": HTTPStatus.SERVICE_UNAVAILABLE,
    "unread": None,
}


class CutConnections(Protocol):
    """The metrics of the process, as far as they are counted here."""

    http_cut: CountedMetric


class HttpConnectionLimits:
    """The connections of one server that are no WebSockets, or not yet: counted by address and in all."""

    def __init__(self, *, settings: Settings, metrics: CutConnections) -> None:
        self.settings = settings
        self.closing = False  # the server ends: an answer is the last of its connection
        self.check_interval_s = min(
            CHECK_INTERVAL_S, settings.http_head_timeout_s / 4, settings.http_stall_timeout_s / 4
        )
        self._metrics = metrics
        self._proxies = [ip_network(network) for network in settings.trusted_proxies]
        self._here: Counter[str] = Counter()  # by address, as `network_of` has it
        self._total = 0
        self._kept: Counter[str] = Counter()  # bytes of bodies by address, and
        self._kept_in_all = 0

    def __len__(self) -> int:
        return self._total

    def admit(self, address: str) -> str | None:
        """None: come in, and `release` later. Else the reason why not."""
        network = network_of(address)
        if len(self) >= self.settings.http_max_connections:
            return "process_limit"
        # All who are behind a proxy have its address.
        if self._here[network] >= self.settings.http_max_connections_per_address and not self.is_proxy(address):
            return "address_limit"
        self._here[network] += 1
        self._total += 1
        return None

    def release(self, address: str) -> None:
        network = network_of(address)
        self._here[network] -= 1
        self._total -= 1
        if not self._here[network]:
            del self._here[network]

    def reserve_body(self, address: str, count: int) -> bool:
        """Whether there is room for so many more bytes of bodies from there; then they are kept until `free_body`."""
        most, network = self.settings.http_max_kept_body_bytes, network_of(address)
        if self._kept_in_all + count > most:
            return False
        if self._kept[network] + count > most // ADDRESS_SHARE and not self.is_proxy(address):
            return False
        self._kept[network] += count
        self._kept_in_all += count
        return True

    def free_body(self, address: str, count: int) -> None:
        network = network_of(address)
        self._kept[network] -= count
        self._kept_in_all -= count
        if not self._kept[network]:
            del self._kept[network]

    def is_proxy(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)

    def count_cut(self, reason: str) -> None:
        """A connection is ended for one of `REASONS`."""
        self._metrics.http_cut.labels(reason).inc()
