"""Whether a domain is registered, since when and how long: asked of its own registry over RDAP (RFC 7480, 9083).

Only what the registry itself says counts: an answer from another host (a redirect to a registrar or a mirror) proves
nothing, and neither does silence. Each registry is asked once a second at most, and no more after three refusals.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, Protocol, Unpack

import orjson

from app.domain.scan_facts import Registration, RegistrationState
from app.engines.identify.registries import MalformedList, Registries, read_registries, shipped_registries
from app.engines.model import FetchResult
from app.engines.net.client import FetchOptions
from app.engines.scope import registered_domain
from app.engines.urls import host_of

TIMEOUT_S: Final = 10.0
MAX_BYTES: Final = 256 * 1024
MAX_LIST_BYTES: Final = 2 * 1024 * 1024  # IANA's list is some 100 kB
INTERVAL_S: Final = 1.0  # between two questions to a registry
MAX_REFUSALS: Final = 3  # of a registry: it wants no more of our questions
_HEADERS: Final = {"Accept": "application/rdap+json"}
_OK, _NOT_FOUND = 200, 404
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MAX_STATUSES: Final = 20
_MAX_TEXT: Final = 100


class Fetcher(Protocol):
    """What is needed of `RateLimitedFetcher`."""

    def set_crawl_delay(self, host: str, delay_s: float) -> None: ...
    async def fetch(self, url: str, **options: Unpack[FetchOptions]) -> FetchResult: ...


class RegistrationLookup:
    """Asks about each domain once. `list_url` is where IANA's list, or one of its form, stands."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        list_url: str,
        today: Callable[[], str] = lambda: datetime.now(UTC).date().isoformat(),
    ) -> None:
        self._fetcher = fetcher
        self._list_url = list_url
        self._today = today
        self._registries: Registries | None = None
        self._refusals: Counter[str] = Counter()
        # Who has registered a domain, as its registry said. Mostly it does not say: of persons it must not.
        self.registrants: dict[str, str] = {}
        # Domains that a registry was asked about, and those of them about which it said nothing.
        self.asked = self.unanswered = 0

    async def of(self, host: str) -> Registration | None:
        """What the registry says of the domain that the host lies below; None when that cannot be known."""
        domain = registered_domain(host)
        if domain is None:
            return None
        server = (await self._load()).server_for(domain)
        if server is None or self._refusals[server] >= MAX_REFUSALS:
            return None
        self._fetcher.set_crawl_delay(host_of(server), INTERVAL_S)
        self.asked += 1
        result = await self._fetcher.fetch(
            f"{server}domain/{domain}", headers=_HEADERS, timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES, max_redirects=0
        )
        found = read_answer(result, domain, today=self._today())
        if found is not None and (name := read_registrant(result)):
            self.registrants[domain] = name
        self._refusals[server] += found is None
        self.unanswered += found is None
        return found

    async def _load(self) -> Registries:
        """The whole list if it can be had, else the shipped table."""
        if self._registries is None:
            result = await self._fetcher.fetch(self._list_url, timeout_s=TIMEOUT_S, max_bytes=MAX_LIST_BYTES)
            try:
                self._registries = read_registries(result.body if result.status == _OK else b"")
            except MalformedList:
                self._registries = shipped_registries()
        return self._registries


def read_answer(result: FetchResult, domain: str, *, today: str) -> Registration | None:
    """What an answer says of the domain; None when it says nothing."""
    if result.error is not None or result.hops or result.truncated:
        return None
    try:
        said = orjson.loads(result.body)
    except orjson.JSONDecodeError:
        return None
    source = host_of(result.url)
    if not isinstance(said, dict):
        return None
    if result.status == _NOT_FOUND:  # a web server that knows no such path says so in HTML
        is_registry = "errorCode" in said or "rdapConformance" in said
        return Registration(domain, RegistrationState.UNREGISTERED, source, today) if is_registry else None
    if result.status != _OK or str(said.get("ldhName", "")).lower().rstrip(".") != domain:
        return None
    return Registration(
        domain=domain,
        state=RegistrationState.REGISTERED,
        source=source,
        asked_on=today,
        registered_on=_date_of("registration", said),
        expires_on=_date_of("expiration", said),
        statuses=tuple(str(item).lower()[:_MAX_TEXT] for item in _list(said.get("status"))[:_MAX_STATUSES]),
        registrar=next(_names_of("registrar", said), "")[:_MAX_TEXT],
    )


def read_registrant(result: FetchResult) -> str:
    """Return the name of the registrant in an answer that `read_answer` took; "" when it has none."""
    said = orjson.loads(result.body)
    return next(_names_of("registrant", said), "")[:_MAX_TEXT]


def _date_of(action: str, said: dict[str, Any]) -> str:
    for event in _list(said.get("events")):
        if isinstance(event, dict) and event.get("eventAction") == action:
            found = _DATE.match(str(event.get("eventDate", "")))
            return found[0] if found else ""
    return ""


def _names_of(role: str, said: dict[str, Any]) -> Iterator[str]:
    """The names of those in this role, from their cards (RFC 7095): of an organisation, or else of a person."""
    cards = list(_cards_of(role, said))
    for kind in ("org", "fn") if role == "registrant" else ("fn",):
        for item in cards:
            match item:
                case [str(name), _, _, str(value)] if name == kind and value.strip():
                    yield " ".join(value.split())


def _cards_of(role: str, said: dict[str, Any]) -> Iterator[Any]:
    for entity in _list(said.get("entities")):
        if isinstance(entity, dict) and role in _list(entity.get("roles")):
            card = _list(entity.get("vcardArray"))
            yield from _list(card[1]) if len(card) > 1 else ()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
