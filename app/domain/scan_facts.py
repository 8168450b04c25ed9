"""What a scan finds and its store keeps. All frozen: a fact is found once and never edited.

Host names are lower case ASCII (A-labels) without a trailing dot. URLs are absolute and serialised as the WHATWG
URL standard says, unless a field is called `raw`. Times are UTC epoch seconds, durations milliseconds.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.coverage import Seen


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
    BLOCKED = "blocked"  # it was not asked: the deployment has blocked the name; never stored


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

    BLOCKED = "blocked"  # the address policy said no, or the deployment has blocked the name
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
    repeats: int = 0  # how many more equal ones stand on the page (extract/equal_references.py)
    via: str = ""  # URL that redirects to `url`, where that is not the page
    # Scripts, frames, sheets and redirects that requested it, nearest first, then the page; () where nothing is known.
    loaded_by: tuple[str, ...] = ()


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
    truncated: bool = False  # longer than the limit, a bomb, or with too many references: only its beginning was read


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
    pattern: str = ""  # what its path has in common with its like (crawl/traps.py)
    hops: int = 0  # redirects that led here in a row
    state: UrlState = UrlState.PENDING
    seen: Seen | None = None  # what it showed; None while it is pending
    found_on: int = 0  # id of the URL whose document named it first; 0: a start page, or a sitemap named it

    def as_of(self, depth: int, state: UrlState, seen: Seen | None) -> "FrontierUrl":
        """Return the URL as it stands now; mostly that is as it was."""
        if (depth, state, seen) == (self.depth, self.state, self.seen):
            return self
        return replace(self, depth=depth, state=state, seen=seen)


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Stage 3: a registrable domain (private suffixes included) that pages refer to."""

    domain: str
    hosts: tuple[str, ...]  # ASCII, sorted
    category: str = "unknown"  # "analytics", "cdn", "ads", "social", ...; unknown stays unknown
    references: int = 0  # repeats included
    relation: Relation = Relation.MENTION  # the strongest
    hidden: int = 0  # how many of these references are hidden
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


class RegistrationState(StrEnum):
    """What a domain's own registry says."""

    REGISTERED = "registered"
    UNREGISTERED = "unregistered"  # anybody can register it


@dataclass(frozen=True, slots=True)
class Registration:
    """What the registry of a domain said when it was asked. Dates are ISO dates in UTC; "": it did not say."""

    domain: str
    state: RegistrationState
    source: str  # host of the registry's server
    asked_on: str
    registered_on: str = ""
    expires_on: str = ""
    statuses: tuple[str, ...] = ()  # as RDAP has them, lower case: "active", "pending delete", "redemption period"
    registrar: str = ""


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
    charset: str = ""  # that the document was decoded with; "" when there is none
    html_sha256: str = ""
    text_sha256: str = ""
    screenshot_sha256: str = ""
    addresses: tuple[str, ...] = ()
    dns: DnsAnswer | None = None
    tls: TlsFacts | None = None
    error: FetchError | None = None
    dead: bool = False  # the name is gone (NXDOMAIN confirmed), never merely unreachable
    page_class: str = "content"  # "content", "parked", "for_sale", "expired", "icp_block", "empty", "error"
    captured_at: float | None = None  # when its first address was asked; None: before this was noted
    # The document of `url` itself, byte for byte, when `html_sha256` is another: it sent the browser on, or scripts
    # drew what is seen. "" when that is the same, or there was none.
    source_sha256: str = ""
    source_charset: str = ""
    # Of the answer to the last address that was asked: `final_url`, or the download that it starts. 0 and "": none.
    last_status: int = 0
    last_address: str = ""
    registration: Registration | None = None  # of `domain`; None: its registry was not asked, or did not say
    look: str = ""  # of the screenshot (`domain.page_looks.PageLook`); "": none, or one that tells nothing


@dataclass(frozen=True, slots=True)
class Counts:
    """The statistics as far as they are known."""

    subdomains: int = 0
    pages: int = 0
    third_parties: int = 0
    captures: int = 0
    violations: int = 0
    urls_known: int = 0
    urls_crawled: int = 0
