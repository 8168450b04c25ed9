"""What of a third party is captured. Pure: references in, URLs out, each once, in order of urgency."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from app.engines.model import Reference, Relation
from app.engines.scope import registrable_domain
from app.engines.urls import host_of, normalise, origin_of

PER_DOMAIN: Final = 4  # different pages of one third party
MAX_TARGETS: Final = 5_000  # of one scan: a link farm has no end; what is beyond is left out and said
# Whoever follows these sees the page itself; of the others (a script, an image) the host's start page is looked at.
_LEADS_THERE: Final = frozenset({Relation.LINK, Relation.REDIRECT})
_FRAMES: Final = ("iframe", "frame", "object", "embed")


@dataclass(frozen=True, slots=True)
class Target:
    """One page to be captured."""

    domain: str  # registrable
    host: str
    url: str
    own: bool = False  # the site's own start page
    leads: bool = True  # people are led there; else it is the start page of a host that something is loaded from


@dataclass(slots=True)
class TargetBook:
    """Which pages were chosen already. Bounded: by domain, and in all."""

    per_domain: int = PER_DOMAIN
    limit: int = MAX_TARGETS
    _keys: set[str] = field(default_factory=set)
    _count: Counter[str] = field(default_factory=Counter)
    # How many were left out because the scan has too many.
    left_out: int = 0

    def known(self, target: Target) -> None:
        """This one was captured by an earlier attempt."""
        self._keys.add(normalise(target.url))
        self._count[target.domain] += 1

    def choose(self, references: Iterable[Reference]) -> list[Target]:
        """Pages that these references lead to and that were not chosen before. Mentions lead nowhere."""
        wanted = (target_of(reference) for reference in references if reference.relation is not Relation.MENTION)
        return [target for target in wanted if target is not None and self._admit(target)]

    def choose_own(self, domain: str, url: str) -> Target | None:
        """A start page of the site itself; they do not count for the limit of a domain."""
        target = Target(domain, host_of(url), url, own=True)
        key = normalise(url)
        if key in self._keys:
            return None
        self._keys.add(key)
        return target

    def _admit(self, target: Target) -> bool:
        key = normalise(target.url)
        if key in self._keys or self._count[target.domain] >= self.per_domain:
            return False
        if len(self._keys) >= self.limit:
            self.left_out += 1
            return False
        self._keys.add(key)
        self._count[target.domain] += 1
        return True


def target_of(reference: Reference) -> Target | None:
    """None for what has no host."""
    host = host_of(reference.url)
    if not host:
        return None
    leads = reference.relation in _LEADS_THERE or reference.kind.startswith(_FRAMES)
    url = reference.url.partition("#")[0] if leads else origin_of(reference.url) + "/"
    return Target(registrable_domain(host), host, url, leads=leads)
