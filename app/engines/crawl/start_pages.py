"""Where a crawl begins: start pages of hosts, their sitemaps, and which of them decide whether the site was seen."""

from collections.abc import Iterator

from app.domain.scan_facts import HostFact
from app.domain.scan_options import Scheme
from app.engines.model import ScanConfig
from app.engines.urls import host_of, resolve


def home_page(host: HostFact, scheme: Scheme) -> str:
    """Return the home page of a host, by this scheme if it answers on both."""
    is_https = host.https_alive and not (host.http_alive and scheme == Scheme.HTTP)
    return f"{'https' if is_https else 'http'}://{host.name}/"


class StartPages:
    """Knows the origins that have a start page, and whether their sitemaps were asked for."""

    def __init__(self, scan: ScanConfig) -> None:
        self._scan = scan
        self._origins: dict[str, bool] = {}  # whether their sitemaps are being read
        self._missed: set[str] = set()  # origins whose host did not answer then
        self._has_address = False  # the target itself

    def __len__(self) -> int:
        return len(self._origins)

    def start_page_of(self, host: HostFact) -> str | None:
        """Return the start page of the host; None when the scan has start URLs, or nothing of its own is there."""
        self._has_address |= host.name == self._scan.target
        if self._scan.start_urls or host.wildcard or not (host.https_alive or host.http_alive):
            return None
        page = home_page(host, self._scan.scheme)
        self._origins.setdefault(page.removesuffix("/"), False)
        return page

    def fallback_page(self) -> str | None:
        """Return the page of a target that has an address and showed no web server, so that the result says so."""
        if self._origins or not self._has_address or self._scan.start_urls:
            return None
        origin = f"http://{self._scan.target}"
        self._origins[origin] = False
        return f"{origin}/"

    @property
    def is_resolved(self) -> bool:
        """Whether there is anything to begin with: a URL that the user named, or a host with an address."""
        return bool(self._scan.start_urls or self._origins or self._has_address)

    def unread_sitemaps(self) -> Iterator[str]:
        """Yield the origins whose sitemaps are to be read now: each once, and again after `retry_sitemaps`."""
        for origin, started in self._origins.items():
            if not started and self._scan.max_depth != 0:
                self._origins[origin] = True
                yield origin

    def sitemaps_failed(self, origin: str) -> None:
        """Note that the host did not answer."""
        self._missed.add(origin)

    def retry_sitemaps(self, origin: str) -> None:
        """Have the sitemaps read after all, when they failed: their host answers."""
        if origin in self._missed:
            self._missed.discard(origin)
            self._origins[origin] = False

    def required_pages(self) -> list[str]:
        """Return the pages that all have to show content: what the user named, else the target's own, else that
        of its `www.`; of another host only when the target has no address at all.
        """
        if self._scan.start_urls:
            return [resolve(url, url) or url for url in self._scan.start_urls]
        for host in (self._scan.target, f"www.{self._scan.target}"):
            for origin in self._origins:
                if host_of(origin) == host:
                    return [f"{origin}/"]
        return [] if self._has_address else [f"{origin}/" for origin in self._origins][:1]
