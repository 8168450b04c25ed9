"""The facts that the stages hand to each other. All frozen: a fact is found once and never edited.

Host names are lower case ASCII (A-labels) without a trailing dot. URLs are absolute and serialised as the WHATWG
URL standard says, unless a field is called `raw`. Times are UTC epoch seconds, durations milliseconds.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.coverage import Seen
from app.domain.violations import RiskLevel, ViolationKey


@dataclass(frozen=True, slots=True)
class ScanConfig:
    """What a user may ask of one scan. Bounds are checked where it enters (schemas, CLI)."""

    target: str  # registrable domain or a host below one, ASCII
    max_pages: int = 5_000
    max_depth: int | None = None  # shortest link distance from a start page; 0 = start pages alone, None = no limit
    time_limit_s: int = 7_200
    start_urls: tuple[str, ...] = ()  # replace the host's `/`; nothing else is then a start page
    use_passive_sources: bool = True
    screenshots: bool = True


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One resource record of an answer."""

    name: str
    type: str  # "A", "AAAA", "CNAME", "NS", "MX", "TXT"
    value: str
    ttl: int


class DnsOutcome(StrEnum):
    """What a lookup came to. `unreachable` says nothing about the name: the resolver did not answer."""

    ANSWER = "answer"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """Answer to one question. `records` holds the CNAME chain first, in order, then the final records."""

    name: str
    outcome: DnsOutcome
    records: tuple[DnsRecord, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(r.value for r in self.records if r.type in ("A", "AAAA"))

    @property
    def cnames(self) -> tuple[str, ...]:
        return tuple(r.value for r in self.records if r.type == "CNAME")


@dataclass(frozen=True, slots=True)
class HostFact:
    """Stage 1: an in-scope name. It counts as a subdomain when `addresses` is not empty."""

    name: str
    sources: tuple[str, ...]  # every source that named it: "dictionary", "crt.sh", "page", "target", ...
    addresses: tuple[str, ...] = ()
    cnames: tuple[str, ...] = ()
    http_alive: bool = False
    https_alive: bool = False
    wildcard: bool = False  # resolves only because a wildcard does, and serves what the wildcard serves


class HopKind(StrEnum):
    """What sent the browser on."""

    HTTP = "http"
    REFRESH_HEADER = "refresh_header"
    META = "meta"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True)
class Hop:
    """One answered request that pointed elsewhere."""

    url: str
    status: int
    address: str
    kind: HopKind
    location: str  # absolute URL it pointed to


class FetchError(StrEnum):
    """Why a fetch gave no complete answer. Stable keys, also counted in reports."""

    BLOCKED = "blocked"  # the address policy said no
    DNS = "dns"  # the name does not resolve (NXDOMAIN, NODATA, SERVFAIL)
    DNS_UNREACHABLE = "dns_unreachable"  # our resolver did not answer: says nothing about the name
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_SLOW = "too_slow"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_URL = "bad_url"
    PROTOCOL = "protocol"
    OUT_OF_SCOPE = "out_of_scope"  # a redirect left the scope and the caller asked to stop there
    UNREADABLE = "unreadable"  # the answer came, but reading it took too much time or memory: nothing was learnt


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

    def header(self, name: str) -> str:
        """First value of a header, or an empty string."""
        return next((value for key, value in self.headers if key == name), "")


class Relation(StrEnum):
    """How a page refers to a URL, strongest first: the risk depends on it."""

    SCRIPT = "script"  # code or a frame that runs in the page
    REDIRECT = "redirect"
    EMBED = "embed"  # image, style, font, media, form target, preconnect
    LINK = "link"
    MENTION = "mention"  # in a script's text, a comment, a data attribute


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference to a URL on one page, with what a person needs to find it again."""

    page_url: str
    url: str
    raw: str  # as written
    relation: Relation
    kind: str  # where it stood: "a[href]", "css:url", "header:link", "meta:refresh", "script:string", ...
    dom_path: str = ""  # "html > body > div:nth-child(3) > a"
    snippet: str = ""  # up to 200 characters around it
    text: str = ""  # anchor text, up to 200 characters
    hidden: str | None = None  # kind of hiding ("display_none", ...), None: visible or unknown
    rel: str = ""  # the rel attribute, lower case


@dataclass(frozen=True, slots=True)
class PageFact:
    """Stage 2: a document that was fetched. It counts as a page when `parsed` (2xx HTML that arrived whole or was cut
    at our own limit). With a status and an `error` the body broke off, or it could not be read (`UNREADABLE`).
    """

    url: str
    depth: int
    status: int
    content_type: str = ""
    charset: str = ""
    title: str = ""
    size: int = 0  # decoded bytes
    parsed: bool = False
    error: FetchError | None = None
    duration_ms: int = 0
    truncated: bool = False  # longer than the limit or a bomb: only its beginning was read


class UrlState(StrEnum):
    """What became of a known in-scope URL. In flight is no state: after a crash such a URL is pending again."""

    PENDING = "pending"
    DONE = "done"  # an answer came, whatever its status
    FAILED = "failed"  # asked, no answer
    REFUSED = "refused"  # never asked, or not to the end: robots.txt, a trap, a host that is gone


@dataclass(frozen=True, slots=True)
class FrontierUrl:
    """A known in-scope URL of the crawl."""

    id: int  # from 1, in the order of finding
    url: str  # as found: what is requested
    key: str  # identity (`urls.normalise`), unique
    host: str
    depth: int  # shortest link distance from a start page that is known so far
    shape: str = ""  # what its path has in common with its like (crawl/traps.py)
    hops: int = 0  # redirects that led here in a row
    state: UrlState = UrlState.PENDING
    seen: Seen | None = None  # what it showed; None while it is pending


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Stage 3: a registrable domain (private suffixes included) that pages refer to."""

    domain: str
    hosts: tuple[str, ...]  # ASCII, sorted
    category: str = "unknown"  # "analytics", "cdn", "ads", "social", ...; unknown stays unknown
    references: int = 0
    relation: Relation = Relation.MENTION  # the strongest
    hidden: int = 0  # how many references are hidden
    example_page: str = ""  # one page that refers to it


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What the certificate said, also when it was not valid."""

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: str = ""
    not_after: str = ""
    valid: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Capture:
    """Stage 4: what one host shows. Contents lie in the content-addressed store under their sha256."""

    domain: str  # registrable domain
    host: str
    url: str  # as requested
    final_url: str
    status: int = 0
    hops: tuple[Hop, ...] = ()
    title: str = ""
    text: str = ""  # visible text, at most 100,000 characters
    html_sha256: str = ""
    text_sha256: str = ""
    screenshot_sha256: str = ""
    addresses: tuple[str, ...] = ()
    dns: DnsAnswer | None = None
    tls: TlsFacts | None = None
    error: FetchError | None = None
    dead: bool = False  # the name is gone (NXDOMAIN confirmed), never merely unreachable
    page_class: str = "content"  # "content", "parked", "for_sale", "icp_block", "empty", "error"


class Layer(StrEnum):
    """Which layer of the analysis said so."""

    REPUTATION = "reputation"
    STRUCTURE = "structure"
    TEXT = "text"
    IMAGE = "image"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why. No verdict without at least one."""

    layer: Layer
    rule: str  # id of the rule, list entry or lexicon
    score: float  # 0..1, what this alone would say
    snippet: str = ""  # quoted from the page, at most 200 characters
    offset: int | None = None  # of the snippet in the captured text, in characters
    provenance: str = ""  # list and date, lexicon version, model name
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ViolationFact:
    """Stage 5: a violation (confidence at least 0.5)."""

    domain: str  # registrable domain of the third party
    key: ViolationKey
    risk: RiskLevel
    confidence: float  # 0..1
    description: str
    evidence: tuple[Evidence, ...]
    needs_review: bool
    url: str = ""  # where the content was seen
    found_on: str = ""  # page of the target that refers to it


@dataclass(frozen=True, slots=True)
class Counts:
    """The statistics as far as they are known; folds over facts (scan.md)."""

    subdomains: int = 0
    pages: int = 0
    third_parties: int = 0
    captures: int = 0
    violations: int = 0
    urls_known: int = 0
    urls_crawled: int = 0


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """How the scanner reaches the network. Comes from the deployment's settings only, never from a scan's user."""

    resolvers: tuple[str, ...] = ()  # "address:port" or "address"; empty: the system's
    allow_networks: tuple[str, ...] = ()  # CIDRs that are allowed although the policy would refuse them
    ca_file: str | None = None  # additional trusted certificates (PEM)
    static_hosts: dict[str, tuple[str, int | None]] = field(default_factory=dict)  # host -> (address, port)
    port_map: dict[int, int] = field(default_factory=dict)  # for addresses inside allow_networks: URL port -> real
    allowed_ports: tuple[int, ...] = (80, 443, 8000, 8008, 8080, 8443, 8888)
    ct_urls: tuple[str, ...] = ("https://crt.sh/",)  # base of crt.sh-compatible certificate logs
    user_agent: str = "DomainComplianceScanner/0.1 (compliance scan)"  # deployments add their contact
    connections_per_address: int = 4
    host_silence_s: float = 300.0  # how long the crawl comes back to a host that gives no answer
    host_busy_s: float = 180.0  # the same for one that only says that it is busy
    chromium_path: str | None = None  # None: look for the system's Chromium
