"""The facts of one scan in a form that can be compared with another scan (`domain.differences`). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.domain.third_parties import Outcome

# Used like `Capture.page_class`, for a host whose name no longer exists.
NO_NAME: Final = "no_name"
UNKNOWN: Final = "unknown"  # category of a service that no list names
# Inconclusive captures: they show neither that content is there nor that it is gone.
_NOTHING: Final = frozenset({"", "error", "empty"})
RENDERED_KINDS: Final = ("loaded:", "drawn:", "rendered:", "shown:")  # prefixes of kinds that only a browser finds


@dataclass(frozen=True, slots=True)
class Registration:
    """The registration of a domain. Texts that the registry did not state are ""."""

    state: str  # `domain.scan_facts.RegistrationState`
    source: str  # queried registry: others spell registrars differently
    registered_on: str
    registrar: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of a host, without serial numbers and dates, which change with each renewal."""

    issuer: str  # as `comparable.comparable_issuer` returns it
    names: frozenset[str]
    problem: str = ""  # code of the reason why it was refused; "": it was accepted


@dataclass(frozen=True, slots=True)
class Showing:
    """The captured content of one URL."""

    kind: str  # `Capture.page_class`, or NO_NAME
    site: str  # registrable domain at which its visitors end
    url: str
    title: str = ""
    look: str = ""  # `page_looks.PageLook`; "": none
    # Of a page that was captured once more because it differed from the scan before (`domain.second_looks`):
    shown_once: str = ""  # title of what it showed at first, while all other fields are of the second capture
    is_unconfirmed: bool = False  # it could not be captured once more

    @property
    def says_something(self) -> bool:
        return self.kind not in _NOTHING


@dataclass(frozen=True, slots=True)
class Way:
    """How a site refers to a third party. Pages are not included: rotating content changes them on each visit."""

    relation: str  # `domain.scan_facts.Relation`
    address: str = ""  # for scripts: as `comparable.comparable_script` returns it


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a reference."""

    page: str  # as `comparable.comparable_page` returns it
    way: Way
    hidden: str = ""  # comparable target of a hidden link; "": not hidden
    is_rendered: bool = False  # only a browser finds it
    via: str = ""  # the third party that redirects to it; "": a page of the site refers to it


@dataclass(frozen=True, slots=True)
class Party:
    """A third party in one scan."""

    domain: str
    category: str = UNKNOWN
    relation: str = "link"
    page: str = ""  # one page that refers to it
    outcome: Outcome = Outcome.NOT_EXAMINED
    registration: Registration | None = None
    showings: Mapping[str, Showing] = field(default_factory=dict)  # by comparable URL
    ways: frozenset[Way] | None = frozenset()  # None: too many to be compared
    hidden: frozenset[str] = frozenset()  # comparable targets of hidden links


@dataclass(frozen=True, slots=True)
class KnownParty:
    """A third party that a scan lacks, and that earlier scans of the site had."""

    facts: Party | None  # last known (`domain.party_memory`); None: they are not known any more
    seen_on: str  # day on which it was last seen; "": unknown
    is_away_long: bool  # for so long that its return is told, or nobody knows for how long
    is_rotating: bool  # it has come and gone before


@dataclass(frozen=True, slots=True)
class Risk:
    """A finding of one scan."""

    level: str
    url: str  # of the content
    page: str  # of the site, that refers to it
    is_own: bool = False  # it is about the site itself
    state: str = "open"


FindingKey = tuple[str, str]  # domain and cause


@dataclass(frozen=True, slots=True)
class Inventory:
    """The comparable facts of one scan, without names that are only mentioned."""

    parties: Mapping[str, Party] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)  # own hosts that resolve, each with the target of its alias
    own: Mapping[str, Showing] = field(default_factory=dict)  # captured pages of the site, by comparable URL
    certificates: Mapping[str, Certificate] = field(default_factory=dict)  # by host, own and foreign
    redirects: Mapping[str, str] = field(default_factory=dict)  # foreign domain by comparable own page
    findings: Mapping[FindingKey, Risk] = field(default_factory=dict)
    read: frozenset[str] = frozenset()  # comparable pages of the site that were read, or responded that they are gone
    rendered: frozenset[str] = frozenset()  # the subset of `read` that a browser has rendered
    is_whole: bool = True  # no third party was omitted because of a limit
    # The places of the references to a third party, for third parties that differ from the other scan. A third party
    # with too many references is missing.
    places: Mapping[str, Sequence[Place]] = field(default_factory=dict)
    known: Mapping[str, KnownParty] = field(default_factory=dict)  # third parties of the other scan that this one lacks
    rotating: frozenset[str] = frozenset()  # third parties that the other scan lacks, and that come and go
