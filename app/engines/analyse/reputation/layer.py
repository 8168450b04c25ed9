"""Layer 1: block and allow lists, by exact host or exact registrable domain, and by exact URL.

List file format (UTF-8, a comment starts with #):

    list: name of the list
    date: 2026-11-25
    source: where it comes from
    <host or registrable domain> <category> [score]

In a block list the category is a violation key and the score (0 < score <= 1, default `BLOCK_SCORE`) what the entry
alone says; in an allow list the category is a free word. An entry for a registrable domain covers every host below it;
an entry for a host covers that host alone. The more exact entry wins, a block entry before an allow entry of the same
exactness, and of two lists the later one.

Lists that a deployment names (`ReputationList`) come after these. There the more exact entry wins and then the later
list, but an allow list always goes before a block list, and nothing of the target is looked up. URLs are compared as
browsers write them, whole: neither does an entry cover what lies below it, nor the host.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from app.domain.evidence_text import LINE_OF_LIST
from app.domain.reputation_lists import DEFAULT_SCORE, ListKind, UsedList
from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject
from app.engines.lists.list_file import FoundLine, ListFile
from app.engines.scope import registrable_domain
from app.engines.urls import host_of, request_url

BLOCK_SCORE: Final = DEFAULT_SCORE
MAX_QUOTED: Final = 200  # characters of a host or URL
DATA: Final = Path(__file__).parent.parent / "data"
STARTER_ALLOW: Final = DATA / "allow.txt"
STARTER_BLOCK: Final = DATA / "block.txt"
_HEADERS: Final = ("list", "date", "source")
_KNOWN_HOSTS: Final = 4_096  # of which it is remembered what the lists say


class ListError(ValueError):
    """A list file does not follow the format; the message names file and line."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a list with where it comes from."""

    name: str  # host or registrable domain, lower case ASCII; or URL
    category: str
    score: float
    list_name: str
    date: str  # ISO date of the list
    source: str
    line: int = 0  # of the list; 0: of a shipped one
    sha256: str = ""  # of the list; "": of a shipped one

    @property
    def provenance(self) -> str:
        known = f"{self.list_name}, {self.date}, {self.source}"
        return f"{known}{LINE_OF_LIST}{self.line}, sha256 {self.sha256}" if self.sha256 else known


@dataclass(frozen=True, slots=True)
class ReputationList:
    """A version of a list that the deployment names."""

    used: UsedList
    file: ListFile

    def find(self, key: str) -> ListEntry | None:
        """Return the entry for exactly this host or URL."""
        found = self.file.find(key)
        return None if found is None else self._entry(found)

    def _entry(self, found: FoundLine) -> ListEntry:
        used = self.used
        return ListEntry(
            found.key, found.category, found.score, used.name, used.date, used.source, found.line, used.sha256
        )


def load_list(path: Path) -> tuple[ListEntry, ...]:
    """Entries of one file. Raises `ListError` on a malformed line, `OSError` when unreadable."""
    headers = dict.fromkeys(_HEADERS, "")
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        content = line.partition("#")[0].strip()
        name, colon, value = content.partition(":")
        if colon and name in headers:
            headers[name] = value.strip()
        elif content:
            entries.append(_entry(content, headers, f"{path.name}, line {number}"))
    return tuple(entries)


def _entry(content: str, headers: dict[str, str], place: str) -> ListEntry:
    fields = content.lower().split()
    if len(fields) not in (2, 3) or not fields[0].isascii():
        raise ListError(f"{place}: a line is an ASCII name, a category and perhaps a score")
    if not all(headers.values()):
        raise ListError(f"{place}: list, date and source must stand before the first entry")
    try:
        score = float(fields[2]) if len(fields) == 3 else BLOCK_SCORE  # noqa: PLR2004 - the third field
    except ValueError as error:
        raise ListError(f"{place}: {fields[2]} is no score") from error
    if not 0 < score <= 1:
        raise ListError(f"{place}: a score is above 0 and at most 1")
    return ListEntry(fields[0].rstrip("."), fields[1], score, headers["list"], headers["date"], headers["source"])


class ReputationLayer:
    """Looks hosts and URLs up in the lists. Immutable after construction, but for what it remembers."""

    name = Layer.REPUTATION.value

    def __init__(
        self,
        *,
        allow: Sequence[ListEntry] = (),
        block: Sequence[ListEntry] = (),
        lists: Sequence[ReputationList] = (),
        is_own: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`lists`: of the deployment; `is_own`: whether a host is the target's.

        Raises `ListError` when a block entry's category is no violation key.
        """
        self._allow = {entry.name: entry for entry in allow}
        self._block = {entry.name: entry for entry in block}
        self._allow_lists = [item for item in reversed(lists) if item.used.kind is ListKind.ALLOW]
        self._block_lists = [item for item in reversed(lists) if item.used.kind is ListKind.BLOCK]
        self._is_own = is_own
        self._listed = lru_cache(_KNOWN_HOSTS)(self._look_up)
        known = {key.value for key in ViolationKey}
        for entry in block:
            if entry.category not in known:
                raise ListError(f"{entry.list_name}: {entry.category} is no violation key")

    def examine(self, subject: Subject) -> Iterable[Signal]:
        """One signal per list entry that a host or URL on the way from the reference to the final page meets."""
        met: dict[str, tuple[ListEntry, str]] = {}
        for host in (*subject.chain, subject.third_party.domain):
            entry = self.blocked(host)
            if entry is not None:
                met.setdefault(entry.name, (entry, host))
        if self._block_lists:
            met |= {entry.name: (entry, entry.name) for entry in self._blocked_urls(subject)}
        for entry, seen in met.values():
            yield Signal(ViolationKey(entry.category), _evidence(entry, seen))

    def blocked(self, host: str) -> ListEntry | None:
        """The block entry that applies to a host; None when none does or a more exact allow entry overrules it."""
        for name in (host, registrable_domain(host)):
            if name in self._block:
                return self._block[name]
            if name in self._allow:
                return None
        return self._listed(host)[1]

    def allowed(self, host: str) -> ListEntry | None:
        """The allow entry that applies to a host, by the same precedence."""
        if self.blocked(host) is not None:
            return None
        return self._allow.get(host) or self._allow.get(registrable_domain(host)) or self._listed(host)[0]

    def _look_up(self, host: str) -> tuple[ListEntry | None, ListEntry | None]:
        """What allow and block lists of the deployment say of a host; never both."""
        if not host or self._is_own(host):
            return None, None
        names = tuple(dict.fromkeys((host, registrable_domain(host))))
        allowed = _find(self._allow_lists, names)
        return allowed, None if allowed is not None else _find(self._block_lists, names)

    def _blocked_urls(self, subject: Subject) -> Iterator[ListEntry]:
        for url in subject.urls:
            host, written = host_of(url), request_url(url)
            if written is None or self._is_own(host) or self._listed(host)[0] is not None:
                continue
            if _find(self._allow_lists, (written,)) is None and (entry := _find(self._block_lists, (written,))):
                yield entry


def _find(lists: Iterable[ReputationList], keys: Sequence[str]) -> ListEntry | None:
    """The entry for the first of these keys that any list has, of the first list that has it."""
    return next((entry for key in keys for item in lists if (entry := item.find(key)) is not None), None)


def _evidence(entry: ListEntry, seen: str) -> Evidence:
    name = entry.name[:MAX_QUOTED]
    return Evidence(
        layer=Layer.REPUTATION,
        rule=f"block:{name}",
        score=entry.score,
        snippet=seen[:MAX_QUOTED],
        provenance=entry.provenance,
        terms=(name,),
    )
