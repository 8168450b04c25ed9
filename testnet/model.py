"""What the world is made of. All frozen: the world is a table, and the expected findings are folds over it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Relation = Literal["script", "redirect", "embed", "link", "mention"]
RELATIONS: tuple[Relation, ...] = ("script", "redirect", "embed", "link", "mention")  # strongest first
Place = Literal["body", "head", "header"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """One reference of a resource to a foreign host."""

    host: str  # that a browser would go to, ASCII
    kind: str  # the shape: "a[href]", "img[srcset]", "header:link", "css:url", ...
    relation: Relation
    markup: str  # as it stands in the body, the head, the sheet or the header's value
    place: Place = "body"
    header: str = ""  # the header's name when `place` is "header"
    hidden: str = ""  # kind of hiding that is a finding; legitimate hiding stays empty


class Reach(StrEnum):
    """What a crawl has to do with a resource."""

    PAGE = "page"  # a 2xx HTML document that a full crawl must find and parse
    OPTIONAL = "optional"  # HTML that a right crawl may count or not: traps, session ids, bombs
    ASSET = "asset"  # no page: redirects, sheets, images, errors, archives
    DISALLOWED = "disallowed"  # robots.txt forbids it: fetching it is a mistake
    ORPHAN = "orphan"  # an HTML document that nothing in the world links


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What one path of a host answers."""

    path: str  # path and query as they stand in the request line
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    refs: tuple[Ref, ...] = ()
    reach: Reach = Reach.PAGE
    title: str = ""
    delay_ms: int | None = None  # None: what the host's range and the path's hash give


Fallback = Callable[[str], Resource | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as far as a host that shows its visitors different pages looks at it."""

    target: str  # path and query
    agent: str
    referrer: str
    has_cookies: bool
    number: int  # requests to this host before


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A web host with an address of its own."""

    id: str
    name: str
    address: str
    schemes: tuple[Literal["http", "https"], ...] = ("http", "https")
    upgrade: bool = False  # http answers 301 to https and nothing else
    resources: Mapping[str, Resource] = field(default_factory=dict)
    fallback: Fallback | None = None  # asked for paths that `resources` lacks; None from it means 404
    faces: Callable[[Asked], Resource | None] | None = None  # asked first; None from it means: as for everybody
    shown: tuple[tuple[str, Ref], ...] = ()  # path and reference that only some visitors are shown: a finding
    trap: str = ""  # regular expression of the paths that `fallback` makes up without end
    delay_ms: tuple[int, int] = (20, 60)
    expired: bool = False  # its certificate is out of date
    certified: tuple[str, ...] = ()  # further names of its certificate

    @property
    def scheme(self) -> str:
        """The scheme that pages of this host are crawled under."""
        return "http" if "https" not in self.schemes else "https"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """How one owner name of the DNS answers. `*.x` is a wildcard."""

    name: str
    records: tuple[tuple[str, str], ...] = ()  # (type, value in zone-file notation)
    rcode: Literal["NOERROR", "SERVFAIL"] = "NOERROR"
    delay_ms: int | None = None
    found_by: tuple[str, ...] = ()  # in-scope names: how a scan can find them
    subdomain: bool = False  # an expected finding of stage 1
    left_behind: bool = False  # it leads to a service where anybody can set it up: a finding of the target


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneServer:
    """A name server of zones, at an address of its own. It answers questions for addresses as the resolver does."""

    name: str
    address: str
    transfers: tuple[str, ...] = ()  # zones that it gives to strangers
    signed: tuple[str, ...] = ()  # zones whose names it lists by NSEC records


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A third party: a registrable domain outside the target."""

    domain: str
    violation: str = ""  # violation key of what its pages show; empty: must stay clean
    dead: bool = False  # its registrable domain does not exist
    leads_to: str = ""  # its pages redirect to this registrable domain
    registered_on: str = "2011-04-12"
    expires_on: str = "2031-04-12"
    statuses: tuple[str, ...] = ("active",)
    category: str = "unknown"  # what its name, its files or its page give away
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One row of the fake certificate log."""

    names: tuple[str, ...]
    common_name: str
    issued: str = "2024-03-01T00:00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a scan meets, and what it has to say of it: a row of the table that tests join with a report."""

    id: str
    family: str  # what it is one of: "changed page", "hidden link", "near miss", ...
    domain: str  # who is accused, or must not be: a third party, a host of the target, the target
    violations: tuple[
        str, ...
    ] = ()  # violation keys of `domain`; empty: it must stay clean, if nothing else accuses it
    page: str = ""  # URL where it stands; empty: nowhere, it is a name
    kind: str = ""  # of the reference that a scan keeps there: "a[href]", "own:title", "a[href]@robot"
    known_miss: str = ""  # why scans do not find it yet; empty: they have to


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything there is."""

    hosts: Mapping[str, Host]
    names: Mapping[str, Name]
    parties: Mapping[str, Party]
    certificates: tuple[Certificate, ...]
    zone_servers: tuple[ZoneServer, ...] = ()
    targets: tuple[str, ...] = ("corp.test", "shade.test", "depth.test")
    items: tuple[Item, ...] = ()  # beside what the folds over the other tables say
