"""Block and allow lists of a deployment: their definitions in the setting, and the results of updates.

An entry of the setting is `NAME=SOURCE`, and behind it, parted by blanks, `kind=`, `class=`, `format=` and `score=`:

    phishing=https://lists.example/phishing.txt class=fraud format=domains
    partners=partners.txt kind=allow
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from app.domain.violations import ViolationKey

LISTS: Final = "lists"  # checkpoint of a scan's store: `UsedList.to_json` of each
MAX_LISTS: Final = 16
MAX_LIST_BYTES: Final = 50 * 1024 * 1024  # of a list as it comes, decoded
MAX_ENTRIES: Final = 2_000_000
DEFAULT_SCORE: Final = 0.95
_MAX_SOURCE: Final = 500  # characters, as the database has them
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
# What makes a finding by other means than by who is at a host is no class of a list.
CLASSES: Final = frozenset(ViolationKey) - {ViolationKey.TAKEOVER, ViolationKey.HIDDEN_LINK, ViolationKey.TAMPERED}


class ListKind(StrEnum):
    """Kind of list."""

    BLOCK = "block"
    ALLOW = "allow"


class ListFormat(StrEnum):
    """Format of a list."""

    AUTO = "auto"  # found out by its first lines
    HOSTS = "hosts"  # an address and names
    DOMAINS = "domains"  # a name in each line
    URL = "url"  # a URL in each line
    CSV = "csv"
    OURS = "ours"  # that of the shipped lists


class Refused(StrEnum):
    """Why an entry of a list is not used."""

    NOT_AN_ENTRY = "not_an_entry"
    LOCAL_NAME = "local_name"
    PUBLIC_SUFFIX = "public_suffix"
    WILDCARD = "wildcard"  # of something else than all names of a domain
    PORT = "port"  # a host's other services are not meant
    ADDRESS = "address"  # no address of the public internet
    KNOWN_SERVICE = "known_service"
    ALLOWED = "allowed"


class ListFault(StrEnum):
    """Reason why an update brought no new version; the previous version stays in effect."""

    UNREACHABLE = "unreachable"
    ADDRESS_REFUSED = "address_refused"  # the source, or what it forwards to, is no address of the public internet
    TIMEOUT = "timeout"
    STATUS = "status"  # another answer than the list
    BROKEN_OFF = "broken_off"
    TOO_LARGE = "too_large"
    BOMB = "bomb"  # unpacks to a hundred times its size
    TOO_MANY = "too_many"
    HTML = "html"
    BINARY = "binary"
    NOT_A_LIST = "not_a_list"  # more lines are no entries than are
    EMPTY = "empty"
    SHRUNK = "shrunk"  # to less than half
    MISSING = "missing"  # there is no such file
    UNREADABLE = "unreadable"
    CHANGING = "changing"  # written while it was read
    DISK_FULL = "disk_full"
    FAILED = "failed"  # the process that reads it ended, or took too long


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """Definition of a list in the setting."""

    name: str
    source: str  # http(s) URL, or path
    kind: ListKind = ListKind.BLOCK
    category: ViolationKey = ViolationKey.OTHER  # of entries that name none
    format: ListFormat = ListFormat.AUTO
    score: float = DEFAULT_SCORE  # what an entry alone says, 0 < score <= 1, unless it names one

    @property
    def is_url(self) -> bool:
        return self.source.startswith(("http://", "https://"))

    @property
    def shown_source(self) -> str:
        """Return the source without secrets: an absolute path by its end, a URL without user, password and query."""
        if not self.is_url:
            path = PurePosixPath(self.source)
            return path.name if path.is_absolute() else str(path)
        parts = urlsplit(self.source)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()

    @property
    def key(self) -> str:
        """Tells it apart from a list of another definition: what was made of that one says nothing here."""
        said = (self.name, self.source, self.kind.value, self.category.value, self.format.value, repr(self.score))
        return sha256("\n".join(said).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrder:
    """A list to be updated. Paths are absolute."""

    definition: ListDefinition
    path: str = ""  # of a file
    folder: str  # where what it is made into belongs, under its hash
    etag: str = ""  # what the source is asked with; "": unconditionally
    last_modified: str = ""
    known_sha256: str = ""  # of the list that is in effect and was judged in the same way; "": there is none
    known_entries: int = 0  # of the version in effect
    allow_files: tuple[str, ...] = ()  # what the deployment's allow lists were made into

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `list_order_of` reads back."""
        return asdict(self)


def list_order_of(stored: dict[str, Any]) -> ListOrder:
    """Return the order that `ListOrder.to_json` has written."""
    said = stored["definition"]
    kind, category, layout = ListKind(said["kind"]), ViolationKey(said["category"]), ListFormat(said["format"])
    definition = ListDefinition(**{**said, "kind": kind, "category": category, "format": layout})
    return ListOrder(**{**stored, "definition": definition, "allow_files": tuple(stored["allow_files"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUpdate:
    """Result of an update. Without a fault and `is_new`, the list has not changed."""

    fault: ListFault | None = None
    detail: str = ""  # of the fault, in no language: an HTTP status, numbers
    is_new: bool = False
    etag: str = ""
    last_modified: str = ""
    date: str = ""  # ISO, as the list or its source says it; "": neither does
    layout: str = ""
    sha256: str = ""  # of the list
    bytes: int = 0
    entries: int = 0
    duplicates: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)  # by `Refused`
    examples: Sequence[Sequence[Any]] = ()  # line, text and reason of the first ones
    file_sha256: str = ""
    file_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `list_update_of` reads back."""
        return asdict(self)


def list_update_of(stored: dict[str, Any]) -> ListUpdate:
    """Return the update that `ListUpdate.to_json` has written."""
    fault = stored["fault"]
    return ListUpdate(**{**stored, "fault": None if fault is None else ListFault(fault)})


@dataclass(frozen=True, slots=True)
class UsedList:
    """A version of a list as a scan uses it, and as its report names it."""

    version_id: str
    name: str
    kind: ListKind
    source: str  # as anybody may see it
    date: str  # ISO date of the list, or of the day on which it was fetched
    sha256: str  # of the list as it came
    entries: int
    file_sha256: str  # of what was made of it
    file_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `used_list_of` reads back."""
        return {
            "version_id": self.version_id,
            "name": self.name,
            "kind": self.kind.value,
            "source": self.source,
            "date": self.date,
            "sha256": self.sha256,
            "entries": self.entries,
            "file_sha256": self.file_sha256,
            "file_bytes": self.file_bytes,
        }


def used_list_of(stored: dict[str, Any]) -> UsedList:
    """Return the list that `UsedList.to_json` has written."""
    return UsedList(**{**stored, "kind": ListKind(stored["kind"])})


@dataclass(frozen=True, slots=True)
class FoundLists:
    """The versions that a scan is to use, with where their files lie.

    `replaced`: names of lists of which an earlier attempt used a version that is there no more. `missing`: names of
    lists that cannot be used, mostly because they were never fetched.
    """

    files: Sequence[tuple[UsedList, Path]] = ()
    replaced: Sequence[str] = ()
    missing: Sequence[str] = ()


# Finds the lists of a scan, for the versions that an earlier attempt of it used; None: this is the first. Blocking.
FindLists = Callable[[Sequence[UsedList] | None], FoundLists]


def read_definitions(entries: Iterable[str]) -> tuple[ListDefinition, ...]:
    """Read the setting. Raises ValueError: an entry is none, a name stands twice, or there are too many."""
    found = tuple(map(read_definition, entries))
    if len(found) > MAX_LISTS or len({item.name.lower() for item in found}) < len(found):
        raise ValueError("too many lists, or two of one name")
    return found


def read_definition(entry: str) -> ListDefinition:
    """Read one entry of the setting. Raises ValueError."""
    head, *options = entry.split()
    name, equals, source = head.partition("=")
    if not equals or not _NAME.fullmatch(name) or not _is_source(source):
        raise ValueError("not NAME=SOURCE")
    said = dict(option.partition("=")[::2] for option in options)
    if len(said) < len(options) or not said.keys() <= {"kind", "class", "format", "score"}:
        raise ValueError("no such option, or one twice")
    category = ViolationKey(said.get("class", ViolationKey.OTHER))
    score = float(said.get("score", DEFAULT_SCORE))
    if category not in CLASSES or not 0 < score <= 1:
        raise ValueError("no such class, or no score")
    kind, layout = ListKind(said.get("kind", ListKind.BLOCK)), ListFormat(said.get("format", ListFormat.AUTO))
    return ListDefinition(name, source, kind, category, layout, score)


def shown_entry(entry: str) -> str:
    """Return an entry of the setting without its secrets."""
    definition = read_definition(entry)
    return entry.replace(definition.source, definition.shown_source, 1)


def _is_source(source: str) -> bool:
    if len(source) > _MAX_SOURCE or not source.isprintable():
        return False
    if "://" in source:
        return source.startswith(("http://", "https://")) and bool(urlsplit(source).hostname)
    return bool(source) and ".." not in PurePosixPath(source).parts and bool(PurePosixPath(source).name)
