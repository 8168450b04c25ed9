"""References aggregated into third parties, one per registrable domain (private suffixes included).

A third party is a foreign domain that pages link to, embed or are redirected to. A domain that is only mentioned (in a
script's text, a comment, a policy header) is none: it is kept apart and becomes one with its first real reference.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from app.domain.rendered_links import SHOWN
from app.domain.scan_facts import Reference, Relation, ThirdParty
from app.engines.identify.classify import classify
from app.engines.net.policy import parse_address, refusal_of, wrapped_addresses
from app.engines.scope import Scope, registrable_domain
from app.engines.urls import host_of

_STRENGTH: Final = {relation: rank for rank, relation in enumerate(reversed(Relation))}  # mention 0, script 4
_SAMPLE: Final = 50  # references kept per domain; a footer link stands on every page
_MAX_HOSTS: Final = 1_000  # kept per domain: wildcard zones make as many as they like
MAX_DOMAINS: Final = 200_000  # a link farm's; beyond, new domains are counted in `dropped`
_Ranked = tuple[bool, int, int, Reference]  # hidden, strength, minus order of arrival, reference


@dataclass(slots=True)
class _Entry:
    """What is known about one domain so far."""

    domain: str
    hosts: set[str] = field(default_factory=set)
    count: int = 0  # references of every strength
    hidden: int = 0
    relation: Relation = Relation.MENTION  # the strongest
    example_page: str = ""  # of the strongest
    sample: list[_Ranked] = field(default_factory=list)  # heap, weakest first, at most `_SAMPLE`
    arrived: int = 0

    @property
    def is_third_party(self) -> bool:
        return self.relation is not Relation.MENTION

    def add(self, reference: Reference, host: str) -> None:
        if reference.kind.startswith(SHOWN):
            self._show(reference)
        self.count += 1 + reference.repeats
        self.hidden += (1 + reference.repeats) * (reference.hidden is not None)
        if len(self.hosts) < _MAX_HOSTS * (1 if reference.hidden is None else 2):  # no page can fill the place of these
            self.hosts.add(host)
        if not self.example_page or _STRENGTH[reference.relation] > _STRENGTH[self.relation]:
            self.relation = reference.relation
            self.example_page = reference.page_url
        self._keep(reference)

    def _show(self, shown: Reference) -> None:
        """Of what the page was read to hide at this address a browser has shown that it is seen."""
        for index, (hidden, strength, arrived, known) in enumerate(self.sample):
            if hidden and (known.page_url, known.url) == (shown.page_url, shown.url):
                self.sample[index] = (False, strength, arrived, replace(known, hidden=None))
                self.hidden -= 1 + known.repeats
        heapq.heapify(self.sample)

    def _keep(self, reference: Reference) -> None:
        """Hidden ones first, then the strongest, then the earliest."""
        self.arrived += 1
        ranked = (reference.hidden is not None, _STRENGTH[reference.relation], -self.arrived, reference)
        if len(self.sample) < _SAMPLE:
            heapq.heappush(self.sample, ranked)
        elif ranked[:3] > self.sample[0][:3]:
            heapq.heapreplace(self.sample, ranked)

    def fact(self) -> ThirdParty:
        return ThirdParty(
            domain=self.domain,
            hosts=tuple(sorted(self.hosts)),
            category=_category(self.domain, self.hosts),
            references=self.count,
            relation=self.relation,
            hidden=self.hidden,
            example_page=self.example_page,
        )


def _category(domain: str, hosts: Iterable[str]) -> str:
    """The one its hosts agree on (hm.baidu.com is analytics, baidu.com a search engine), else the domain's own."""
    found = {classify(host) for host in hosts}
    return found.pop() if len(found) == 1 else classify(domain)


class ThirdPartyAggregate:
    """Folds references into third parties. Order does not matter for what is counted, only for the examples kept."""

    def __init__(self, scope: Scope, *, max_domains: int = MAX_DOMAINS) -> None:
        self._scope = scope
        self._max_domains = max_domains
        self._entries: dict[str, _Entry] = {}  # with the merely mentioned ones
        self._mentioned: dict[str, None] = {}  # those that are merely mentioned
        self.dropped = 0  # references to domains beyond the cap; reported, never silently lost

    def add(self, references: Iterable[Reference]) -> tuple[str, ...]:
        """Takes references in; gives the domains that became third parties by them, in order."""
        return tuple(domain for reference in references if (domain := self._add_one(reference)))

    def _add_one(self, reference: Reference) -> str | None:
        host = host_of(reference.url)
        if not host or self._scope.is_own(host):
            return None
        reference = _as_mention(reference) if is_local_literal(host) else reference
        entry = self._entry(registrable_domain(host), reference.relation)
        if entry is None:
            self.dropped += 1 + reference.repeats
            return None
        was_third_party = entry.is_third_party
        entry.add(reference, host)
        if was_third_party or not entry.is_third_party:
            return None
        self._mentioned.pop(entry.domain, None)
        return entry.domain

    def _entry(self, domain: str, relation: Relation) -> _Entry | None:
        """The domain's; None when there is no place for it. A mention gives way to what makes a third party: else a
        page could fill all places with names in its comments, and nothing that it links to would be looked at.
        """
        entry = self._entries.get(domain)
        if entry is not None:
            return entry
        if len(self._entries) >= self._max_domains and not self._make_room(relation):
            return None
        entry = self._entries[domain] = _Entry(domain)
        self._mentioned[domain] = None
        return entry

    def _make_room(self, relation: Relation) -> bool:
        if relation is Relation.MENTION or not self._mentioned:
            return False
        domain, _ = self._mentioned.popitem()
        self.dropped += self._entries.pop(domain).count
        return True

    def get(self, domain: str) -> ThirdParty:
        """The domain as it is now, also a merely mentioned one.

        Raises:
            KeyError: no reference to it was added.
        """
        return self._entries[domain].fact()

    def all(self) -> tuple[ThirdParty, ...]:
        """All third parties, sorted by domain."""
        found = (entry.fact() for entry in self._entries.values() if entry.is_third_party)
        return tuple(sorted(found, key=lambda party: party.domain))

    def __len__(self) -> int:
        """How many third parties there are."""
        return sum(entry.is_third_party for entry in self._entries.values())

    def references_of(self, domain: str, limit: int) -> tuple[Reference, ...]:
        """At most `limit` references to a domain (50 are kept): hidden ones first, then the strongest."""
        entry = self._entries.get(domain)
        ranked = sorted(entry.sample, key=lambda item: item[:3], reverse=True) if entry else []
        return tuple(reference for *_, reference in ranked[:limit])


def is_local_literal(host: str) -> bool:
    """Whether a host has no owner on the internet: a private, loopback or link-local address, an IPv4 address wrapped
    in an IPv6 one (nobody is reached by that on purpose, and we never ask it), a bare name.
    """
    address = parse_address(host)
    if address is None:
        return ("." not in host and ":" not in host) or host.endswith(".localhost")
    return bool(wrapped_addresses(address)) or refusal_of(address) is not None


def _as_mention(reference: Reference) -> Reference:
    """A local address cannot be looked at from outside: whatever refers to it, it is no third party."""
    return replace(reference, relation=Relation.MENTION, hidden=None)
