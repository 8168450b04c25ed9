"""What the engine is given, and what a fetch answers; what a scan finds is in `domain.scan_facts`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.inventory import Showing
from app.domain.scan_facts import FetchError, Hop
from app.domain.scan_options import ScanOptions


@dataclass(frozen=True, slots=True)
class ScanConfig(ScanOptions):
    """The options of a scan, with its target. Bounds were checked where they came in."""

    target: str  # registrable domain or a host below one, ASCII


@dataclass(frozen=True, slots=True)
class FetchResult:
    """Outcome of a fetch. `error` and `status` may both be set when a body broke off after its headers."""

    url: str  # as requested
    final_url: str  # after all hops
    status: int = 0  # 0: no answer at all
    headers: tuple[tuple[str, str], ...] = ()  # of the final answer, names lower case
    body: bytes = b""  # decoded, at most the limit
    truncated: bool = False  # the body was longer than the limit, a bomb by its compression ratio, or not wanted
    hops: tuple[Hop, ...] = ()
    address: str = ""  # that the final answer came from
    error: FetchError | None = None
    error_detail: str = ""
    duration_ms: int = 0
    unreached: bool = False  # nobody took the last connection: no name of that address gets one, on that port

    def header(self, name: str) -> str:
        """First value of a header, or an empty string."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """How the scanner reaches the network. Comes from the deployment's settings only, never from a scan's user."""

    resolvers: tuple[str, ...] = ()  # "address:port" or "address"; empty: the system's
    blocked_names: tuple[str, ...] = ()  # A-labels: of these, and of names below them, nothing is asked
    allow_networks: tuple[str, ...] = ()  # CIDRs that are allowed although the policy would refuse them
    ca_file: str | None = None  # additional trusted certificates (PEM)
    static_hosts: dict[str, tuple[str, int | None]] = field(default_factory=dict)  # host -> (address, port)
    port_map: dict[int, int] = field(default_factory=dict)  # for addresses inside allow_networks: URL port -> real
    allowed_ports: tuple[int, ...] = (80, 443, 8000, 8008, 8080, 8443, 8888)
    passive_sources: tuple[str, ...] = ()  # as `configured_sources` takes them; what is not here is never asked
    passive_cache: str | None = None  # folder for what these answered within the last day; None: nothing is kept
    user_agent: str = "DomainComplianceScanner/0.1 (compliance scan)"  # deployments add their contact
    connections_per_address: int = 4
    host_silence_s: float = 300.0  # how long the crawl comes back to a host that gives no answer
    host_busy_s: float = 180.0  # the same for one that only says that it is busy
    chromium_path: str | None = None  # None: look for the system's Chromium
    browser_max_bytes: int = 3 << 30  # of all processes of a browser together


@dataclass(frozen=True, slots=True)
class RecheckConfig:
    """What a scan of a site that was scanned before judges once more: what the scan before has not found."""

    known: frozenset[tuple[str, str]]  # findings of the scan before: (domain, kind)
    after_s: float  # at least, between the two captures of a page
    shown: Mapping[str, Showing] = field(default_factory=dict)  # what pages showed before, by comparable URL


@dataclass(frozen=True, slots=True)
class ReadingModelConfig:
    """A language model that reads along. Comes from the deployment's settings only, never from a scan's user."""

    url: str  # of its API, without "/chat/completions"
    name: str
    key: str = field(default="", repr=False)  # "": none is sent
    budget: int = 100  # requests of one scan
    timeout_s: float = 30.0  # of one request
    concurrency: int = 2  # requests at once, of one scan
    reads_pictures: bool = False  # it is shown the screenshots of captured pages
