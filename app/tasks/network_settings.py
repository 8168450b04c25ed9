"""How processes of ours reach the network: what the settings say, as the engine's network reads it."""

from app.core.config import Settings
from app.core.data_folder import PASSIVE_CACHE
from app.engines.model import NetworkConfig
from app.engines.scope import ascii_name


def network_config(settings: Settings) -> NetworkConfig:
    """Return how this deployment reaches the network. Raises InvalidTarget for a blocked name that is none."""
    return NetworkConfig(
        resolvers=settings.resolvers,
        blocked_names=tuple(ascii_name(name.strip(".")) for name in settings.blocked_targets),
        allow_networks=settings.allow_networks,
        ca_file=None if settings.ca_file is None else str(settings.ca_file),
        static_hosts=dict(_static_host(entry) for entry in settings.static_hosts),
        port_map=dict(_ports(entry) for entry in settings.port_map),
        passive_sources=settings.ct_urls,
        passive_cache=str(settings.data_dir / PASSIVE_CACHE),
        user_agent=settings.user_agent,
        host_silence_s=settings.host_silence_s,
        host_busy_s=settings.host_busy_s,
        chromium_path=settings.chromium_path,
        browser_max_bytes=settings.browser_max_bytes,
    )


def _ports(entry: str) -> tuple[int, int]:
    """From `80=18080`; the settings have checked it."""
    port, _, real = entry.partition("=")
    return int(port), int(real)


def _static_host(entry: str) -> tuple[str, tuple[str, int | None]]:
    """From `host=address` or `host=address:port`; an IPv6 address with a port stands in brackets."""
    host, _, place = entry.partition("=")
    address, _, port = place.rpartition(":")
    if place.startswith("[") and place.endswith("]"):
        return host, (place[1:-1], None)
    if place.count(":") == 1 or place.startswith("["):
        return host, (address.strip("[]"), int(port))
    return host, (place, None)
