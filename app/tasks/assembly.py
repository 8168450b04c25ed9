"""Puts a scan together from the settings, inside its own process: what `wiring` is for the server."""

from app.core.config import Settings
from app.engines.capture.room import CaptureRoom
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.ports import ScanSink, ScanStore
from app.engines.scan_executor import ScanExecutor
from app.tasks.scan_job import JobSpec
from app.tasks.store_files import captures_dir


def network_config(settings: Settings) -> NetworkConfig:
    """How a deployment reaches the network."""
    return NetworkConfig(
        resolvers=settings.resolvers,
        allow_networks=settings.allow_networks,
        ca_file=None if settings.ca_file is None else str(settings.ca_file),
        static_hosts=dict(_static_host(entry) for entry in settings.static_hosts),
        port_map=dict(_ports(entry) for entry in settings.port_map),
        ct_urls=settings.ct_urls,
        user_agent=settings.user_agent,
        host_silence_s=settings.host_silence_s,
        host_busy_s=settings.host_busy_s,
        chromium_path=settings.chromium_path,
    )


def scan_config(spec: JobSpec) -> ScanConfig:
    """What the user asked for. The row was checked where it came in; what it leaves out has its default."""
    wanted = {key: value for key, value in spec.config.items() if value is not None}
    if "start_urls" in wanted:
        wanted["start_urls"] = tuple(wanted["start_urls"])
    return ScanConfig(target=spec.target_domain, **wanted)


class ScanFactory:
    """Makes the executor of an attempt."""

    def __init__(self, settings: Settings, room: CaptureRoom | None = None) -> None:
        self._settings = settings
        self._room = room

    def __call__(self, spec: JobSpec, store: ScanStore, sink: ScanSink) -> ScanExecutor:
        return ScanExecutor(
            config=scan_config(spec),
            network=network_config(self._settings),
            store=store,
            sink=sink,
            captures_dir=captures_dir(self._settings.data_dir),
            room=self._room,
            language=self._settings.language,
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
