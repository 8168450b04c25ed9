"""Selects the pages of third parties to capture. Pure: references in, URLs out, each once, by priority."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from app.domain.reference_kinds import loaded_kind
from app.domain.scan_facts import Capture, Reference, Relation
from app.engines.scope import registrable_domain
from app.engines.urls import host_of, normalise, origin_of

PER_DOMAIN: Final = 4  # different pages of one third party
MAX_EVIDENCE_PAGES: Final = 100  # of one scan; each may have a screenshot
MAX_TARGETS: Final = 5_000  # of one scan: a link farm has no end; what is beyond is left out and said
MAX_OWN_STARTS: Final = 100  # start pages of the site itself
# People who follow these see the page itself; of the others (a script, an image) the host's start page is captured.
_LEADS_THERE: Final = frozenset({Relation.LINK, Relation.REDIRECT})
_FRAMES: Final = ("iframe", "frame", "object", "embed", loaded_kind("frame"))
_IN_DOM: Final = "drawn:"  # before the kind of what only the drawn page has


@dataclass(frozen=True, slots=True)
class CaptureTarget:
    """One page to be captured."""

    domain: str  # registrable
    host: str
    url: str
    own: bool = False  # the site's own start page
    leads: bool = True  # people are led there; else it is the start page of a host that something is loaded from
    evidence: bool = False  # a page of the site that refers to a violation: it is kept, and not analysed


@dataclass(slots=True)
class CaptureSelector:
    """Which pages were chosen already. Bounded: by domain, and in all."""

    per_domain: int = PER_DOMAIN
    limit: int = MAX_TARGETS
    _keys: set[str] = field(default_factory=set)
    _own_starts: int = 0
    _count: Counter[str] = field(default_factory=Counter)
    # How many were left out because the scan has too many.
    left_out: int = 0
    # How many were chosen by `choose_evidence`.
    evidence_pages: int = 0

    def known(self, target: CaptureTarget) -> None:
        """This one was captured by an earlier attempt."""
        self._keys.add(normalise(target.url))
        self._count[target.domain] += 1

    def choose(self, references: Iterable[Reference]) -> list[CaptureTarget]:
        """Pages that these references lead to and that were not chosen before. Mentions lead nowhere."""
        wanted = (target_of(reference) for reference in references if reference.relation is not Relation.MENTION)
        return [target for target in wanted if target is not None and self._admit(target)]

    def choose_own(self, domain: str, url: str) -> list[CaptureTarget]:
        """A start page of the site itself; they do not count for the limit of a domain."""
        if self._own_starts >= MAX_OWN_STARTS or not self._is_new(url):
            return []
        self._own_starts += 1
        return [CaptureTarget(domain, host_of(url), url, own=True)]

    def choose_evidence(self, domain: str, url: str) -> list[CaptureTarget]:
        """The page of the site that refers to a violation, unless it is captured already or there are too many: its
        source is needed for the repair, also when it has changed since.
        """
        if self.evidence_pages >= MAX_EVIDENCE_PAGES or not self._is_new(url):
            return []
        self.evidence_pages += 1
        return [CaptureTarget(domain, host_of(url), url, evidence=True)]

    def _is_new(self, url: str) -> bool:
        key = normalise(url)
        is_new = key not in self._keys
        self._keys.add(key)
        return is_new

    def _admit(self, target: CaptureTarget) -> bool:
        key = normalise(target.url)
        if key in self._keys or self._count[target.domain] >= self.per_domain:
            return False
        if len(self._keys) >= self.limit:
            self.left_out += 1
            return False
        self._keys.add(key)
        self._count[target.domain] += 1
        return True


def target_of(reference: Reference) -> CaptureTarget | None:
    """None for what has no host."""
    host = host_of(reference.url)
    if not host:
        return None
    leads = reference.relation in _LEADS_THERE or reference.kind.removeprefix(_IN_DOM).startswith(_FRAMES)
    url = reference.url.partition("#")[0] if leads else origin_of(reference.url) + "/"
    return CaptureTarget(registrable_domain(host), host, url, leads=leads)


def target_of_capture(capture: Capture, own: bool, start_urls: Collection[str]) -> CaptureTarget:
    """What an earlier attempt captured: of the site, all but the start pages is evidence."""
    is_start = capture.url in start_urls or capture.url == origin_of(capture.url) + "/"
    return CaptureTarget(capture.domain, capture.host, capture.url, own=own and is_start, evidence=own and not is_start)
