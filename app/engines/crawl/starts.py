"""Where a crawl begins: start pages of hosts, their sitemaps, and which of them decide whether the site was seen."""

from collections.abc import Iterator

from app.engines.model import HostFact, ScanConfig
from app.engines.urls import host_of, resolve


class Starts:
    """Origins that have a start page, each once, and whether their sitemaps were asked for."""

    def __init__(self, scan: ScanConfig) -> None:
        self._scan = scan
        self._origins: dict[str, bool] = {}  # whether their sitemaps are being read
        self._missed: set[str] = set()  # origins whose host did not answer then
        self._has_address = False  # the target itself

    def __len__(self) -> int:
        return len(self._origins)

    def page_of(self, host: HostFact) -> str | None:
        """The start page that the host brings; None when the scan has start URLs, or nothing of its own is there."""
        self._has_address |= host.name == self._scan.target
        if self._scan.start_urls or host.wildcard or not (host.https_alive or host.http_alive):
            return None
        origin = f"{'https' if host.https_alive else 'http'}://{host.name}"
        self._origins.setdefault(origin, False)
        return f"{origin}/"

    def last_resort(self) -> str | None:
        """The page of a target that has an address and showed no web server: its silence has to be seen."""
        if self._origins or not self._has_address or self._scan.start_urls:
            return None
        origin = f"http://{self._scan.target}"
        self._origins[origin] = False
        return f"{origin}/"

    def unread_maps(self) -> Iterator[str]:
        """Origins whose sitemaps are to be read now, each once, and again after `again`."""
        for origin, started in self._origins.items():
            if not started and self._scan.max_depth != 0:
                self._origins[origin] = True
                yield origin

    def missed(self, origin: str) -> None:
        """Its host did not answer."""
        self._missed.add(origin)

    def again(self, origin: str) -> None:
        """Its host answers: what was missed there is wanted."""
        if origin in self._missed:
            self._missed.discard(origin)
            self._origins[origin] = False

    def decisive(self) -> list[str]:
        """Pages that all have to show something: what the user named, else the target's own, else that of its `www.`;
        of another host only when the target has no address at all.
        """
        if self._scan.start_urls:
            return [resolve(url, url) or url for url in self._scan.start_urls]
        for host in (self._scan.target, f"www.{self._scan.target}"):
            for origin in self._origins:
                if host_of(origin) == host:
                    return [f"{origin}/"]
        return [] if self._has_address else [f"{origin}/" for origin in self._origins][:1]
