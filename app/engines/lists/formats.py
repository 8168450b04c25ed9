"""How lists are written. Lines come as bytes, for one that cannot be decoded must not spoil the others."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from app.domain.reputation_lists import CLASSES, ListFault, ListFormat
from app.engines.net.policy import parse_address

MAX_LINE: Final = 8_192  # bytes; a longer one is no entry
SAMPLE_LINES: Final = 400
_COMMENTS: Final = (b"#", b"!", b";", b"//", b"[")
_HTML: Final = re.compile(
    rb"\A\s*+(?:(?><!--.*?-->)\s*+)*+<(?:!doctype\s+html|html|head|body|\?xml)", re.IGNORECASE | re.DOTALL
)
_DELIMITERS: Final = ",;\t|"
_ADBLOCK: Final = re.compile(r"\|\|([^/^|$*]+)\^?")
_TARGETS: Final = ("url", "phish_url", "host", "hostname", "domain", "fqdn", "name", "indicator", "ioc")
_CATEGORIES: Final = ("class", "category", "threat", "type", "threat_type")
_SCORES: Final = ("score", "confidence")
_OUR_HEADERS: Final = ("list", "date", "source")
# What others call the classes.
_OTHER_NAMES: Final = {
    "phishing": "fraud",
    "phish": "fraud",
    "scam": "fraud",
    "malware_download": "malware",
    "botnet": "malware",
    "botnet_cc": "malware",
    "c2": "malware",
    "ransomware": "malware",
    "cryptomining": "malware",
    "porn": "adult",
    "pornography": "adult",
    "nsfw": "adult",
    "betting": "gambling",
    "casino": "gambling",
}


class Entry(NamedTuple):
    """What a line says. `category` and `score` are None where it says none, or none of ours."""

    text: str
    category: str | None = None
    score: float | None = None


class UnreadableList(Exception):
    """The whole is no list."""

    def __init__(self, fault: ListFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


Reader = Callable[[str], Iterable[Entry]]  # of a decoded line; none: it is no entry. Raises ValueError


class LineReader:
    """Reads the lines of one list after another, from the first."""

    def __init__(self, layout: ListFormat, sample: Sequence[bytes]) -> None:
        """`sample`: its first lines, by which `AUTO` is found out. Raises UnreadableList."""
        check_sample(b"".join(sample))
        self.layout = found_layout(sample) if layout is ListFormat.AUTO else layout
        self.headers: dict[str, str] = {}  # of a list in our own format
        self._columns: _Columns | None = None
        self._read: Reader = {
            ListFormat.HOSTS: _hosts,
            ListFormat.DOMAINS: _domain,
            ListFormat.URL: _url,
            ListFormat.CSV: self._csv,
            ListFormat.OURS: self._ours,
            ListFormat.AUTO: _either,
        }[self.layout]

    def entries(self, line: bytes) -> Sequence[Entry] | None:
        """Return the entries of a line; None: the line is a comment, or empty. Raises ValueError for garbage."""
        stripped = line.strip()
        if not stripped or (self.layout is not ListFormat.OURS and stripped.startswith(_COMMENTS)):
            if self.layout is ListFormat.CSV and self._columns is None and stripped.startswith(b"#"):
                self._columns = _columns_of(_cells(stripped.lstrip(b"# ").decode("utf-8", "replace")))
            return None
        if len(stripped) > MAX_LINE or b"\0" in stripped:
            raise ValueError("too long, or no text")
        if self.layout in (ListFormat.HOSTS, ListFormat.DOMAINS, ListFormat.OURS):
            stripped = stripped.partition(b"#")[0].rstrip()  # before it is decoded: comments are in any charset
        return tuple(self._read(stripped.decode())) if stripped else None

    def _ours(self, line: str) -> Iterator[Entry]:
        name, colon, value = line.partition(":")
        if colon and name in _OUR_HEADERS:
            self.headers[name] = value.strip()
            return
        fields = line.split()
        if len(fields) not in (2, 3):
            raise ValueError("a line is a name, a class and perhaps a score")
        yield Entry(fields[0], _category(fields[1]), _score(fields[2]) if len(fields) == 3 else None)  # noqa: PLR2004 - the third field

    def _csv(self, line: str) -> Iterator[Entry]:
        cells = _cells(line)
        if self._columns is None:
            self._columns = _columns_of(cells)
            if self._columns is not None:
                return
            self._columns = _Columns(next((i for i, cell in enumerate(cells) if _looks_like_entry(cell)), 0))
        yield self._columns.entry(cells)


class _Columns(NamedTuple):
    """Where in a row of a CSV file what stands."""

    target: int
    category: int | None = None
    score: int | None = None

    def entry(self, cells: Sequence[str]) -> Entry:
        def cell(index: int | None) -> str | None:
            return cells[index].strip() if index is not None and index < len(cells) else None

        target = cell(self.target)
        if not target:
            raise ValueError("nothing in the column of hosts or URLs")
        category, score = cell(self.category), cell(self.score)
        return Entry(target, _category(category) if category else None, _score_or_none(score))


def check_sample(start: bytes) -> None:
    """Raise UnreadableList for a page of the web, and for what is no text."""
    if _HTML.match(start.removeprefix(b"\xef\xbb\xbf")):
        raise UnreadableList(ListFault.HTML)
    if b"\0" in start[:4_096]:
        raise UnreadableList(ListFault.BINARY)


def found_layout(sample: Sequence[bytes]) -> ListFormat:
    """Return the format that most of the first lines are in; `AUTO`: hosts and URLs, one in each line."""
    lines = [line.strip().decode("utf-8", "replace") for line in sample[:SAMPLE_LINES]]
    comments = tuple(mark.decode() for mark in _COMMENTS)
    plain = [line for line in lines if line and not line.startswith(comments)]
    if any(line.startswith("list:") for line in plain[:5]):
        return ListFormat.OURS
    fields = [line.partition("#")[0].split() for line in plain]
    if _most(plain, sum(len(field) > 1 and parse_address(field[0]) is not None for field in fields)):
        return ListFormat.HOSTS
    if _most(plain, sum(map(_looks_like_row, plain))):
        return ListFormat.CSV
    return ListFormat.AUTO


def _most(lines: Sequence[str], count: int) -> bool:
    return count * 2 > len(lines)


def _hosts(line: str) -> Iterator[Entry]:
    address, *names = line.split()
    if parse_address(address) is None or not names:
        raise ValueError("not an address and names")
    return map(Entry, names)


def _domain(line: str) -> Iterator[Entry]:
    if "/" in line:
        raise ValueError("not a name")
    yield Entry(_single(line))


def _url(line: str) -> Iterator[Entry]:
    if "://" not in line:
        raise ValueError("not a URL")
    yield Entry(_single(line))


def _either(line: str) -> Iterator[Entry]:
    return _url(line) if "://" in line else _domain(line.partition("#")[0].rstrip())


def _single(line: str) -> str:
    """Of blockers' lists, too: `||name^`."""
    if (found := _ADBLOCK.fullmatch(line)) is not None:
        return found[1]
    if len(line.split()) != 1:
        raise ValueError("more than one word")
    return line


def _cells(line: str) -> list[str]:
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except (csv.Error, StopIteration) as error:
        raise ValueError("not a row") from error


def _columns_of(cells: Sequence[str]) -> _Columns | None:
    """Return what stands where, by the head of a table; None: the cells are no head."""
    names = [cell.strip().lower() for cell in cells]
    target = next((name for name in _TARGETS if name in names), None)
    if target is None:
        return None

    def place(known: Sequence[str]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    return _Columns(names.index(target), place(_CATEGORIES), place(_SCORES))


def _looks_like_row(line: str) -> bool:
    try:
        cells = _cells(line)
    except ValueError:  # one such line says nothing of the others
        return False
    return len(cells) > 1 and any(map(_looks_like_entry, cells))


def _looks_like_entry(cell: str) -> bool:
    text = cell.strip()
    return "://" in text or ("." in text and " " not in text and not text.replace(".", "").isdigit())


def _category(word: str) -> str | None:
    name = word.strip().lower()
    name = _OTHER_NAMES.get(name, name)
    return name if name in {item.value for item in CLASSES} else None


def _score(word: str) -> float:
    score = float(word)
    if not 0 < score <= 1:
        raise ValueError("no score")
    return score


def _score_or_none(word: str | None) -> float | None:
    try:
        return _score(word) if word else None
    except ValueError:
        return None
