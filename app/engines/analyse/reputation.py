"""Layer 1: block and allow lists, by exact host or exact registrable domain.

List file format (UTF-8, a comment starts with #):

    list: name of the list
    date: 2026-11-25
    source: where it comes from
    <host or registrable domain> <category> [score]

In a block list the category is a violation key and the score (0 < score <= 1, default `BLOCK_SCORE`) what the entry
alone says; in an allow list the category is a free word. An entry for a registrable domain covers every host below it;
an entry for a host covers that host alone. The more exact entry wins, a block entry before an allow entry of the same
exactness, and of two lists the later one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject
from app.engines.scope import registrable_domain

BLOCK_SCORE: Final = 0.95
DATA: Final = Path(__file__).parent / "data"
STARTER_ALLOW: Final = DATA / "allow.txt"
STARTER_BLOCK: Final = DATA / "block.txt"
_HEADERS: Final = ("list", "date", "source")


class ListError(ValueError):
    """A list file does not follow the format; the message names file and line."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a list with where it comes from."""

    name: str  # host or registrable domain, lower case ASCII
    category: str
    score: float
    list_name: str
    date: str  # ISO date of the list
    source: str

    @property
    def provenance(self) -> str:
        return f"{self.list_name}, {self.date}, {self.source}"


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
    """Looks hosts up in the lists. Immutable after construction."""

    name = Layer.REPUTATION.value

    def __init__(self, *, allow: Sequence[ListEntry] = (), block: Sequence[ListEntry] = ()) -> None:
        """Raises `ListError` when a block entry's category is no violation key."""
        self._allow = {entry.name: entry for entry in allow}
        self._block = {entry.name: entry for entry in block}
        known = {key.value for key in ViolationKey}
        for entry in block:
            if entry.category not in known:
                raise ListError(f"{entry.list_name}: {entry.category} is no violation key")

    def examine(self, subject: Subject) -> Iterable[Signal]:
        """One signal per list entry that a host on the way from the reference to the final page meets."""
        met: dict[str, tuple[ListEntry, str]] = {}
        for host in (*subject.chain, subject.third_party.domain):
            entry = self.blocked(host)
            if entry is not None:
                met.setdefault(entry.name, (entry, host))
        for entry, host in met.values():
            yield Signal(ViolationKey(entry.category), _evidence(entry, host))

    def blocked(self, host: str) -> ListEntry | None:
        """The block entry that applies to a host; None when none does or a more exact allow entry overrules it."""
        for name in (host, registrable_domain(host)):
            if name in self._block:
                return self._block[name]
            if name in self._allow:
                return None
        return None

    def allowed(self, host: str) -> ListEntry | None:
        """The allow entry that applies to a host, by the same precedence."""
        if self.blocked(host) is not None:
            return None
        return self._allow.get(host) or self._allow.get(registrable_domain(host))


def _evidence(entry: ListEntry, host: str) -> Evidence:
    return Evidence(
        layer=Layer.REPUTATION,
        rule=f"block:{entry.name}",
        score=entry.score,
        snippet=host,
        provenance=entry.provenance,
        terms=(entry.name,),
    )
