"""What a user may ask of one scan: every option, its default and its bounds. All other forms are derived from here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self


class Bounds(NamedTuple):
    """Both may be reached."""

    least: int
    most: int


class Scheme(StrEnum):
    """Scheme of home pages."""

    HTTPS = "https"
    HTTP = "http"


MAX_PAGES: Final = Bounds(1, 1_000_000)
MAX_DEPTH: Final = Bounds(0, 100)
TIME_LIMIT_S: Final = Bounds(1, 43_200)
START_URLS: Final = Bounds(0, 100)
START_URL_CHARS: Final = Bounds(1, 2_048)
OWN_DOMAINS: Final = Bounds(0, 500)
OWN_DOMAIN_CHARS: Final = 20_000  # of all together: an order writes them with each of its tasks
CERTIFICATE_LOG: Final = "ct"
REGISTRATIONS: Final = "rdap"  # who has registered a third party: `engines.identify.rdap`
# What asks for names, but for the registrations: `engines.discover.sources`.
PASSIVE_SOURCE_NAMES: Final = (
    CERTIFICATE_LOG,
    REGISTRATIONS,
    "certspotter",
    "otx",
    "hackertarget",
    "urlscan",
    "wayback",
    "anubis",
    "threatminer",
)
DEFAULT_SOURCES: Final = (
    "https://crt.sh/",
    "rdap=https://data.iana.org/rdap/dns.json",
    "certspotter=https://api.certspotter.com",
    "otx=https://otx.alienvault.com",
    "hackertarget=https://api.hackertarget.com",
    "urlscan=https://urlscan.io",
    "wayback=https://web.archive.org",
    "anubis=https://anubisdb.com",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How the network is reached is the deployment's business alone, and no option."""

    max_pages: int = 5_000
    max_depth: int | None = None  # shortest link distance from a start page; 0: start pages alone, None: no limit
    time_limit_s: int = 7_200
    start_urls: tuple[str, ...] = ()  # replace the host's `/`; nothing else is then a start page
    use_passive_sources: bool = True
    screenshots: bool = True
    # Other domains of the same owner, and all below them: no third parties. They are not crawled for that.
    own_domains: tuple[str, ...] = ()
    # Of home pages, where a host answers on both: behind https may be another site than behind http, or an error.
    scheme: Scheme = Scheme.HTTPS
    cloaking: bool = True  # ask for some pages as other visitors, too: search engines' robots, phones, newcomers

    def to_json(self) -> dict[str, Any]:
        """Return the options as a task's row keeps them."""
        return asdict(self)

    def chosen(self) -> dict[str, Any]:
        """Return the options that are not as by default: the same in a version that has more of them."""
        defaults = asdict(DEFAULTS)
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], **further: Any) -> Self:
        """Read what `to_json` wrote, with `further` fields of a subclass. What is missing or null has its default."""
        given = {name: value for name, value in stored.items() if value is not None}
        read = {name: tuple(given.get(name, ())) for name in ("start_urls", "own_domains")}
        scheme = Scheme(given.get("scheme", Scheme.HTTPS))
        return cls(**{**given, **read, "scheme": scheme}, **further)


DEFAULTS: Final = ScanOptions()


def source_of(entry: str) -> tuple[str, str]:
    """Return name and URL of an entry of the setting `ct_urls`: `NAME=URL`, or the URL of a certificate log alone."""
    name, _, url = entry.partition("=")
    return (name, url) if name.isidentifier() and url else (CERTIFICATE_LOG, entry)
