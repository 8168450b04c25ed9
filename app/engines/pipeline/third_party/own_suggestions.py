"""Which foreign domains may have the target's owner: what certificates, name servers and registries say of it."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final, Protocol

from app.domain.own_domains import MAX_SUGGESTED, POSSIBLY_OWN, OwnSign, PossiblyOwn, possibly_own_of, to_json
from app.domain.scan_facts import DnsAnswer, DnsOutcome, TlsFacts
from app.engines.discover.pool import for_each
from app.engines.ports import ScanStore
from app.engines.scope import Scope, registrable_domain

MAX_CERTIFICATE_DOMAINS: Final = 20  # of one certificate; those of hosters and their caches name strangers by the dozen
MAX_ASKED: Final = 300  # third parties whose name servers are asked for
ASKED_AT_ONCE: Final = 20
LIMIT_S: Final = 20.0  # for all questions together
# What stands in the place of a name that is not told, and of who keeps it from being told.
_MARKS: Final = re.compile(r"[.,;()\"']")
_HIDDEN: Final = re.compile(
    r"redact|privacy|private|protect|proxy|withheld|masked|not disclosed|undisclosed|hidden|gdpr|whois|registra|n/?a$",
    re.IGNORECASE,
)
_LEAST_NAME: Final = 4  # characters of a registrant that says anything


class Dns(Protocol):
    async def query(self, name: str, rdtype: str = "A") -> DnsAnswer:
        """Never raises for what the network does."""
        ...


class Registrants(Protocol):
    """Who has registered what, as far as a scan has asked."""

    @property
    def registrants(self) -> Mapping[str, str]: ...

    async def ask_registrant(self, domain: str) -> str:
        """Return the name of who has registered the domain; "" when nobody says."""
        ...


class OwnSuggestions:
    """Gathers signs during the scan; `find` once, when its third parties are known. The store has what was found."""

    def __init__(self, *, scope: Scope, dns: Dns, registrants: Registrants, store: ScanStore) -> None:
        self._scope = scope
        self._dns = dns
        self._registrants = registrants
        self._store = store
        self._signs: dict[str, set[OwnSign]] = {}

    def load(self) -> None:
        """Take in what an earlier attempt has found."""
        for item in possibly_own_of(self._store.checkpoint(POSSIBLY_OWN)):
            self._signs[item.domain] = set(item.signs)

    def saw_certificate(self, facts: TlsFacts) -> None:
        """A host of the target showed this certificate. One that is not valid proves nothing."""
        names = (registrable_domain(name.removeprefix("*.")) for name in facts.names if "." in name)
        foreign = {name for name in names if not self._scope.is_own(name) and not name.rpartition(".")[2].isdigit()}
        if facts.valid and len(foreign) <= MAX_CERTIFICATE_DOMAINS:
            self._note(foreign, OwnSign.CERTIFICATE)

    async def find(self, third_parties: Iterable[str]) -> None:
        """Ask what can be asked of third parties, in bounded time; what is not answered by then is no sign."""
        domains = [domain for domain in third_parties if "." in domain and ":" not in domain]
        with suppress(TimeoutError):
            async with asyncio.timeout(LIMIT_S):
                await self._compare_name_servers(domains[:MAX_ASKED])
                await self._compare_registrants()

    async def _compare_name_servers(self, domains: list[str]) -> None:
        """Only name servers in the target's own zone say anything: those of a provider serve everybody."""
        if not await self._has_own_name_servers(self._scope.registrable):
            return

        async def look(domain: str) -> None:
            if await self._has_own_name_servers(domain):
                self._note([domain], OwnSign.NAME_SERVERS)

        await for_each(domains, look, workers=ASKED_AT_ONCE)

    async def _has_own_name_servers(self, domain: str) -> bool:
        answer = await self._dns.query(domain, "NS")
        servers = [record.value for record in answer.records if record.type == "NS"]
        return answer.outcome is DnsOutcome.ANSWER and bool(servers) and all(map(self._scope.is_own, servers))

    async def _compare_registrants(self) -> None:
        """Of third parties that a registry was asked about anyway; the target is asked about when there is one."""
        known = {domain: plain_name(name) for domain, name in self._registrants.registrants.items()}
        known = {domain: name for domain, name in known.items() if name and not self._scope.is_own(domain)}
        if not known:
            return
        own = plain_name(await self._registrants.ask_registrant(self._scope.registrable))
        if own:
            self._note([domain for domain, name in known.items() if name == own], OwnSign.REGISTRANT)

    def _note(self, domains: Iterable[str], sign: OwnSign) -> None:
        before = sum(map(len, self._signs.values()))
        for domain in sorted(domains):
            if domain in self._signs or len(self._signs) < MAX_SUGGESTED:
                self._signs.setdefault(domain, set()).add(sign)
        if sum(map(len, self._signs.values())) > before:
            found = (PossiblyOwn(domain, tuple(s for s in OwnSign if s in has)) for domain, has in self._signs.items())
            self._store.put_checkpoint(POSSIBLY_OWN, to_json(found))


def plain_name(name: str) -> str:
    """Return a registrant's name for comparison; "" for one that hides who it is, or says too little."""
    plain = " ".join(_MARKS.sub(" ", name.casefold()).split())
    return "" if len(plain) < _LEAST_NAME or _HIDDEN.search(plain) else plain
