"""What one scan saw, in the form in which two scans are compared (`domain.differences`). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.domain.third_parties import Outcome

# What a host shows instead of content, beside `Capture.page_class`: its name does not exist any more.
NO_NAME: Final = "no_name"
# Of these nothing was learnt: they say neither that something is there nor that it is gone.
_NOTHING: Final = frozenset({"", "error", "empty"})
RENDERED_KINDS: Final = ("loaded:", "drawn:", "rendered:", "shown:")  # before the kind of what a browser alone shows


@dataclass(frozen=True, slots=True)
class Registration:
    """What the registry of a domain said. Texts are "" where it did not say."""

    state: str  # `domain.scan_facts.RegistrationState`
    source: str  # who was asked: others spell registrars differently
    registered_on: str
    registrar: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a host's certificate said. Serial numbers and dates change with each renewal, and are not looked at."""

    issuer: str  # as `comparable.comparable_issuer` returns it
    names: frozenset[str]
    problem: str = ""  # code of why it was not accepted; "": it was


@dataclass(frozen=True, slots=True)
class Showing:
    """What one captured address showed."""

    kind: str  # `Capture.page_class`, or NO_NAME
    site: str  # registrable domain at which its visitors end
    url: str
    title: str = ""
    look: str = ""  # `page_looks.PageLook`; "": none

    @property
    def says_something(self) -> bool:
        return self.kind not in _NOTHING


@dataclass(frozen=True, slots=True)
class Way:
    """How a site refers to a third party, on whichever pages: where contents take turns, each visit has others."""

    relation: str  # `domain.scan_facts.Relation`
    address: str = ""  # of scripts, as `comparable.comparable_script` returns it


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reference stands."""

    page: str  # as `comparable.comparable_page` returns it
    way: Way
    hidden: str = ""  # comparable target of a link that is hidden; "": it is not
    is_rendered: bool = False  # only a browser shows it
    via: str = ""  # the third party that sends visitors on there; "": a page of the site refers to it


@dataclass(frozen=True, slots=True)
class Party:
    """A third party as one scan saw it."""

    domain: str
    category: str = "unknown"
    relation: str = "link"
    page: str = ""  # one page that refers to it
    outcome: Outcome = Outcome.NOT_EXAMINED
    registration: Registration | None = None
    showings: Mapping[str, Showing] = field(default_factory=dict)  # by comparable URL
    ways: frozenset[Way] | None = frozenset()  # None: too many to be compared
    hidden: frozenset[str] = frozenset()  # comparable targets of links that are hidden


@dataclass(frozen=True, slots=True)
class Risk:
    """A finding as one scan had it."""

    level: str
    url: str  # where the content was seen
    page: str  # of the site that leads there
    is_own: bool = False  # it is about the site itself
    state: str = "open"


FindingKey = tuple[str, str]  # domain and cause


@dataclass(frozen=True, slots=True)
class Inventory:
    """All of one scan. Mentioned names, to which nothing leads, are no part of it."""

    parties: Mapping[str, Party] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)  # own hosts that resolve, each with the name it stands for
    own: Mapping[str, Showing] = field(default_factory=dict)  # captured pages of the site, by comparable URL
    certificates: Mapping[str, Certificate] = field(default_factory=dict)  # by host, own and foreign
    redirects: Mapping[str, str] = field(default_factory=dict)  # comparable own page to the foreign domain it leads to
    findings: Mapping[FindingKey, Risk] = field(default_factory=dict)
    read: frozenset[str] = (
        frozenset()
    )  # comparable pages of the site that were read, or that answered that they are gone
    rendered: frozenset[str] = frozenset()  # of these, those that a browser has rendered
    is_whole: bool = True  # no third party was left out because there were too many
    # Where the references to a third party stand: of those that the other scan has not, or not in the same ways. One
    # that is missing here has too many references to say.
    places: Mapping[str, Sequence[Place]] = field(default_factory=dict)
